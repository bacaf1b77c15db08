"""The answers files as the page uses them: append-only, safe against a kill and against two writers.

A line is written in one call, flushed and synced to the disk under a lock before anybody is told that it is kept. A line that a
power cut left half written is set aside at the next write, so that it can neither be lost nor glued to the next one.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from json import JSONDecodeError, dumps, loads
from pathlib import Path
from threading import RLock

from filelock import FileLock

from segmend.answers.answers import GOLD_QUERY, PART, Answer, read


def question_of(query: str) -> str:
    """The question that an answer, or a part of it, belongs to."""
    return query.removeprefix(GOLD_QUERY).split(PART)[0]


class Journal:
    """The answers of one round."""

    def __init__(
        self, path: Path, work: Path, classes: tuple[str, ...] | None, sizes: dict[str, tuple[int, int]] | None
    ):
        self.path, self.work, self.classes, self.sizes = path, work, classes, sizes
        self.lines: list[Answer] = []
        self._stand: dict[str, dict[str, Answer]] = defaultdict(dict)
        self._seen: tuple[int, int] | None = None
        self._guard = RLock()

    def refresh(self) -> None:
        """Read the file again if somebody else changed it (a colleague's git pull, an editor)."""
        with self._guard:
            if self._mark() != self._seen:
                self._mend()
                mark = self._mark()
                self.lines = read(self.path, self.classes, self.sizes) if mark else []
                self._stand.clear()
                for answer in self.lines:
                    self._count(answer)
                self._seen = mark

    def stand(self, query: str) -> dict[str, Answer]:
        """The answers to a query that count, by person, the newest last."""
        return self._stand.get(query, {})

    @property
    def answered(self) -> list[str]:
        """The queries, and parts of queries, with an answer that counts."""
        with self._guard:
            return [query for query, answers in self._stand.items() if answers]

    @property
    def standing(self) -> list[Answer]:
        """All answers that count; of equal queries in the order in which they were given."""
        with self._guard:
            return [answer for answers in self._stand.values() for answer in answers.values()]

    def last_of(self, who: str, among: Callable[[str], bool]) -> Answer | None:
        """A person's newest answer that stands, of those to the queries named by `among`."""
        for answer in reversed(self.lines):
            if answer.who == who and among(answer.query) and self.stand(answer.query).get(who) is answer:
                return answer
        return None

    def append(self, answers: Iterable[Answer]) -> None:
        """Write answers at the end of the file; they are on the disk when this returns."""
        answers = list(answers)
        text = "".join(dumps(answer.model_dump(exclude_none=True), sort_keys=True) + "\n" for answer in answers)
        self.work.mkdir(parents=True, exist_ok=True)
        with self._guard, FileLock(self.work / f"{self.path.name}.lock"):
            self.refresh()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab", buffering=0) as file:
                file.write(text.encode())
                os.fsync(file.fileno())
            for answer in answers:
                self.lines.append(answer)
                self._count(answer)
            self._seen = self._mark()

    def _count(self, answer: Answer) -> None:
        """What counts after one more line. By question, as people were asked: two of them may be about the same pixels."""
        self._stand[answer.query].pop(answer.who, None)
        if answer.kind != "revert":
            self._stand[answer.query][answer.who] = answer

    def _mark(self) -> tuple[int, int] | None:
        """What changes when the file does; None where there is no file."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        return status.st_size, status.st_mtime_ns

    def _mend(self) -> None:
        """Set aside what follows the last line's end, unless it is a whole line."""
        content = self.path.read_bytes() if self.path.is_file() else b""
        whole, _, rest = content.rpartition(b"\n")
        if not rest:
            return
        try:
            loads(rest)
            with self.path.open("ab") as file:
                file.write(b"\n")
        except (JSONDecodeError, UnicodeDecodeError):
            self.work.mkdir(parents=True, exist_ok=True)
            with (self.work / f"{self.path.stem}.torn").open("ab") as file:
                file.write(rest + b"\n")
            os.truncate(self.path, len(content) - len(rest))
