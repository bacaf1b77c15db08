"""Apply answers to the labels.

labels/maps/<id>.png    the label maps of the train and val images: first labels with all answers so far painted over
labels/answers.jsonl    all answers so far, one per query, in the order they are applied
labels/history.parquet  what each answer changed, who gave it and what it cost (tasks/history.py)

The answers of a round are: what the answers file holds, late answers to earlier queries included (each is applied over its
own footprint and replaces an earlier answer to its query), and for the rest what the oracle says.
"""

from collections import Counter, defaultdict
from functools import partial
from math import fsum
from pathlib import Path
from shutil import copyfile
from typing import Any, NamedTuple

import numpy as np

from tasks import history
from tasks.answers import Answer, Query, Verdict, latest, pixels, read, read_queries, write
from tasks.correct.apply import apply, name_of
from tasks.correct.settings import Params
from tasks.dataset import Dataset, Labels, Sample
from tasks.parallel import map_images
from tasks.rasters import LabelMap, is_class
from tasks.run import Waiting, stage


class Work(NamedTuple):
    """One image's part of a round."""

    sample: Sample
    before: list[Answer]  # answers applied by earlier rounds
    given: list[Answer]  # from the answers file, late ones included
    queries: list[Query]  # this round's


class Done(NamedTuple):
    """What came of it."""

    answers: list[Answer]  # this round's, late ones first, then in the order of asking
    rows: list[dict[str, Any]]  # history
    changed_to: np.ndarray  # int64 (K,): pixels that changed, by their new class
    fixed: int | None  # pixels that became right; None where the truth is not known
    broken: int | None


def correct_image(work: Work, *, data: Dataset, paths: dict[str, Path], settings: Params, round: str) -> Done:
    """Answer what is open, replay all answers over the first labels, write the map."""
    identifier, classes = work.sample.id, data.classes
    first, current, out = (Labels(paths[name]) for name in ("first", "labels", "out"))
    if not (work.given or work.queries):  # nothing new: the map of the round before is the replay of the same answers
        out.path(identifier).parent.mkdir(parents=True, exist_ok=True)
        copyfile(current.path(identifier), out.path(identifier))
        return Done([], [], np.zeros(len(classes), np.int64), 0, 0)
    old, truth = current[identifier], data.truth(identifier)
    told = {answer.query: answer for answer in work.given}
    still = [query for query in work.queries if query.query not in told]
    for query, verdict in zip(still, settings.oracle(still, old, truth), strict=True):
        if verdict is not None:
            told[query.query] = simulated(query, verdict, classes)
    asked = {query.query: query for query in work.queries}
    new = [told[name] for name in told if name not in asked] + [told[name] for name in asked if name in told]
    new = [priced(answer, settings, len(classes)) for answer in new]
    fresh, labels, rows = {answer.query for answer in new}, first[identifier], []
    for answer in latest([*work.before, *new]):
        apply(labels, answer, classes)
        if answer.query in fresh:
            rows.append(row(answer, asked.get(answer.query), old, labels, classes, round))
    out.write(identifier, labels, data.card)
    moved = labels != old
    changed_to = np.bincount(labels[moved & is_class(labels)], minlength=len(classes))
    if truth is None:
        return Done(new, rows, changed_to, None, None)
    moved &= is_class(truth)
    return Done(new, rows, changed_to, int((moved & (labels == truth)).sum()), int((moved & (old == truth)).sum()))


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


def priced(answer: Answer, settings: Params, classes: int) -> Answer:
    """The answer with clicks and seconds: its own where it says them, else the cost model's."""
    clicks, seconds = settings.cost(answer.kind, len(answer.classes), classes)
    said = {"clicks": answer.clicks, "seconds": answer.seconds}
    cost = {"clicks": clicks, "seconds": seconds} | {name: value for name, value in said.items() if value is not None}
    return answer.model_copy(update=cost)


