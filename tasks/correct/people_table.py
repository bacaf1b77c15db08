"""The people of a label set: how many answers, at what cost, how often they agree, how reliable they are believed to be."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import fsum
from typing import Any

import numpy as np
from jaxtyping import Int64
from scipy.special import betaincinv  # scipy.stats alone would take longer to import than the stage works

from segmend.answers.answers import PART, Answer, standing
from segmend.answers.consensus import Consensus, Question

LEVEL = 0.95  # of the intervals


def table_of_people(
    made: Consensus, questions: Sequence[Question], given: Iterable[Answer], classes: Sequence[str]
) -> list[dict[str, Any]]:
    """One row a person, sorted by name; the reliability is null where no answer was compared with another's or with gold."""
    pairs = {who: np.zeros(2, np.int64) for who in made.people}  # equal, compared
    gold = {who: np.zeros(2, np.int64) for who in made.people}
    compared: dict[str, int] = defaultdict(int)
    for question in questions:
        said = {answer.who: answer.classes for answer in question.definite}
        for who, named in said.items():
            others = [theirs for name, theirs in said.items() if name != who]
            pairs[who] += (sum(set(named) == set(theirs) for theirs in others), len(others))
            compared[who] += bool(others) or question.gold is not None
            if question.gold is not None:
                gold[who] += (named == (classes[question.gold],), 1)
    rows = []
    answers: dict[str, list[Answer]] = defaultdict(list)
    for answer in standing(given):
        if PART not in answer.query:
            answers[answer.who].append(answer)
    known = dict(zip(made.people, made.reliability.tolist(), strict=True))
    for who in sorted({*answers, *made.people}):
        each = answers[who]
        n = compared[who]
        row: dict[str, Any] = {
            "who": who,
            "answers": len(each),
            "skipped": sum(answer.kind == "skip" for answer in each),
            "clicks": round(fsum(answer.clicks or 0 for answer in each), 6),
            "seconds": round(fsum(answer.seconds or 0 for answer in each), 6),
            "compared": n,
            "agreement": share(pairs.get(who)),
            "gold": share(gold.get(who)),
            "reliability": round(known[who], 6) if n else None,
        }
        rows.append(row | interval(known.get(who, 0.0), n))
    return rows


def share(counts: Int64[np.ndarray, "2"] | None) -> float | None:
    return None if counts is None or not counts[1] else round(float(counts[0] / counts[1]), 6)


def interval(reliability: float, compared: int) -> dict[str, float | None]:
    """Jeffreys' interval of a share of so many answers: how far their number alone leaves the reliability open."""
    if not compared:
        return {"low": None, "high": None}
    right, wrong = reliability * compared + 0.5, (1 - reliability) * compared + 0.5
    low, high = (float(betaincinv(right, wrong, q)) for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return {"low": round(low, 6), "high": round(high, 6)}
