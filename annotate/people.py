"""How people do: speed, agreement with the truth where it is known, with themselves, and with each other; what they dispute.

Truth is read here alone, on the server, to count how often somebody agrees with it; the page is told the counts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from annotate.journal import PART, Journal
from annotate.review import Review
from segmend.answers.answers import Answer, pixels
from segmend.answers.gold import is_measurement
from segmend.images.dataset import GOLD
from segmend.images.rasters import is_class

Verdict = tuple[str, tuple[str, ...]]


class Share(NamedTuple):
    """How many of how many."""

    right: int = 0
    of: int = 0

    @property
    def percent(self) -> int | None:
        return round(100 * self.right / self.of) if self.of else None


def meaning(answer: Answer) -> Verdict | None:
    """What an answer says, comparable between people: a confirm and naming the same class are one; None for a skip."""
    if answer.kind == "skip":
        return None
    return ("class" if answer.kind == "confirm" else answer.kind, tuple(sorted(answer.classes)))


def figures(review: Review) -> list[dict[str, Any]]:
    """One row a person, by number of answers: all rounds and held-out questions together."""
    journals = review.journals
    given: dict[str, list[Answer]] = defaultdict(list)
    measured: dict[str, list[Answer]] = defaultdict(list)  # answers to gold questions
    for journal in journals:
        for answer in journal.standing:
            if PART not in answer.query:
                (measured if is_measurement(answer) else given)[answer.who].append(answer)
    gold = gold_standard(review)
    repeats, peers = repeated(journals), agreement(journals)
    rows = []
    for who in sorted({*given, *measured}, key=lambda name: (-len(given[name]), name)):
        answers = given[who]
        seconds = [answer.seconds for answer in answers if answer.seconds]
        known = [right for answer in [*answers, *measured[who]] if (right := gold(answer)) is not None]
        rows.append(
            {
                "who": who,
                "answers": len(answers),
                "kinds": dict(Counter(answer.kind for answer in answers)),
                "seconds": median(seconds) if seconds else None,
                "minutes": sum(seconds) / 60,
                "clicks": sum(answer.clicks or 0 for answer in answers),
                "gold": Share(sum(known), len(known)),
                "repeats": repeats[who],
                "peers": peers[who],
            }
        )
    return rows


def gold_standard(review: Review) -> Any:
    """A function that says whether an answer agrees with the truth: None where nobody knows it, or of skips and brushing."""
    dataset, classes = review.workspace.dataset, review.workspace.classes
    gold_there = GOLD in dataset.card.annotators
    with_gold = {s.id for s in dataset.samples if gold_there and dataset.has_annotation(s.id, GOLD)}

    @lru_cache(maxsize=8)
    def truth(image: str) -> np.ndarray | None:
        found = dataset.annotation(image, GOLD) if image in with_gold else dataset.truth(image)
        return None if found is None else found.ravel()

    def right(answer: Answer) -> bool | None:
        if answer.kind in ("skip", "mask", "revert") or (flat := truth(answer.image)) is None:
            return None
        inside = flat[pixels(answer.footprint)]
        counts = np.bincount(inside[is_class(inside)], minlength=len(classes))
        if not counts.sum():
            return None
        if answer.kind == "class_set":
            return {classes[k] for k in np.flatnonzero(counts > 0.02 * counts.sum())} == set(answer.classes)
        return classes[int(counts.argmax())] == answer.classes[0]

    return right


def repeated(journals: Iterable[Journal]) -> dict[str, Share]:
    """How often a person said the same when asked again without having taken the first answer back."""
    found: dict[str, Share] = defaultdict(Share)
    for journal in journals:
        before: dict[tuple[str, str], Answer] = {}
        for answer in journal.lines:
            if PART in answer.query:
                continue
            key = (answer.query, answer.who)
            earlier = before.pop(key, None)
            if answer.kind == "revert":
                continue
            if earlier is not None:
                right, of = found[answer.who]
                found[answer.who] = Share(right + (meaning(earlier) == meaning(answer)), of + 1)
            before[key] = answer
    return found


def agreement(journals: Iterable[Journal]) -> dict[str, Share]:
    """How often a person says what others say of the same question; skips are left out."""
    found: dict[str, Share] = defaultdict(Share)
    for answers in by_question(journals).values():
        said = {answer.who: meaning(answer) for answer in answers}
        for who, verdict in said.items():
            for other, theirs in said.items():
                if other != who and verdict is not None and theirs is not None:
                    right, of = found[who]
                    found[who] = Share(right + (verdict == theirs), of + 1)
    return found


def by_question(journals: Iterable[Journal]) -> dict[str, list[Answer]]:
    found: dict[str, list[Answer]] = defaultdict(list)
    for journal in journals:
        for answer in journal.standing:
            if PART not in answer.query:
                found[answer.query].append(answer)
    return found


def disputed(review: Review) -> list[dict[str, Any]]:
    """The questions of this round that people see differently or flagged, most disputed first.

    The more of them disagree with the commonest answer the more disputed; of equally disputed ones those with more answers first.
    """
    now = review.assignment
    rows = []
    for name, answers in by_question([now.journal]).items():
        query = now.questions.by_name.get(name)
        said = Counter(verdict for answer in answers if (verdict := meaning(answer)) is not None)
        flagged = [answer for answer in answers if answer.flag]
        settled = any(answer.settles for answer in answers)
        if query is not None and (len(said) > 1 or flagged) and not settled:
            against = 1 - max(said.values(), default=0) / max(said.total(), 1) if said else 0.0
            rows.append({"query": query, "answers": answers, "flagged": bool(flagged), "against": against})
    return sorted(rows, key=lambda row: (-row["against"], -len(row["answers"]), row["query"].rank))
