"""Apply answers to the labels.

labels/maps/<id>.png    the label maps of the train and val images: first labels with all answers so far painted over
labels/answers.jsonl    all answers so far, one per query, in the order they are applied
labels/history.parquet  what each answer changed, who gave it and what it cost (segmend/answers/history.py)
labels/objects/, trust/ as the first labels have them (tasks/correct/carry_over.py)
labels/forecasts.json   what each round was expected to fix, and what it did to the labels that were shown (segmend/answers/forecasts.py)

The answers of a round are: what the answers file holds, late answers to earlier queries included (each is applied over
its own footprint and replaces an earlier answer to its query), and for the rest what the oracle says, as far as the
clicks go.

With sieving or an expansion the labels depend on the newest network as well. They are made anew from the first labels
each round, and what was changed beyond the answers is counted apart: pixels_* and changed_to/* are what this round's
answers did to what the answers before them said; auto_* is how the labels now differ from what all answers say. Where
an expansion compares views, auto_candidates/* are the pixels that the image as it is alone would fill, and auto_agreed/* the share of
them that every view upholds.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from math import fsum
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from segmend.answers import history
from segmend.answers.answers import Answer, Query, latest, read, read_budget, read_queries, write
from segmend.answers.forecasts import Forecast
from segmend.answers.forecasts import read as read_forecasts
from segmend.answers.forecasts import write as write_forecasts
from segmend.images.dataset import Dataset
from segmend.images.parallel import map_images
from segmend.stage.command import Waiting, stage
from tasks.correct.carry_over import carry_objects, carry_trust
from tasks.correct.collect_answers import Open, answer_image, priced, spent, within
from tasks.correct.expansion_pass import Places, correct_images, lessons, total
from tasks.correct.replay import Change, Done, Work, replay_image
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
        print("The network of the round before had learned nothing yet: answers are applied as they are.", flush=True)
        settings = settings.plain
    data = Dataset(dataset, truth)
    samples = list(data.of("train", "val"))
    sizes = {sample.id: (sample.height, sample.width) for sample in samples if sample.split == "train"}
    asked, budget = read_queries(queries), read_budget(queries)
    given = latest(read(answers, data.classes, sizes)) if answers.is_file() else []
    check_images(given, asked, answers)
    names, named = {query.query: query for query in asked}, {answer.query for answer in given}
    open_ = [
        q for q in asked if q.query not in named and not (settings.oracle.simulated and q.image in data.with_truth)
    ]
    paid = spent([priced(a, names.get(a.query), settings, len(data.classes)) for a in given], names)
    enough = budget is not None and budget.unit == "clicks" and paid >= budget.allowed
    wait = None if enough else settings.oracle.waiting(len(open_), len(asked), str(answers), str(queries))
    if wait:
        if budget is not None and budget.unit == "clicks":
            wait += f"; it also goes on when {budget.allowed:g} clicks are spent, and {paid:g} are"
        raise Waiting(wait)

    asking, giving, rank = by_image(asked), by_image(given), {query.query: query.rank for query in asked}
    every = [Open(s.id, giving[s.id], asking[s.id]) for s in samples if giving[s.id] or asking[s.id]]
    answer = partial(answer_image, data=data, labels=labels, settings=settings, seed=seed)
    told = [one for some in map_images(answer, every, "answers") for one in some]
    told.sort(key=lambda a: rank.get(a.query, -1))
    new = within(budget, told, named, asked)

    before, rows_before = read(labels / "answers.jsonl"), history.answers(history.read(labels))
    parts = [by_image(before), by_image(new), asking]
    work = [Work(sample, *(part[sample.id] for part in parts)) for sample in samples]
    if settings.automatic:
        taught = lessons(rows_before, new, names, data.classes)
        rng = np.random.default_rng([seed, int(round.removeprefix("r"))])
        places = Places(first, labels, regions, model, out)
        found: Iterator[Done] = correct_images(work, data, places, settings, round, taught, rng)
    else:
        one = partial(replay_image, data=data, first=first, before=labels, out=out, round=round)
        found = map_images(one, work, "corrections")
    done = list(found)
    if settings.expansion.fills and not any(part.auto.pixels for part in done if part.auto):
        print(
            f"No pixel was filled: correct.expansion.{settings.expansion.name} found none without a label that the network is sure "
            "enough of. A network that was taught nothing of a class says it nowhere: see `against`, and train.network head: embedding.",
            flush=True,
        )
    if settings.expansion.name == "none" and any(len(answer.classes) > 1 for answer in new):
        print(
            "Sets of classes change no label here: the loss `partial` learns from them (train.loss), and the expansion `prototypes` "
            "finds which pixel is which (correct.expansion).",
            flush=True,
        )
    rows = sorted((r for part in done for r in part.rows), key=lambda r: rank.get(r["query"], -1))
    auto = [r for part in done for r in part.auto_rows]
    table = history.join(rows_before, history.table([*rows, *auto]))
    valid = latest([*before, *new])
    write(out / "answers.jsonl", valid)
    carry_objects(first, out)
    carry_trust(first, out, samples, by_image(valid), data.classes)
    history.write(out, table)
    numbers = figures(asked, rows, done, data, len(told) - len(new))
    made = total([part.asked for part in done if part.asked], len(data.classes))
    known = numbers["pixels_fixed"] is not None
    came = [outcome(one, asked, rows, made, known) for one in read_forecasts(queries / "forecast.json")]
    write_forecasts(out / "forecasts.json", [*read_forecasts(labels / "forecasts.json"), *came])
    totals = {f"{name}_total": fsum(table[name].to_pylist()) for name in ("clicks", "seconds")}
    return numbers | totals


def outcome(
    forecast: Forecast, asked: list[Query], rows: list[dict[str, Any]], made: Change, with_truth: bool
) -> Forecast:
    """A round's forecast with what came of it: of this round's questions, those that were answered."""
    names = {query.query for query in asked}
    told = [row for row in rows if row["query"] in names]
    came: dict[str, Any] = {"answered": len(told), "clicks": fsum(row["clicks"] for row in told)}
    came |= {"changed": made.pixels, "fixed": (made.fixed or 0) - (made.broken or 0) if with_truth else None}
    if len(told) < len(asked):
        came["expected"] = round(forecast.experience * fsum(row["expected"] or 0 for row in told), 1)
    return forecast.model_copy(update=came)


def untrained(model: Path) -> bool:
    from segmend.network.segmenter import (
        is_trained,  # here, so that rounds without sieving and expansion do not load torch
    )

    return not is_trained(model)


def by_image(items: list[Any]) -> defaultdict[str, list[Any]]:
    found = defaultdict(list)
    for item in items:
        found[item.image].append(item)
    return found


def check_images(given: list[Answer], asked: list[Query], path: Path) -> None:
    """Raise ValueError where an answer to one of this round's queries is about another image."""
    images = {query.query: query.image for query in asked}
    for answer in given:
        if images.get(answer.query, answer.image) != answer.image:
            raise ValueError(
                f"{path}: the answer to {answer.query} is about {answer.image}, but the query is about "
                f"{images[answer.query]}; copy image and footprint from the query"
            )


