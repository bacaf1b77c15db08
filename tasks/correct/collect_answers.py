"""Who answers what: the answers file first, then the oracle, in the order of asking until the clicks are spent."""

from collections.abc import Iterable
from math import fsum
from pathlib import Path
from typing import NamedTuple

import numpy as np

from segmend.answers.answers import Answer, Budget, Query, Verdict, encode, pixels
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import LabelMap
from tasks.correct.settings import Params


class Open(NamedTuple):
    """One image's questions."""

    image: str
    given: list[Answer]  # from the answers file, late ones included
    queries: list[Query]  # this round's


def answer_image(work: Open, *, data: Dataset, labels: Path, settings: Params, seed: int) -> list[Answer]:
    """This round's answers, late ones first, then in the order of asking; each with what it cost."""
    old, truth, classes = Labels(labels)[work.image], data.truth(work.image), data.classes
    told = {answer.query: answer for answer in work.given}
    still = [query for query in work.queries if query.query not in told]
    for query, verdict in zip(still, settings.oracle(still, old, truth, classes, seed), strict=True):
        if verdict is not None:
            told[query.query] = simulated(query, verdict, classes)
    asked = {query.query: query for query in work.queries}
    new = [told[name] for name in told if name not in asked] + [told[name] for name in asked if name in told]
    new = [priced(answer, asked.get(answer.query), settings, len(classes)) for answer in new]
    return [confirmed(answer, old, classes) for answer in new] if settings.automatic else new


def simulated(query: Query, verdict: Verdict, classes: tuple[str, ...]) -> Answer:
    """An oracle's verdict in the form in which people answer."""
    named = (query.shown,) if verdict.kind == "confirm" else tuple(classes[k] for k in verdict.classes)
    return Answer(
        query=query.query,
        image=query.image,
        footprint=query.footprint,
        kind=verdict.kind,  # type: ignore[arg-type]  # checked by Answer
        classes=named,  # type: ignore[arg-type]
        who="simulated",
    )


def priced(answer: Answer, query: Query | None, settings: Params, classes: int) -> Answer:
    """The answer with clicks and seconds: its own where it says them, else the cost model's."""
    question = query.kind if query else "correction"
    clicks, seconds = settings.cost(answer.kind, len(answer.classes), classes, question)
    said = {"clicks": answer.clicks, "seconds": answer.seconds}
    cost = {"clicks": clicks, "seconds": seconds} | {name: value for name, value in said.items() if value is not None}
    return answer.model_copy(update=cost)


def confirmed(answer: Answer, old: LabelMap, classes: tuple[str, ...]) -> Answer:
    """A confirm with the pixels that carried the class: what was automatic is somebody's word from now on."""
    if answer.kind != "confirm" or answer.mask is not None:
        return answer
    mask, places = np.zeros(old.size, bool), pixels(answer.footprint)
    mask[places] = old.ravel()[places] == classes.index(answer.classes[0])
    return answer.model_copy(update={"mask": encode(mask.reshape(old.shape))})


def spent(answers: Iterable[Answer], names: Iterable[str]) -> float:
    """The clicks of the answers to these queries."""
    wanted = set(names)
    return fsum(answer.clicks or 0.0 for answer in answers if answer.query in wanted)


def within(budget: Budget | None, new: list[Answer], given: set[str], asked: list[Query]) -> list[Answer]:
    """The round's answers, in order, without those that nobody would have been paid for.

    What people gave (`given`, names of queries) is there and stays. Simulated answers are taken in the order of asking
    until all clicks together reach what is allowed, so it is overshot by less than one answer.
    """
    if budget is None or budget.unit != "clicks":
        return new
    kept, total = [], spent([answer for answer in new if answer.query in given], [query.query for query in asked])
    for answer in new:
        if answer.query not in given:
            if total >= budget.allowed:
                continue
            total += answer.clicks or 0.0
        kept.append(answer)
    return kept
