"""The state behind the page: the round that is asked, its answers, who has which question; and what an answer writes."""

from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import Any, Literal, NamedTuple
from uuid import uuid4

import numpy as np

from annotate.assignment import Assignment
from annotate.bodies import Answering, Paint, Painting, Reverting
from annotate.doubt import Doubt
from annotate.journal import PART, Journal, question_of
from annotate.questions import Questions, expected, uncropped
from annotate.workspace import WORK, Workspace
from segmend.answers.answers import GOLD_QUERY, Answer, Footprint, Query, encode_pixels, pixels
from segmend.answers.revert import matching, reverted

STOP = 20  # of how many coming questions the expected gain is averaged for the hint to stop


class Options(NamedTuple):
    """How questions are given out."""

    overlap: int | Literal["adaptive"] = 1  # people per question; adaptive: another where the answer is in doubt
    lease: float = 900.0  # seconds until a question that was not answered is given to somebody else
    repeats: int = 0  # every so many questions one of the person's own comes again; 0: never
    expert: str | None = None  # who may settle disputed questions; None: everybody
    gold: int = 0  # every so many questions one comes whose answer a gold mask knows; 0: never
    round: str | None = None  # None: the newest round that has questions
    questions: Path | None = None  # a folder of questions (segmend audit --ask) in place of the round's own


