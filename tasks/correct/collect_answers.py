"""A round's answers: the answers file first, then the oracle, in the order of asking until the clicks are spent."""

from collections.abc import Container, Iterable
from math import fsum
from pathlib import Path
from typing import NamedTuple

import numpy as np

from segmend.answers.answers import Answer, Budget, Query, Verdict, encode, pixels
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import LabelMap
from tasks.correct.settings import Params


class ImageQuestions(NamedTuple):
    """One image's questions and the answers that are there."""

    image: str
    given: list[Answer]  # from the answers file, priced, late ones included
    queries: list[Query]  # this round's


def answer_image(work: ImageQuestions, *, data: Dataset, labels: Path, settings: Params, seed: int) -> list[Answer]:
    """This round's answers, late ones first, then in the order of asking; each with its cost."""
    old, truth, classes = Labels(labels)[work.image], data.truth(work.image), data.classes
    answers = {answer.query: answer for answer in work.given}
    unanswered = [query for query in work.queries if query.query not in answers]
    for query, verdict in zip(unanswered, settings.oracle(unanswered, old, truth, classes, seed), strict=True):
        if verdict is not None:
            answers[query.query] = priced(simulated(query, verdict, classes), query, settings, len(classes))
    asked = {query.query: query for query in work.queries}
    late = [answer for name, answer in answers.items() if name not in asked]
    new = late + [answers[name] for name in asked if name in answers]
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
    """The answer with clicks and seconds: its own where it has them, else the cost model's."""
    question = query.kind if query else "correction"
    clicks, seconds = settings.cost(answer.kind, len(answer.classes), classes, question)
    return answer.model_copy(
        update={
            "clicks": clicks if answer.clicks is None else answer.clicks,
            "seconds": seconds if answer.seconds is None else answer.seconds,
        }
    )


def confirmed(answer: Answer, old: LabelMap, classes: tuple[str, ...]) -> Answer:
    """A confirm with the pixels that carried the class: where they were labelled automatically, they are answered now."""
    if answer.kind != "confirm" or answer.mask is not None:
        return answer
    mask, inside = np.zeros(old.size, bool), pixels(answer.footprint)
    mask[inside] = old.ravel()[inside] == classes.index(answer.classes[0])
    return answer.model_copy(update={"mask": encode(mask.reshape(old.shape))})


def spent(answers: Iterable[Answer], queries: Container[str]) -> float:
    """The clicks of the answers to these queries."""
    return fsum(answer.clicks or 0.0 for answer in answers if answer.query in queries)


def within(budget: Budget | None, new: list[Answer], given: Container[str], asked: Container[str]) -> list[Answer]:
    """The round's answers, in order, without the simulated ones beyond the budget.

    What people gave (`given`, names of queries) stays. Simulated answers are taken in the order of asking until all clicks
    together reach what is allowed, so it is exceeded by less than one answer.
    """
    if budget is None or budget.unit != "clicks":
        return new
    kept, total = [], spent([answer for answer in new if answer.query in given], asked)
    for answer in new:
        if answer.query not in given:
            if total >= budget.allowed:
                continue
            total += answer.clicks or 0.0
        kept.append(answer)
    return kept
