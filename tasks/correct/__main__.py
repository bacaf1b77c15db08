"""Apply answers to the labels.

labels/maps/<id>.png    the label maps of the train and val images: first labels with all answers so far painted over
labels/answers.jsonl    all answers so far, one per query, in the order they are applied
labels/history.parquet  what each answer changed, who gave it and what it cost (segmend/answers/history.py)
labels/objects/, trust/ as the first labels have them (tasks/correct/carry_over.py)
labels/opinions/        of the expansion `corrector`: its probabilities of each base cell of the train images, uint8 (k, K), 255 is 1
labels/forecasts.json   pixels each round was expected to fix, and what it fixed in the labels shown (segmend/answers/forecasts.py)

The answers of a round are: what the answers file holds, late answers to earlier queries included (each is applied over
its own footprint and replaces an earlier answer to its query), and for the rest the oracle's, as far as the budget of
clicks allows.

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
from segmend.answers.answers import Answer, Query, latest, read, read_budget, read_queries, write
from segmend.answers.forecasts import read as read_forecasts
from segmend.answers.forecasts import write as write_forecasts
from segmend.images.dataset import Dataset
from segmend.images.parallel import map_images
from segmend.stage.command import Waiting, stage
from tasks.correct.carry_over import carry_objects, carry_trust
from tasks.correct.collect_answers import ImageQuestions, answer_image, priced, spent, within
from tasks.correct.expansion_pass import Folders, answer_outcomes, correct_images, questions_as_asked
from tasks.correct.replay import ImageResult, ImageWork, replay_image, total
from tasks.correct.round_metrics import round_metrics, with_outcome
from tasks.correct.settings import Params


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
    samples = list(data.of("train", "val"))
    sizes = {sample.id: (sample.height, sample.width) for sample in samples if sample.split == "train"}
    asked, budget = read_queries(queries), read_budget(queries)
    names = {query.query: query for query in asked}
    given = latest(read(answers, data.classes, sizes)) if answers.is_file() else []
    check_images(given, asked, answers)
    given = [priced(answer, names.get(answer.query), settings, len(data.classes)) for answer in given]
    given_names = {answer.query for answer in given}
    unanswered = [
        query
        for query in asked
        if query.query not in given_names and not (settings.oracle.simulated and query.image in data.with_truth)
    ]
    paid = spent(given, names)
    enough = budget is not None and budget.unit == "clicks" and paid >= budget.allowed
    wait = None if enough else settings.oracle.waiting(len(unanswered), len(asked), str(answers), str(queries))
    if wait:
        if budget is not None and budget.unit == "clicks":
            wait += f"; it also goes on when {budget.allowed:g} clicks are spent, and {paid:g} are"
        raise Waiting(wait)

    asked_by_image, given_by_image, rank = by_image(asked), by_image(given), {q.query: q.rank for q in asked}
    questions = [
        ImageQuestions(sample.id, given_by_image[sample.id], asked_by_image[sample.id])
        for sample in samples
        if given_by_image[sample.id] or asked_by_image[sample.id]
    ]
    answer = partial(answer_image, data=data, labels=labels, settings=settings, seed=seed)
    collected = [each for answers_of_image in map_images(answer, questions, "answers") for each in answers_of_image]
    collected.sort(key=lambda each: rank.get(each.query, -1))
    new = within(budget, collected, given_names, names)

    before, rows_before = read(labels / "answers.jsonl"), history.answers(history.read(labels))
    parts = [by_image(before), by_image(new), asked_by_image]
    works = [ImageWork(sample, *(part[sample.id] for part in parts)) for sample in samples]
    if settings.automatic:
        outcomes = answer_outcomes(rows_before, new, names, data.classes)
        rng = np.random.default_rng([seed, int(round.removeprefix("r"))])
        folders = Folders(first, labels, regions, model, out)
        questions_asked = questions_as_asked(rows_before, names, data.classes)
        corrected: Iterator[ImageResult] = correct_images(
            works, data, folders, settings, round, outcomes, questions_asked, rng
        )
    else:
        replayed = partial(replay_image, data=data, first=first, before=labels, out=out, round=round)
        corrected = map_images(replayed, works, "corrections")
    results = list(corrected)
    warn_of_no_effect(settings, new, results)
    rows = sorted((row for result in results for row in result.rows), key=lambda row: rank.get(row["query"], -1))
    automatic_rows = [row for result in results for row in result.automatic_rows]
    table = history.join(rows_before, history.table([*rows, *automatic_rows]))
    valid = latest([*before, *new])
    write(out / "answers.jsonl", valid)
    carry_objects(first, out)
    carry_trust(first, out, samples, by_image(valid), data.classes)
    history.write(out, table)
    numbers = round_metrics(asked, rows, results, data, len(collected) - len(new))
    change = total([result.asked for result in results if result.asked], len(data.classes))
    known = numbers["pixels_fixed"] is not None
    forecasts = [with_outcome(each, asked, rows, change, known) for each in read_forecasts(queries / "forecast.json")]
    write_forecasts(out / "forecasts.json", [*read_forecasts(labels / "forecasts.json"), *forecasts])
    totals = {f"{name}_total": fsum(table[name].to_pylist()) for name in ("clicks", "seconds")}
    return numbers | totals


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


def check_images(given: list[Answer], asked: list[Query], path: Path) -> None:
    """Raise ValueError where an answer to one of this round's queries is about another image."""
    images = {query.query: query.image for query in asked}
    for answer in given:
        if images.get(answer.query, answer.image) != answer.image:
            raise ValueError(
                f"{path}: the answer to {answer.query} is about {answer.image}, but the query is about "
                f"{images[answer.query]}; copy image and footprint from the query"
            )


if __name__ == "__main__":
    raise SystemExit(correct())
