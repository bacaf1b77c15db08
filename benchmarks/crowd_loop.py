"""Several people per question inside the loop: when is a second opinion worth its clicks, and who is believed to be how reliable?

    nice -n 15 python -m benchmarks.crowd_loop

Simulated people answer the questions of a first round (default acquisition and merging, the network of round 0), at equal clicks: with
overlap 1 they answer three times as many questions as with overlap 3. Rows are kept in results/crowd_loop.jsonl, one per seed, crowd,
budget and arm.
"""

from json import loads
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np

from benchmarks.claims import arguments, cells
from benchmarks.crowd_loop_page import write_page
from benchmarks.rounds_in_process import Cell, merged
from segmend.answers.answers import Answer, read, read_queries
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import VOID, is_class
from segmend.stage.params import validated
from tasks.correct.__main__ import correct
from tasks.correct.oracles.ground_truth import GroundTruth
from tasks.correct.settings import Params

SEEDS, BUDGETS = (0, 1, 2), ("6%",)
# Slices of which more than 35 % is brain, and half the epochs of experiments/brain.yaml: a cell takes seconds, a start a minute.
SMALL = {
    "ingest": {"data": "brain", "format": {"name": "brain", "brain": {"least": 0.35}}},
    "superpixelize": {"method": {"name": "slic", "slic": {"regions": 400, "sigma": 0}}},
    "train": {"epochs": 6},
    "query": {"unit": "clicks"},
}
NETWORK = 0.8


def crowds() -> dict[str, list[dict[str, Any]]]:
    """The people: three of different accuracy, one of whom takes a class for another, and a spammer; and three careful ones."""
    three = [
        {"name": "ada", "accuracy": 0.95},
        {"name": "ben", "accuracy": 0.8, "confuses": {"grey matter": "white matter"}},
        {"name": "cem", "accuracy": 0.6},
    ]
    return {
        "mixed": [*three, {"name": "dan", "spams": "random"}],
        "careful": [{"name": name, "accuracy": 0.95} for name in ("ada", "ben", "cem")],
    }


# An arm is how questions are given out, who aggregates, and whether the network is a prior.
ARMS: dict[str, dict[str, Any]] = {"1": {"overlap": 1}}
for overlap in (2, 3, "adaptive"):
    for name in ("majority", "dawid_skene", "belief_propagation"):
        ARMS[f"{overlap} {name}"] = {"overlap": overlap, "aggregator": {"name": name}}
    ARMS[f"{overlap} belief_propagation, network"] = {
        "overlap": overlap,
        "aggregator": {"name": "belief_propagation"},
        "network": NETWORK,
    }


def measure(seed: int, crowd: str, budget: str, arm: str) -> dict[str, Any]:
    """Wrong pixels before and after, and each person's estimated reliability beside the true one."""
    cell = Cell("brain", seed, "crowd", SMALL)
    cell.ready()
    queries, out = cell.base / f"crowd-queries-{budget}", cell.base / "crowd-labels"
    fixed, first = cell.fixed, cell.start / "labels/r0"
    model = cell.start / "models/r0"
    if not (queries / "budget.json").is_file():
        cell.run(
            "query", round="r1", dataset=fixed["dataset"], regions=cell.base / "regions", labels=first, model=model,
            out=queries, budget=budget,
        )  # fmt: skip
    people = {"oracle": {"name": "ground_truth", "ground_truth": {"people": crowds()[crowd]}}}
    settings = validated(Params, merged({"expansion": {"name": "none"}}, people, ARMS[arm]), "correct")
    rmtree(out, ignore_errors=True)
    numbers = correct.stage(
        settings, seed, round="r1", **fixed, first=first, labels=first, queries=queries, answers=Path("none.jsonl"),
        regions=cell.base / "regions", model=model, out=out,
    )  # fmt: skip
    data_set = Dataset(fixed["dataset"], fixed["truth"])
    row = {"before": wrong(data_set, first), "after": wrong(data_set, out), "clicks": numbers["clicks"]}
    row |= {"questions": numbers["answered"], "people": people_of(data_set, out, queries, first, seed)}
    rmtree(out)
    return row


def wrong(data: Dataset, labels: Path) -> int:
    """Pixels of the train images that do not carry their true class."""
    count = 0
    for sample in data.of("train"):
        truth, maps = data.truth(sample.id), Labels(labels)[sample.id]
        if truth is not None:
            count += int((is_class(truth) & (maps != truth) & (maps != VOID)).sum())
    return count


def people_of(data: Dataset, out: Path, queries: Path, first: Path, seed: int) -> list[dict[str, Any]]:
    """Rows of people.json with the share of answers that are what an annotator without mistakes would have said."""
    asked = {query.identity: query for query in read_queries(queries)}
    shared = read(out / "individual_answers.jsonl")
    known = {answer.identity for answer in shared}
    given = [*shared, *(each for each in read(out / "answers.jsonl") if each.identity not in known)]
    right: dict[str, list[bool]] = {}
    by_image: dict[str, list[Answer]] = {}
    for answer in given:
        by_image.setdefault(answer.image, []).append(answer)
    for image, answers in by_image.items():
        truth, labels = data.truth(image), Labels(first)[image]
        for answer in answers:
            query = asked[answer.identity]
            verdict = GroundTruth()([query], labels, truth, data.classes, seed)[0]
            if verdict is None or "skip" in (verdict.kind, answer.kind):
                continue
            true = (query.shown,) if verdict.kind == "confirm" else tuple(data.classes[k] for k in verdict.classes)
            right.setdefault(answer.who, []).append(answer.classes == true)
    rows = loads((out / "people.json").read_text())
    return [
        {
            "who": row["who"].removeprefix("simulated:"),
            "answers": row["answers"],
            "compared": row["compared"],
            "estimated": row["reliability"],
            "low": row["low"],
            "high": row["high"],
            "true": round(float(np.mean(right[row["who"]])), 4) if right.get(row["who"]) else None,
        }
        for row in rows
    ]


def main() -> None:
    arguments("crowd_loop", __doc__)
    wanted = [
        {"seed": seed, "crowd": crowd, "budget": budget, "arm": arm}
        for seed in SEEDS
        for crowd in crowds()
        for budget in BUDGETS
        for arm in ARMS
    ]
    write_page(cells("crowd_loop", wanted, measure))


if __name__ == "__main__":
    main()
