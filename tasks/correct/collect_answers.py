"""A round's answers: those of people first, then the oracle's, in the order of asking until the clicks are spent."""

from collections.abc import Container, Iterable, Iterator, Mapping
from math import fsum
from os.path import lexists
from pathlib import Path
from typing import NamedTuple

import numpy as np

from segmend.answers.answers import SIMULATED, Answer, Budget, Query, Verdict, each_answer, encode, newest, pixels
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import LabelMap
from tasks.correct.apply_answers import name_of
from tasks.correct.settings import Params


class ImageQuestions(NamedTuple):
    """One image's questions that no person answered."""

    image: str
    queries: list[Query]


def given_answers(path: Path, data: Dataset) -> list[Answer]:
    """What people answered, one per person and set of pixels, in the order of the file; reverts are kept.

    Answers about images of the test split, which has no labels, are left in the file with a sentence.
    """
    if not lexists(path):
        return []
    samples = {sample.id: sample for sample in data.samples}
    sizes = {name: (sample.height, sample.width) for name, sample in samples.items()}
    hashes = {name: sample.image_sha256 for name, sample in samples.items()}
    answers = newest(each_answer(path, data.classes, sizes, hashes))
    kept = [answer for answer in answers if samples[answer.image].split != "test"]
    if len(kept) < len(answers):
        print(
            f"{path}: {len(answers) - len(kept)} answers are about images that are in the test split now. They stay in the file "
            "and are not applied: test images have no labels.",
            flush=True,
        )
    return kept


def matched(answers: Iterable[Answer], asked: Mapping[str, Query]) -> Iterator[Answer]:
    """Answers with the number of the open question about the same pixels (`asked`, by identity), whatever it was before.

    An answer that matches no open question is a late one: it is applied over its own footprint.
    """
    for answer in answers:
        question = asked.get(answer.identity)
        renumbered = question is not None and question.query != answer.query
        yield answer.model_copy(update={"query": question.query}) if question and renumbered else answer


def answer_image(work: ImageQuestions, *, data: Dataset, labels: Path, settings: Params, seed: int) -> list[Answer]:
    """The oracle's answers in the order of asking, each with its cost; of one question first those of who is asked first."""
    old, truth, classes = Labels(labels)[work.image], data.truth(work.image), data.classes
    opinions = settings.oracle.opinions(work.queries, old, truth, classes, seed)
    answers = [
        priced(simulated(query, verdict, classes, name), query, settings, len(classes))
        for query, verdicts in zip(work.queries, opinions, strict=True)
        for name, verdict in verdicts[: settings.people_at_most]
    ]
    return [confirmed(answer, old, classes) for answer in answers] if settings.automatic else answers


def simulated(query: Query, verdict: Verdict, classes: tuple[str, ...], name: str = "") -> Answer:
    """An oracle's verdict in the form in which people answer; `name` of one of several simulated people."""
    named = (query.shown,) if verdict.kind == "confirm" else tuple(classes[k] for k in verdict.classes)
    return Answer(
        query=query.query,
        image=query.image,
        footprint=query.footprint,
        kind=verdict.kind,  # type: ignore[arg-type]  # checked by Answer
        classes=named,  # type: ignore[arg-type]
        who=f"{SIMULATED}:{name}" if name else SIMULATED,
        image_sha256=query.image_sha256,
    )


def priced(answer: Answer, query: Query | None, settings: Params, classes: int) -> Answer:
    """The answer with clicks and seconds: its own where it has them, else the cost model's; a revert costs nothing."""
    if answer.clicks is not None and answer.seconds is not None:
        return answer
    question, cost = query.kind if query else "correction", (0.0, 0.0)
    if answer.kind != "revert":
        cost = settings.cost(answer.kind, len(answer.classes), classes, question)
    return answer.model_copy(
        update={
            "clicks": cost[0] if answer.clicks is None else answer.clicks,
            "seconds": cost[1] if answer.seconds is None else answer.seconds,
        }
    )


def checked_against(old: LabelMap, answer: Answer, classes: tuple[str, ...], automatic: bool) -> Answer:
    """A person's confirm against the labels of the round before; other answers as they are.

    Where most pixels carry another label by now (the first labels, a setting, a network changed), the class that was confirmed
    is the answer: kind class. Else, where labels can be automatic, the pixels that carry the class are kept as its mask.
    """
    if answer.kind != "confirm" or answer.mask is not None:
        return answer
    if name_of(old.ravel()[pixels(answer.footprint)], classes) != answer.classes[0]:
        return answer.model_copy(update={"kind": "class"})
    return confirmed(answer, old, classes) if automatic else answer


def confirmed(answer: Answer, old: LabelMap, classes: tuple[str, ...]) -> Answer:
    """A confirm with the pixels that carried the class: where they were labelled automatically, they are answered now."""
    if answer.kind != "confirm" or answer.mask is not None:
        return answer
    mask, inside = np.zeros(old.size, bool), pixels(answer.footprint)
    mask[inside] = old.ravel()[inside] == classes.index(answer.classes[0])
    return answer.model_copy(update={"mask": encode(mask.reshape(old.shape))})


def spent(answers: Iterable[Answer], questions: Container[str]) -> float:
    """The clicks of the answers to these questions (identities)."""
    return fsum(answer.clicks or 0.0 for answer in answers if answer.identity in questions)


def within(budget: Budget | None, answers: list[Answer], paid: float) -> list[Answer]:
    """Simulated answers in the order of asking, without those beyond the budget.

    They are taken until all clicks, with those `paid` to people, reach what is allowed, so it is exceeded by less than one
    answer.
    """
    if budget is None or budget.unit != "clicks":
        return answers
    kept = []
    for answer in answers:
        if paid >= budget.allowed:
            break
        paid += answer.clicks or 0.0
        kept.append(answer)
    return kept