def row(
    answer: Answer, query: Query | None, old: LabelMap, labels: LabelMap, classes: tuple[str, ...], round: str
) -> dict[str, Any]:
    """One line of the history: `old` are the labels of the round before, `labels` those after this answer."""
    places = pixels(answer.footprint)
    was, now = old.ravel()[places], labels.ravel()[places]
    before = name_of(was, classes)
    return {
        "round": round,
        "query": answer.query,
        "image": answer.image,
        "region": query.region if query else -1,
        "kind": answer.kind,
        "who": answer.who,
        "shown": query.shown if query else before,
        "answer": "|".join(answer.classes) or None,
        "old": before,
        "new": name_of(now, classes),
        "pixels": len(places),
        "changed": int((was != now).sum()),
        "clicks": answer.clicks,
        "seconds": answer.seconds,
    }


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
    out: Path,
) -> dict:
    """Apply the round's answers to the labels and write what changed."""
    data = Dataset(dataset, truth)
    samples = list(data.of("train", "val"))
    sizes = {sample.id: (sample.height, sample.width) for sample in samples if sample.split == "train"}
    asked = read_queries(queries)
    given = latest(read(answers, data.classes, sizes)) if answers.is_file() else []
    check_images(given, asked, answers)
    named = {answer.query for answer in given}
    open_ = [
        q for q in asked if q.query not in named and not (settings.oracle.simulated and q.image in data.with_truth)
    ]
    wait = settings.oracle.waiting(len(open_), len(asked), str(answers), str(queries))
    if wait:
        raise Waiting(wait)
    before, history_before = read(labels / "answers.jsonl"), history.read(labels)
    parts = [by_image(before), by_image(given), by_image(asked)]
    work = [Work(sample, *(part[sample.id] for part in parts)) for sample in samples]
    paths = {"first": first, "labels": labels, "out": out}
    one = partial(correct_image, data=data, paths=paths, settings=settings, round=round)
    done = list(map_images(one, work, "corrections"))
    rank = {query.query: query.rank for query in asked}
    new = sorted((a for part in done for a in part.answers), key=lambda a: rank.get(a.query, -1))
    rows = sorted((r for part in done for r in part.rows), key=lambda r: rank.get(r["query"], -1))
    table = history.join(history_before, history.table(rows))
    write(out / "answers.jsonl", latest([*before, *new]))
    history.write(out, table)
    totals = {f"{name}_total": fsum(table[name].to_pylist()) for name in ("clicks", "seconds")}
    return figures(asked, rows, done, data) | totals


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


def figures(asked: list[Query], rows: list[dict[str, Any]], done: list[Done], data: Dataset) -> dict[str, Any]:
    """The round's numbers; pixels fixed and broken are counted where the truth is known."""
    names, kinds = {query.query for query in asked}, Counter(r["kind"] for r in rows)
    late = sum(r["query"] not in names for r in rows)
    answered = Counter(r["answer"] for r in rows if r["kind"] == "class")
    changed_to = sum((part.changed_to for part in done), np.zeros(len(data.classes), np.int64))
    with_truth = bool(data.with_truth & {r["image"] for r in rows}) or (bool(data.with_truth) and not rows)
    return {
        "asked": len(asked),
        "answered": len(rows) - late,
        "late": late,
        "unanswered": len(asked) - len(rows) + late,
        "confirmed": kinds["confirm"],
        "changed": kinds["class"] + kinds["mask"],
        "skipped": kinds["skip"],
        "class_sets": kinds["class_set"],
        "clicks": fsum(r["clicks"] for r in rows),
        "seconds": fsum(r["seconds"] for r in rows),
        "pixels_changed": int(changed_to.sum()),
        "pixels_fixed": sum(part.fixed or 0 for part in done) if with_truth else None,
        "pixels_broken": sum(part.broken or 0 for part in done) if with_truth else None,
        **({} if with_truth else {"why_no_fixed": "no corrected image has a known truth"}),
        **{f"answered/{name}": answered[name] for name in data.classes},
        **{f"changed_to/{name}": int(changed_to[k]) for k, name in enumerate(data.classes)},
    }


if __name__ == "__main__":
    raise SystemExit(correct())
