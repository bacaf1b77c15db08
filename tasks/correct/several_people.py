"""What several people answered about the same pixels, as one answer each; and the table of the people.

A label set keeps what each of them said: labels/individual_answers.jsonl holds every person's answer to the questions that more
than one answered, and those to gold questions (none: the file is empty), so that each round decides by all that is known of the people by then. An answer that
nobody else gave stays as it is. Of people and simulated annotators people alone count.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from json import dumps
from math import fsum
from pathlib import Path
from typing import Any, NamedTuple

from segmend.answers.answers import PART, Answer, is_simulated, read, standing, write
from segmend.answers.consensus import Question, consensus
from segmend.answers.gold import gold_classes, is_measurement
from segmend.images.dataset import Dataset
from tasks.correct.expansion._base import QuestionAsked
from tasks.correct.people_table import table_of_people
from tasks.correct.settings import Params

INDIVIDUAL = "individual_answers.jsonl"


class Decided(NamedTuple):
    """A round's answers, one per question."""

    new: list[Answer]  # decided now: by new answers, or otherwise than in the round before; with the reverts
    individual: list[Answer]  # what each person said where several did
    people: list[dict[str, Any]]  # rows of people.json
    decided_anew: int  # without a new answer to the question itself, since more is known of the people

    @property
    def metrics(self) -> dict[str, int]:
        """Counts beside those of a round with one person."""
        if len(self.people) < 2:
            return {}
        shared = {answer.identity for answer in self.individual if not is_measurement(answer)}
        return {"people": len(self.people), "shared_questions": len(shared), "decided_anew": self.decided_anew}


def individual_answers(labels: Path, before: Sequence[Answer]) -> list[Answer]:
    """What each person said up to the round before, gold questions too; `before` are the answers as they were applied."""
    path = labels / INDIVIDUAL
    single = read(path) if path.is_file() else []
    shared = {answer.identity for answer in single if not is_measurement(answer)}
    return [*(answer for answer in before if answer.identity not in shared), *single]


def questions_of(
    groups: Iterable[tuple[Answer, ...]], asked: Mapping[str, QuestionAsked], gold: Mapping[str, int]
) -> list[Question]:
    """Each group's answers with what is known of their question."""
    made = []
    for answers in groups:
        known = asked.get(answers[0].identity)
        sure = known.confidence if known else 0.0
        predicted = known.predicted if known and sure else None  # 0: how sure it was is not known
        made.append(Question(answers, gold.get(answers[0].identity), predicted, sure))
    return made


def grouped(answers: Iterable[Answer]) -> dict[str, tuple[Answer, ...]]:
    """The answers that stand by the pixels they are about, in the order of the last one of each; people before simulated ones."""
    groups: dict[str, tuple[Answer, ...]] = {}
    for answer in standing(answers):
        groups[answer.identity] = (*groups.pop(answer.identity, ()), answer)
    for identity, group in groups.items():
        if len(group) > 1:
            groups[identity] = tuple(answer for answer in group if not is_simulated(answer.who)) or group
    return groups


def decide(
    earlier: Sequence[Answer],
    before: Sequence[Answer],
    new: Sequence[Answer],
    asked: Mapping[str, QuestionAsked],
    data: Dataset,
    settings: Params,
) -> Decided:
    """One answer per question.

    `earlier`: what each person said before, `before`: the answers as the round before applied them, `new`: this round's,
    reverts among them. Answers to gold questions measure people and decide nothing.
    """
    measured = standing(answer for answer in [*earlier, *new] if is_measurement(answer))
    earlier, new = ([answer for answer in part if not is_measurement(answer)] for part in (earlier, new))
    groups = grouped([*earlier, *new])
    shared = {identity for identity, group in groups.items() if len(group) > 1}
    gold = gold_classes(data, [*(groups[identity][-1] for identity in shared), *measured])
    tests = grouped(measured)
    questions = questions_of([*groups.values(), *tests.values()], asked, gold)
    made = consensus(questions, data.classes, settings.aggregator, settings.network)
    decisions = dict(zip(groups, made.decisions, strict=False))

    fresh = {answer.identity for answer in new if answer.kind != "revert"}
    prices = cost_of(answer for answer in new if answer.identity in shared)
    applied = {answer.identity: answer for answer in before}
    lost = outvoted_parts(groups, shared, {identity: decisions[identity].masks for identity in shared})
    result, anew = list[Answer](), 0
    for identity, group in groups.items():
        answer = decisions[identity].answer
        if identity in shared:
            clicks, seconds = prices.get(identity, (0.0, 0.0))
            answer = answer.model_copy(update={"clicks": clicks, "seconds": seconds})
        if id(group[-1]) in lost:
            if identity in applied:
                result.append(taken_back(applied[identity]))
            continue
        changed = identity not in applied or meaning(applied[identity]) != meaning(answer)
        if identity in fresh or changed:
            anew += identity not in fresh and identity in applied
            result.append(answer)
    for answer in new:
        if answer.kind == "revert" and answer.identity not in groups and answer.identity in applied:
            result.append(answer.model_copy(update={"who": applied.pop(answer.identity).who}))
    order = {answer.identity: place for place, answer in enumerate(new)}
    result.sort(key=lambda answer: order.get(answer.identity, -1))
    individual = [answer for identity in groups if identity in shared for answer in groups[identity]]
    people = table_of_people(made, questions, [*earlier, *new], data.classes)
    return Decided(result, [*individual, *measured], people, anew)


def meaning(answer: Answer) -> tuple[Any, ...]:
    """What an answer does."""
    return answer.kind, answer.classes, answer.mask


def taken_back(applied: Answer) -> Answer:
    """A revert of an answer as it was applied."""
    return applied.model_copy(update={"kind": "revert", "classes": (), "mask": None, "clicks": 0.0, "seconds": 0.0})


def cost_of(new: Iterable[Answer]) -> dict[str, tuple[float, float]]:
    """By identity the clicks and seconds of this round's answers, of all people."""
    by_identity: dict[str, list[Answer]] = defaultdict(list)
    for answer in new:
        by_identity[answer.identity].append(answer)
    return {
        identity: (fsum(answer.clicks or 0 for answer in each), fsum(answer.seconds or 0 for answer in each))
        for identity, each in by_identity.items()
    }


def outvoted_parts(
    groups: Mapping[str, Sequence[Answer]], shared: Iterable[str], masks: Mapping[str, frozenset[str]]
) -> set[int]:
    """What was brushed beside a mask that is not in its question's decision (ids of the objects).

    The parts of one answer carry its person, image and time.
    """
    out = {
        (answer.who, answer.image, answer.when)
        for identity in shared
        for answer in groups[identity]
        if answer.kind == "mask" and answer.when is not None and answer.who not in masks[identity]
    }
    return {
        id(group[-1])
        for group in groups.values()
        if len(group) == 1 and PART in group[0].query and (group[0].who, group[0].image, group[0].when) in out
    }


def write_people(out: Path, decided: Decided) -> None:
    """people.json and the individual answers of a label set."""
    out.mkdir(parents=True, exist_ok=True)
    write(out / INDIVIDUAL, decided.individual)
    (out / "people.json").write_text(dumps(decided.people, indent=2) + "\n")
