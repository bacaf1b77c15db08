"""Apply answers to the labels.

labels/maps/<id>.png    the label maps of the train and val images: first labels with all answers so far painted over
labels/answers.jsonl    all answers so far, one per query, in the order they are applied
labels/individual_answers.jsonl  what each person said where several did (tasks/correct/several_people.py)
labels/people.json      the people: answers, cost, agreement, reliability (tasks/correct/people_table.py)
labels/history.parquet  what each answer changed, who gave it and what it cost (segmend/answers/history.py)
labels/objects/, trust/ as the first labels have them (tasks/correct/carry_over.py)
labels/opinions/        of the expansion `corrector`: its probabilities of each base cell of the train images, uint8 (k, K), 255 is 1
labels/forecasts.json   pixels each round was expected to fix, and what it fixed in the labels shown (segmend/answers/forecasts.py)

The answers of a round are: those of the answers file, matched with the open questions by image and footprint, and for the
other questions the oracle's, as far as the budget of clicks allows. An answer that matches no open question is a late one: it
is applied over its own footprint and replaces an earlier answer about the same pixels. So answers stay valid whatever changes
before this stage, and simulated answers never change a pixel that a person answered.

With sieving or an expansion the labels depend on the newest network as well. They are made anew from the first labels
each round, and what was changed beyond the answers is counted apart: pixels_* and changed_to/* count what this round's
answers change in the labels that the earlier answers alone give; auto_* count how the labels differ from those that all
answers give. Where an expansion compares views, auto_candidates/* are the pixels that the unchanged image alone would fill,
and auto_agreed/* the share of them on which all views agree.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from math import fsum
from pathlib import Path
from typing import Any

import numpy as np

from segmend.answers import history
from segmend.answers.answers import Answer, Budget, Query, read, read_budget, read_queries, write
from segmend.answers.forecasts import read as read_forecasts
from segmend.answers.forecasts import write as write_forecasts
from segmend.answers.gold import is_measurement
from segmend.images.dataset import Dataset, Labels
from segmend.images.parallel import map_images
from segmend.stage.command import Waiting, stage
from tasks.correct.apply_answers import in_order
from tasks.correct.assign import incomplete, taken
from tasks.correct.carry_over import carry_objects, carry_trust
from tasks.correct.collect_answers import (
    ImageQuestions,
    answer_image,
    checked_against,
    given_answers,
    matched,
    priced,
    spent,
)
from tasks.correct.expansion_pass import Folders, answer_outcomes, correct_images, questions_as_asked
from tasks.correct.replay import ImageResult, ImageWork, replay_image, total
from tasks.correct.round_metrics import round_metrics, with_outcome
from tasks.correct.settings import Params
from tasks.correct.several_people import decide, individual_answers, write_people


@stage
def correct(
    settings: Params,
    seed: int,
    *,
    round: str,
    dataset: Path,
    truth: Path,
    first: Path,
    labels: Path,
    queries: Path,
    answers: Path,
    regions: Path,
    model: Path,
    out: Path,
) -> dict:
    """Apply the round's answers to the labels and write what changed."""
    if settings.automatic and untrained(model):
        print("The network of the round before was not trained: answers are applied without it.", flush=True)
        settings = settings.plain
    data = Dataset(dataset, truth)
    samples, queried, budget = list(data.of("train", "val")), read_queries(queries), read_budget(queries)
    asked = {query.identity: query for query in queried}
    before, rows_before = read(labels / "answers.jsonl"), history.answers(history.read(labels))
    earlier = individual_answers(labels, before)
    everything = given_answers(answers, data)
    measured = [each for each in everything if is_measurement(each)]
    given = people([each for each in everything if not is_measurement(each)], earlier, asked, settings, data, labels)
    open_questions = asked.keys() - {answer.identity for answer in given if answer.kind != "revert"}
    unanswered = [query for query in queried if query.identity in open_questions]
    questions_asked = questions_as_asked(rows_before, asked, data.classes)
    lacking = set(incomplete(earlier, given, questions_asked, list(asked), data, settings))
    lacking_queries = (
        unanswered if settings.oracle.any_answer else [query for query in queried if query.identity in lacking]
    )
    paid = spent(given, asked)
    stop_if_waiting(settings, lacking_queries, len(queried), budget, paid, data, (answers, queries))

    open_by_image = by_image(unanswered)
    questions = [ImageQuestions(name, each) for name, each in sorted(open_by_image.items())]
    answer = partial(answer_image, data=data, labels=labels, settings=settings, seed=seed)
    simulated = [each for answers_of_image in map_images(answer, questions, "answers") for each in answers_of_image]
    simulated.sort(key=lambda each: asked[each.identity].rank)
    asked_for = taken(simulated, [*earlier, *given], questions_asked, data, settings, budget, paid)
    left_over = len({each.identity for each in simulated}) - len({each.identity for each in asked_for})
    decided = decide(earlier, before, [*asked_for, *given, *measured], questions_asked, data, settings)
    new = decided.new

    parts = [by_image(before), by_image(new), by_image(queried)]
    works = [ImageWork(sample, *(part[sample.id] for part in parts)) for sample in samples]
    if settings.automatic:
        outcomes = answer_outcomes(rows_before, new, asked, data.classes)
        rng = np.random.default_rng([seed, int(round.removeprefix("r"))])
        folders = Folders(first, labels, regions, model, out)
        corrected: Iterator[ImageResult] = correct_images(
            works, data, folders, settings, round, outcomes, questions_asked, rng
        )
    else:
        replayed = partial(replay_image, data=data, first=first, before=labels, out=out, round=round)
        corrected = map_images(replayed, works, "corrections")
    results = list(corrected)
    warn_of_no_effect(settings, new, results)
    rows = history.join(*(result.rows for result in results))
    ranks = [asked[identity].rank if identity in asked else -1 for identity in rows["identity"].to_pylist()]
    rows = rows.take(np.argsort(ranks, kind="stable"))  # late answers first, then in the order of asking
    table = history.join(rows_before, rows, *(part for result in results if (part := result.automatic_rows)))
    valid = in_order([*before, *new])
    write(out / "answers.jsonl", valid)
    write_people(out, decided)
    carry_objects(first, out)
    carry_trust(first, out, samples, by_image(valid), data.classes)
    history.write(out, table)
    numbers = round_metrics(queried, rows, results, data, left_over)
    change = total([result.asked for result in results if result.asked], len(data.classes))
    known = numbers["pixels_fixed"] is not None
    forecasts = [with_outcome(each, queried, rows, change, known) for each in read_forecasts(queries / "forecast.json")]
    write_forecasts(out / "forecasts.json", [*read_forecasts(labels / "forecasts.json"), *forecasts])
    totals = {f"{name}_total": fsum(table[name].to_pylist()) for name in ("clicks", "seconds")}
    return numbers | totals | decided.metrics


