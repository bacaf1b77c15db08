"""Whose answers to a question are wanted: a fixed number of people, or more only where the answers so far leave a doubt."""

from collections.abc import Mapping, Sequence
from math import ceil

from segmend.answers.answers import Answer, Budget
from segmend.answers.consensus import NETWORK_SURE, consensus
from segmend.answers.gold import gold_classes
from segmend.images.dataset import Dataset
from tasks.correct.collect_answers import within
from tasks.correct.expansion._base import QuestionAsked
from tasks.correct.settings import ADAPTIVE, Params
from tasks.correct.several_people import grouped, questions_of

BATCH = 20  # questions at least that simulated people are asked before reliabilities are estimated anew
ESTIMATES = 40  # batches at most


def doubts(
    groups: Mapping[str, tuple[Answer, ...]], asked: Mapping[str, QuestionAsked], data: Dataset, settings: Params
) -> dict[str, float]:
    """By identity the probability that a question's answer is wrong, by people's reliability and what the network predicted."""
    gold = gold_classes(data, [group[-1] for group in groups.values()])
    made = consensus(questions_of(groups.values(), asked, gold), data.classes, settings.aggregator, NETWORK_SURE)
    return {identity: decision.doubt for identity, decision in zip(groups, made.decisions, strict=True)}


def incomplete(
    earlier: Sequence[Answer],
    given: Sequence[Answer],
    asked: Mapping[str, QuestionAsked],
    identities: Sequence[str],
    data: Dataset,
    settings: Params,
) -> list[str]:
    """The questions that more people have to answer, of those named; `given` are this round's answers."""
    groups = grouped(given)
    doubt = doubts(grouped([*earlier, *given]), asked, data, settings) if settings.overlap == ADAPTIVE else {}

    def open_(identity: str) -> bool:
        group = groups.get(identity, ())
        if not group or any(answer.settles for answer in group):
            return not group
        if isinstance(settings.overlap, int):
            return len(group) < settings.overlap
        return len(group) < settings.most_people and doubt[identity] > settings.doubt

    return [identity for identity in identities if open_(identity)]


def taken(
    simulated: Sequence[Answer],
    earlier: Sequence[Answer],
    asked: Mapping[str, QuestionAsked],
    data: Dataset,
    settings: Params,
    budget: Budget | None,
    paid: float,
) -> list[Answer]:
    """The simulated answers that are asked for, in the order of asking, as far as the clicks allow.

    `simulated`: all that could be, question by question, each with as many people as may be asked. Adaptive: the questions of a
    batch are given to one person each, then those that leave a doubt to another, and so on.
    """
    if isinstance(settings.overlap, int):
        return within(budget, list(simulated), paid)
    waiting: dict[str, list[Answer]] = {}
    for answer in simulated:
        waiting.setdefault(answer.identity, []).append(answer)
    identities, kept = list(waiting), list[Answer]()
    size = max(BATCH, ceil(len(identities) / ESTIMATES))
    for start in range(0, len(identities), size):
        batch = identities[start : start + size]
        for _ in range(settings.most_people):
            wanted = [name for name in incomplete(earlier, kept, asked, batch, data, settings) if waiting[name]]
            more = within(budget, [waiting[name].pop(0) for name in wanted], paid)
            paid += sum(answer.clicks or 0.0 for answer in more)
            kept += more
            if len(more) < len(wanted) or not wanted:
                break
        if len(more) < len(wanted):
            break
    return kept
