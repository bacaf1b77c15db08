"""Who gets which question: best first, each to as many people as asked for, and to nobody whose colleague has it open.

A question that is handed out is leased to a browser window until it is answered or the lease ends; a window renews its
leases whenever it is used. Leases live in memory: after a restart a window takes up those that it still shows.
"""

from collections import defaultdict
from collections.abc import Iterable
from threading import Lock
from time import monotonic
from typing import NamedTuple

from annotate.journal import Journal
from annotate.questions import Questions
from segmend.answers.answers import Query


class Lease(NamedTuple):
    who: str
    until: float  # seconds of the monotonic clock


class Assignment:
    """The open questions of a round and who has them."""

    def __init__(self, questions: Questions, journal: Journal, overlap: int, seconds: float, repeats: int = 0):
        self.questions, self.journal, self.overlap, self.seconds = questions, journal, overlap, seconds
        self.repeats = repeats  # every so many questions one of the person's own comes again; 0: never
        self._again: dict[str, dict[str, None]] = defaultdict(dict)  # person -> questions that came again
        self._leases: dict[str, dict[str, Lease]] = defaultdict(dict)  # query -> window -> lease
        self._guard = Lock()

    def take(self, window: str, who: str, count: int, held: Iterable[str] = ()) -> list[Query]:
        """Lease up to `count` questions more than the window holds already; what it holds is renewed."""
        with self._guard:
            now = monotonic()
            kept = {name for name in held if name in self.questions.by_name and self._free(name, window, who, now)}
            taken: list[Query] = []
            for query in self.questions.ordered:
                if len(taken) >= count:
                    break
                if query.query not in kept and self._free(query.query, window, who, now):
                    taken.append(query)
            taken = self._with_repeat(taken, who)
            for name in [*kept, *(query.query for query in taken)]:
                self._leases[name][window] = Lease(who, now + self.seconds)
            return taken

    def may_answer(self, name: str, window: str, who: str) -> bool:
        """Whether an answer of this person is wanted: no other people hold or filled all places. Which window of theirs does not matter."""
        with self._guard:
            return self._wanted(name, who) and self._places(name, window, who, monotonic()) > 0

    def claim(self, name: str, window: str, who: str) -> None:
        """Lease one question by name: after an undo, or for an expert."""
        with self._guard:
            self._leases[name][window] = Lease(who, monotonic() + self.seconds)

    def release(self, name: str, window: str) -> None:
        with self._guard:
            self._leases[name].pop(window, None)

    def leave(self, window: str) -> None:
        """A window was closed: all its questions are free."""
        with self._guard:
            for leases in self._leases.values():
                leases.pop(window, None)

    def full(self, name: str) -> bool:
        return len(self.journal.stand(name)) >= self.overlap

    def asked_again(self, name: str, who: str) -> bool:
        """Whether this person was asked this question a second time on purpose."""
        return name in self._again[who]

    def _with_repeat(self, taken: list[Query], who: str) -> list[Query]:
        """One of the person's own questions in place of the last one, where it is time: the oldest that did not come again yet."""
        mine = (
            [query for query in self.questions.ordered if who in self.journal.stand(query.query)]
            if self.repeats
            else []
        )
        if not taken or len(mine) < self.repeats * (1 + len(self._again[who])):
            return taken
        fresh = [query for query in mine if query.query not in self._again[who]]
        if not fresh:
            return taken
        self._again[who][fresh[0].query] = None
        return [*taken[:-1], fresh[0]]

    def _wanted(self, name: str, who: str) -> bool:
        answers = self.journal.stand(name)
        return who not in answers and len(answers) < self.overlap

    def _free(self, name: str, window: str, who: str, now: float) -> bool:
        if not self._wanted(name, who):
            return False
        other_window = any(
            lease.who == who and other != window and lease.until >= now
            for other, lease in self._leases.get(name, {}).items()
        )
        return not other_window and self._places(name, window, who, now) > 0

    def _places(self, name: str, window: str, who: str, now: float) -> int:
        """How many more people this question is wanted from, beside those who answered and those who have it open."""
        open_at = {
            lease.who
            for other, lease in self._leases.get(name, {}).items()
            if other != window and lease.who != who and lease.until >= now
        }
        return self.overlap - len(self.journal.stand(name)) - len(open_at)
