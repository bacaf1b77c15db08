"""Who gets which question: best first, each to as many people as asked for, and to nobody whose colleague has it open.

A question that is handed out is leased to a browser window until it is answered or the lease ends; a window renews its
leases whenever it is used. Leases live in memory: after a restart a window takes up those that it still shows.
"""

from collections import defaultdict
from collections.abc import Iterable
from threading import Lock
from time import monotonic
from typing import NamedTuple

from annotate.doubt import Doubt
from annotate.journal import Journal
from annotate.questions import Questions
from segmend.answers.answers import GOLD_QUERY, Query


class Lease(NamedTuple):
    who: str
    until: float  # seconds of the monotonic clock


class Assignment:
    """The open questions of a round and who has them."""

    def __init__(
        self,
        questions: Questions,
        journal: Journal,
        overlap: int | Doubt,
        seconds: float,
        repeats: int = 0,
        gold: int = 0,
    ):
        self.questions, self.journal, self.overlap, self.seconds = questions, journal, overlap, seconds
        self.repeats = repeats  # every so many questions one of the person's own comes again; 0: never
        self.gold = gold  # every so many questions one comes whose answer is known; 0: never
        self._golden: dict[str, dict[str, None]] = defaultdict(dict)  # person -> gold questions given in this sitting
        self._again: dict[str, dict[str, None]] = defaultdict(dict)  # person -> questions that came again
        self._leases: dict[str, dict[str, Lease]] = defaultdict(dict)  # query -> window -> lease
        self._guard = Lock()

    def take(self, window: str, who: str, count: int, held: Iterable[str] = ()) -> list[Query]:
        """Lease up to `count` questions more than the window holds already; what it holds is renewed."""
        with self._guard:
            now = monotonic()
            if isinstance(self.overlap, Doubt):
                self.overlap.refresh()
            kept = {name for name in held if name in self.questions.by_name and self._free(name, window, who, now)}
            taken = self._next(count, kept, window, who, now)
            if len(taken) < count and isinstance(self.overlap, Doubt) and self.overlap.refresh(at_once=True):
                taken = self._next(count, kept, window, who, now)
            taken = self._with_gold(self._with_repeat(taken, who), who)
            for name in [*kept, *(query.query for query in taken)]:
                self._leases[name][window] = Lease(who, now + self.seconds)
            return taken

    def may_answer(self, name: str, window: str, who: str) -> bool:
        """Whether an answer of this person is wanted: no other people hold or filled all places. Which window of theirs does not matter."""
        with self._guard:
            if name in self.questions.gold:
                return who not in self.journal.stand(GOLD_QUERY + name)
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
        """Whether no more people are wanted."""
        answers = self.journal.stand(name)
        return len(answers) >= self.people_wanted(name) or any(answer.settles for answer in answers.values())

    def people_wanted(self, name: str) -> int:
        """How many people a question is given to."""
        return self.overlap.people_wanted(name) if isinstance(self.overlap, Doubt) else self.overlap

    def asked_again(self, name: str, who: str) -> bool:
        """Whether this person was asked this question a second time on purpose."""
        return name in self._again[who]

    def _next(self, count: int, kept: set[str], window: str, who: str, now: float) -> list[Query]:
        """The first `count` questions that are free, without those that are kept."""
        taken: list[Query] = []
        for query in self.questions.ordered:
            if len(taken) >= count:
                break
            if query.query not in kept and self._free(query.query, window, who, now):
                taken.append(query)
        return taken

    def _with_gold(self, taken: list[Query], who: str) -> list[Query]:
        """A gold question in place of the last one, where it is time; it is expected to fix what that one would."""
        if not self.gold or not taken or not self.questions.gold:
            return taken
        done = {name for name in self.questions.gold if who in self.journal.stand(GOLD_QUERY + name)}
        given = done | set(self._golden[who])
        answered = sum(who in self.journal.stand(query.query) for query in self.questions.ordered)
        fresh = next((query for name, query in self.questions.gold.items() if name not in given), None)
        if fresh is None or answered < self.gold * (1 + len(given)):
            return taken
        self._golden[who][fresh.query] = None
        return [*taken[:-1], fresh.model_copy(update={"expected": taken[-1].expected})]

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
        return who not in self.journal.stand(name) and not self.full(name)

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
        return self.people_wanted(name) - len(self.journal.stand(name)) - len(open_at)