def figures(
    asked: list[Query], rows: list[dict[str, Any]], done: list[Done], data: Dataset, left_over: int
) -> dict[str, Any]:
    """The round's numbers; pixels fixed and broken are counted where the truth is known."""
    names, kinds = {query.query for query in asked}, Counter(r["kind"] for r in rows)
    late = sum(r["query"] not in names for r in rows)
    answered = Counter(r["answer"] for r in rows if r["kind"] == "class")
    by_people = total([part.change for part in done], len(data.classes))
    auto = total([part.auto for part in done if part.auto], len(data.classes))
    empty = sum(part.empty for part in done)
    with_truth = bool(data.with_truth & {r["image"] for r in rows}) or (bool(data.with_truth) and not rows)
    return {
        "asked": len(asked),
        "answered": len(rows) - late,
        "late": late,
        "unanswered": len(asked) - len(rows) + late,
        "left_over": left_over,
        "confirmed": kinds["confirm"],
        "changed": kinds["class"] + kinds["mask"],
        "skipped": kinds["skip"],
        "class_sets": kinds["class_set"],
        "clicks": fsum(r["clicks"] for r in rows),
        "seconds": fsum(r["seconds"] for r in rows),
        "pixels_changed": int(by_people.changed_to.sum()),
        "pixels_fixed": (by_people.fixed or 0) if with_truth else None,
        "pixels_broken": (by_people.broken or 0) if with_truth else None,
        **({} if with_truth else {"why_no_fixed": "no corrected image has a known truth"}),
        "pixels_sieved": sum(part.sieved for part in done),
        **({"auto_empty": empty, "auto_coverage": auto.pixels / empty} if empty else {}),
        **agreement(done, auto.changed_to, data.classes),
        "auto_changed": auto.pixels,
        "auto_fixed": (auto.fixed or 0) if data.with_truth else None,
        "auto_broken": (auto.broken or 0) if data.with_truth else None,
        **{f"answered/{name}": answered[name] for name in data.classes},
        **{f"changed_to/{name}": int(by_people.changed_to[k]) for k, name in enumerate(data.classes)},
        **{f"auto_changed_to/{name}": int(auto.changed_to[k]) for k, name in enumerate(data.classes)},
    }


def agreement(done: list[Done], filled: Int64[np.ndarray, " classes"], classes: tuple[str, ...]) -> dict[str, Any]:
    """Where views were compared: pixels that one alone would fill, by class, and the share of them that all agree on."""
    every = [part.alone for part in done if part.alone is not None]
    if not every:
        return {}
    alone = np.sum(every, axis=0)
    shares = {f"auto_agreed/{name}": filled[k] / alone[k] for k, name in enumerate(classes) if alone[k]}
    return {f"auto_candidates/{name}": int(alone[k]) for k, name in enumerate(classes)} | shares


if __name__ == "__main__":
    raise SystemExit(correct())