class Review:
    """One workspace, being answered."""

    def __init__(self, workspace: Workspace, options: Options):
        self.workspace, self.options = workspace, options
        self._journals: dict[Path, Journal] = {}
        self._assignment: Assignment | None = None
        self._guard = RLock()
        self.refresh()

    def refresh(self) -> Assignment | None:
        """The questions as they are now; a run of the pipeline may have made new ones."""
        with self._guard:
            rounds = self.workspace.rounds
            first = (
                rounds[0] if rounds and self.options.questions else None
            )  # a folder's questions need no round that asked
            name = self.options.round or self.workspace.newest_round() or first
            if name is None or name not in rounds:
                return self._assignment
            folder = self.options.questions or self.workspace.path("queries", name)
            file = folder / "queries.jsonl"
            now = self._assignment
            if not file.is_file():  # being made anew
                return now
            if now is None or now.questions.round != name or now.questions.mark != file.stat().st_mtime_ns:
                asked = self.options
                questions = Questions(self.workspace, name, folder, bool(asked.gold))
                journal = self.journal_of(questions.answers)
                overlap = Doubt(self.workspace, questions, journal) if asked.overlap == "adaptive" else asked.overlap
                now = Assignment(questions, journal, overlap, asked.lease, asked.repeats, asked.gold)
                self._assignment = now
            now.journal.refresh()
            return now

    @property
    def assignment(self) -> Assignment:
        """Who has which question; ValueError before the first round has questions."""
        found = self.refresh()
        if found is None:
            raise ValueError("No questions yet: run segmend run first; it stops where people are asked.")
        return found

    def journal(self, round: str) -> Journal:
        """A round's answers; the round is one of params.yaml."""
        return self.journal_of(self.workspace.path("answers", round))

    @property
    def journals(self) -> list[Journal]:
        """The answers of all rounds and to all held-out questions."""
        return [self.journal(name) for name in self.workspace.rounds] + list(
            map(self.journal_of, self.workspace.held_out)
        )

    def journal_of(self, path: Path) -> Journal:
        """The answers of a file."""
        with self._guard:
            if path not in self._journals:
                space = self.workspace
                self._journals[path] = Journal(path, space.root / WORK, space.classes, space.sizes)
            self._journals[path].refresh()
            return self._journals[path]

    def progress(self, who: str) -> dict[str, Any]:
        """How far the round is, and what is left to gain."""
        now = self.assignment
        asked = now.questions.by_name
        full = [name for name in now.journal.answered if name in asked and now.full(name)]
        mine = [name for name in now.journal.answered if name in asked and who in now.journal.stand(name)]
        coming = islice((query for query in now.questions.ordered if not now.full(query.query)), STOP)
        gains = [query.expected for query in coming if query.expected is not None]
        total, done = now.questions.expected, expected(asked[name] for name in full)
        return {
            "round": now.questions.round,
            "asked": len(asked),
            "answered": len(full),
            "open": len(asked) - len({*full, *mine}),
            "needed": self.needed(len(asked)),
            "overlap": self.options.overlap,
            "expected": None if total is None else total - (done or 0.0),
            "each": sum(gains) / len(gains) if gains else None,
            "mine": len(mine),
        }

    def needed(self, asked: int) -> int | Literal["any", "none"]:
        """How many answers the stage correct waits for; any: one, and it goes on with what is there; none: it does not read them."""
        if self.assignment.questions.held_out:
            return "none"
        oracle = self.workspace.params.get("correct", {}).get("oracle", {})
        asks = oracle.get("name") == "people" and self.options.questions is None
        share: Any = (oracle.get("people") or {}).get("enough", "any") if asks else "any"
        return "any" if share == "any" else int(np.ceil(share * asked - 1e-9))

    def answer(self, body: Answering, who: str) -> dict[str, Any]:
        """Keep an answer. The result says so, or that the question was answered by somebody else meanwhile."""
        with self._guard:
            now = self.assignment
            query = now.questions.find(body.query)
            if query is None:
                raise ValueError(f"there is no question {body.query} in round {now.questions.round}")
            when = moment(body.at)
            named = GOLD_QUERY + body.query if body.query in now.questions.gold else body.query
            mine = now.journal.stand(named).get(who)
            if mine is not None and mine.when == when:  # sent again after a lost connection
                return {"kept": True}
            again = mine is not None and now.asked_again(body.query, who)
            if not (body.expert or again or now.may_answer(body.query, body.window, who)):
                return {"kept": False}
            now.journal.append(self.lines(body, query.model_copy(update={"query": named}), who, when))
            now.release(body.query, body.window)
            return {"kept": True}

    def lines(self, body: Answering, query: Query, who: str, when: str) -> list[Answer]:
        """The lines of an answer: one to the question, and one for each class that was brushed beside it."""
        names, classes = self.workspace.classes, body.classes
        if max([*classes, *(paint.named for paint in body.paint)], default=0) >= len(names):
            raise ValueError(f"there are {len(names)} classes")
        given: dict[str, Any] = {"who": who, "when": when, "clicks": body.clicks, "seconds": body.seconds}
        given |= {"flag": True} if body.flag else {}
        given |= {"comment": body.comment} if body.comment else {}
        given |= {"settles": True} if body.expert and body.kind != "skip" else {}
        about: dict[str, Any] = {"query": query.query, "image": query.image, "footprint": query.footprint}
        given |= {"image_sha256": query.image_sha256} if query.image_sha256 else {}
        if body.kind == "mask":
            return self.brushed(body.paint, query, about | given)
        if body.kind == "confirm":
            if query.shown is None:
                raise ValueError("this region has no label that could be confirmed")
            return [Answer(**about, **given, kind="confirm", classes=(query.shown,))]
        said = () if body.kind == "skip" else tuple(names[k] for k in sorted(set(classes)))
        return [Answer(**about, **given, kind=body.kind, classes=said)]

    def brushed(self, paint: tuple[Paint, ...], query: Query, given: dict[str, Any]) -> list[Answer]:
        """What was brushed: the class with most pixels in the region answers the question, the rest are parts beside it."""
        size = query.footprint.size
        region = pixels(query.footprint)
        places = {part.named: uncropped(part.box, part.runs, size) for part in paint}
        places = {named: flat for named, flat in places.items() if len(flat)}
        inside = {named: np.intersect1d(flat, region, assume_unique=True) for named, flat in places.items()}
        if not any(map(len, inside.values())):
            raise ValueError("nothing was brushed inside the region")
        names, beside = self.workspace.classes, given | {"clicks": 0.0, "seconds": 0.0}  # what it cost is counted once
        main = max(inside, key=lambda named: len(inside[named]))
        lines = [
            Answer(**given, kind="mask", classes=(names[main],), mask=encode_pixels(inside[main], size)),
        ]
        for named, flat in sorted(places.items()):
            rest = np.setdiff1d(flat, region, assume_unique=True) if named == main else flat
            if len(rest):
                lines.append(painted(f"{query.query}{PART}{len(lines)}", query.image, names[named], rest, size, beside))
        return lines

    def undo(self, window: str, who: str) -> Query | None:
        """Take back a person's newest answer of the round; its question, or None where there is nothing left."""
        with self._guard:
            now = self.assignment
            last = now.journal.last_of(who, lambda name: now.questions.find(question_of(name)) is not None)
            if last is None:
                return None
            name = question_of(last.query)
            whole = [a for a in now.journal.standing if a.who == who and question_of(a.query) == name]
            now.journal.append(reverted(whole, who, moment()))
            now.claim(name, window, who)
            return now.questions.find(name)

    def paint(self, body: Painting, who: str) -> int:
        """Keep a repainted image as one answer a class; how many."""
        with self._guard:
            picture = self.workspace.pictures.get(body.image)
            if picture is None or picture.sample.split != "train":
                raise ValueError("only training images can be repainted")
            names, size = self.workspace.classes, self.workspace.sizes[picture.sample.id]
            given: dict[str, Any] = {"who": who, "when": moment(body.at), "image_sha256": picture.sample.image_sha256}
            given |= {"comment": body.comment} if body.comment else {}
            lines: list[Answer] = []
            name = f"paint-{uuid4().hex[:12]}"
            for k, part in enumerate(body.paint):
                if part.named >= len(names):
                    raise ValueError(f"there are {len(names)} classes")
                flat = uncropped(part.box, part.runs, size)
                if len(flat):
                    cost = {"clicks": body.clicks if not lines else 0.0, "seconds": body.seconds if not lines else 0.0}
                    lines.append(
                        painted(f"{name}{PART}{k}", picture.sample.id, names[part.named], flat, size, given | cost)
                    )
            if not lines:
                raise ValueError("nothing was painted")
            self.journal(self.assignment.questions.round).append(lines)  # also where the questions are held out
            return len(lines)

    def revert(self, body: Reverting, by: str) -> int:
        """Take back all answers that fit; how many. Lines are added, none is removed."""
        if body.image is None and body.round is None and body.who is None and body.kind is None:
            raise ValueError("say which answers: of an image, a round, a person or a kind")
        if body.image is not None and body.image not in self.workspace.pictures:
            raise ValueError("there is no such image")
        image = self.workspace.pictures[body.image].sample.id if body.image else None
        number = 0
        with self._guard:
            known = [self.journal(name) for name in self.workspace.rounds if name == body.round]
            for journal in self.journals if body.round is None else known:
                fits = matching(journal.standing, image, body.who, body.kind)
                number += len(fits)
                if body.write and fits:
                    journal.append(reverted(fits, by, moment()))
        return number

    @cached_property
    def colours(self) -> list[str]:
        return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in self.workspace.dataset.card.colours]


def painted(
    query: str, image: str, name: str, flat: np.ndarray, size: tuple[int, int], given: dict[str, Any]
) -> Answer:
    """An answer that gives these pixels a class."""
    given = {
        key: value
        for key, value in given.items()
        if key in ("who", "when", "clicks", "seconds", "comment", "image_sha256")
    }
    footprint: Footprint = encode_pixels(flat, size)
    return Answer(**given, query=query, image=image, footprint=footprint, kind="mask", classes=(name,), mask=footprint)


def moment(milliseconds: int | None = None) -> str:
    """A time in UTC, as answers hold it."""
    time = datetime.now(UTC) if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