def people(
    given: list[Answer], before: list[Answer], asked: dict[str, Query], settings: Params, data: Dataset, labels: Path
) -> list[Answer]:
    """What people answered, as it is applied: with the numbers of the open questions, priced, confirms checked.

    Of reverts those are kept that take back an answer of an earlier round.
    """
    earlier = {(answer.identity, answer.who) for answer in before}
    classes, checked = data.classes, {}
    for name, answers in by_image([each for each in given if each.kind == "confirm" and each.mask is None]).items():
        old = Labels(labels)[name]
        for answer in answers:
            checked[id(answer)] = checked_against(old, answer, classes, settings.automatic)
    kept = [each for each in given if each.kind != "revert" or (each.identity, each.who) in earlier]
    renumbered = matched((checked.get(id(each), each) for each in kept), asked)
    return [priced(each, asked.get(each.identity), settings, len(classes)) for each in renumbered]


def stop_if_waiting(
    settings: Params,
    unanswered: list[Query],
    queried: int,
    budget: Budget | None,
    paid: float,
    data: Dataset,
    names: tuple[Path, Path],
) -> None:
    """Raise Waiting where people have to answer first; `names` are the answers file and the folder of the questions."""
    in_clicks = budget is not None and budget.unit == "clicks"
    if budget is not None and in_clicks and paid >= budget.allowed:
        return
    simulated = settings.oracle.simulated
    missing = sum(not (simulated and query.image in data.with_truth) for query in unanswered)
    wait = settings.oracle.waiting(missing, queried, *map(str, names))
    if wait and budget is not None and in_clicks:
        wait += f"; it also goes on when {budget.allowed:g} clicks are spent, and {paid:g} are"
    if wait:
        raise Waiting(wait)


def warn_of_no_effect(settings: Params, new: list[Answer], results: list[ImageResult]) -> None:
    """Print a hint where the settings leave answers, or an expansion that fills, without effect on the labels."""
    if settings.expansion.fills and not any(result.automatic.pixels for result in results if result.automatic):
        print(
            f"No pixel was filled: correct.expansion.{settings.expansion.name} found no unlabelled pixel of which the network is "
            "sure enough. A network that never learned a class does not predict it: see `against`, and train.network head: "
            "embedding.",
            flush=True,
        )
    if settings.expansion.name == "none" and any(len(answer.classes) > 1 for answer in new):
        print(
            "Sets of classes change no label here: the loss `partial` learns from them (train.loss), and the expansion `prototypes` "
            "finds which pixel is which (correct.expansion).",
            flush=True,
        )


def untrained(model: Path) -> bool:
    """Whether the network has seen no labels at all (there were none to learn from)."""
    from segmend.network.segmenter import (
        is_trained,  # here, so that rounds without sieving and expansion do not load torch
    )

    return not is_trained(model)


def by_image(items: list[Any]) -> defaultdict[str, list[Any]]:
    """Answers or queries by their image; an image without any has an empty list."""
    images = defaultdict(list)
    for item in items:
        images[item.image].append(item)
    return images


if __name__ == "__main__":
    raise SystemExit(correct())
