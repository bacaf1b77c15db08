"""Choose the regions to ask about next.

queries/queries.jsonl      the questions, best first (segmend/answers/answers.py: Query)
queries/budget.json        what the round may spend: {"unit": "regions" or "clicks", "allowed": number}
queries/forecast.json      what its answers are expected to fix (segmend/answers/forecasts.py)
queries/utilities.parquet  image, region, area, utility, expected, asked_before: every region of the train split
queries/queries.png        the first questions as pictures
queries/regions/           the region maps that were asked about; only where `merging` made them from the base cells

Train images are asked about, and base cells of val images as far as `val` says; no region thinner than `thinnest`. A region counts as
asked before when the footprints of all earlier answers together cover more than half of it, so the rule holds when regions are
made anew. Regions whose labels are mostly void are never asked.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from json import dumps
from math import ceil
from pathlib import Path
from re import fullmatch
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from jaxtyping import Bool, Int32

from segmend.answers import forecasts, history
from segmend.answers.answers import Answer, Query, RoundBudget, decode, encode_pixels, pixels, read, write_queries
from segmend.answers.forecasts import Forecast
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import UNLABELLED, VOID, Maps, RegionMap, write_maps
from segmend.images.region_table import RegionTable, Scene, joined, rows_of
from segmend.images.regions import areas, count, thickness
from segmend.network.inference import stream
from segmend.network.segmenter import is_trained
from segmend.stage import events
from segmend.stage.command import stage
from segmend.stage.freed_memory import give_back
from segmend.stage.params import validated
from tasks.query.acquisitions import _expected_fix
from tasks.query.contact_sheet import View, sheet
from tasks.query.ranking import allowance, by_area, drawn, ranked, share_of_chance, spaced
from tasks.query.settings import Params

PICTURES = 24  # questions on the contact sheet
AHEAD = 1000  # questions after this round whose worth is forecast


def asked_before(regions: RegionMap, answers: list[Answer]) -> Int32[np.ndarray, " k"]:
    """1 where the earlier answers together cover more than half of a region, else 0."""
    covered = np.zeros(regions.size, bool)
    for answer in answers:
        covered[pixels(answer.footprint)] = True
    sizes = areas(regions)
    inside = np.bincount(regions.ravel()[covered] + 1, minlength=len(sizes) + 1)[1:]
    return (2 * inside > sizes).astype(np.int32)


class AskedRegions:
    """The region table of a split, and the region maps it is about. Only regions of the train split are merged."""

    def __init__(
        self, settings: Params, data: Dataset, base: Maps, labels: Labels, model: Path, out: Path, split: str = "train"
    ):
        self.trained = is_trained(model)
        self.cells = (
            0  # base cells: of the train split they are what a budget in percent counts, however they are merged
        )
        samples, parts = list(data.of(split)), list[dict[str, np.ndarray]]()
        plain = settings.merging.name == "none" or not self.trained or split != "train"
        before = defaultdict(list)
        opinions = None
        if split == "train" and (labels.folder / "opinions").is_dir():  # the corrector sees train images alone
            opinions = Maps(labels.folder / "opinions")
        for answer in read(labels.folder / "answers.jsonl"):
            before[answer.image].append(answer)

        def scenes() -> Iterator[tuple[str, RegionMap]]:
            """One pass over the train images: probabilities are measured and dropped."""
            for index, (sample, probabilities) in enumerate(stream(model, data, samples)):
                give_back()
                cells = base[sample.id]
                opinion = opinions[sample.id].astype(np.float32) / 255 if opinions is not None else None
                scene = Scene(probabilities, labels[sample.id], cells, labels.objects(sample.id), opinion, cells)
                self.cells += count(scene.regions)
                merged = scene.regions if plain else settings.merging(scene)
                scene = scene.over(merged)
                columns = settings.acquisition.measure(scene) | {"gain": _expected_fix.total(scene)}
                columns["thickness"] = thickness(merged, settings.thinnest)
                parts.append(rows_of(index, scene, asked_before(merged, before[sample.id]), columns))
                yield sample.id, merged

        if plain:
            for _ in scenes():
                pass
            self.maps = base
        else:
            write_maps(out / "regions", scenes(), len(samples))
            self.maps = Maps(out / "regions")
        self.table: RegionTable = joined(tuple(sample.id for sample in samples), parts)


def questions(
    round: str,
    kind: str,
    asked: AskedRegions,
    chosen: np.ndarray,
    chance: np.ndarray,
    ranks: np.ndarray,
    utilities: np.ndarray,
    expected: np.ndarray,
    data: Dataset,
) -> list[Query]:
    """The chosen rows as queries, in the order of their ranks in the round; each image's region map is read once."""
    classes, hashes = data.classes, {sample.id: sample.image_sha256 for sample in data.of("train", "val")}
    table, made = asked.table, dict[int, Query]()
    digits = max(5, len(str(ranks.max(initial=0) + 1)))
    for image in np.unique(table.image[chosen]):
        identifier = table.images[image]
        cells = asked.maps[identifier]
        by_region = np.argsort(cells, axis=None, kind="stable")
        ends = np.searchsorted(cells.ravel()[by_region], np.arange(cells.max() + 2))
        for place in np.flatnonzero(table.image[chosen] == image):
            n, rank = chosen[place], ranks[place]
            made[int(rank)] = Query(
                query=f"{round}-{rank + 1:0{digits}d}",
                image=identifier,
                region=int(table.region[n]),
                rank=int(rank),
                kind=kind,  # type: ignore[arg-type]  # checked by Query
                shown=None if table.shown[n] == UNLABELLED else classes[table.shown[n]],
                predicted=classes[table.predicted[n]],
                footprint=encode_pixels(by_region[ends[table.region[n]] : ends[table.region[n] + 1]], cells.shape),
                area=int(table.area[n]),
                row=int(table.row[n]),
                column=int(table.column[n]),
                utility=float(utilities[n]),
                expected=None if kind == "multiclass" else tenth(expected[n]),
                confidence=float(np.round(table.means[n, table.predicted[n]].clip(0, 1), 4)),
                chance=float(np.round(chance[place], 8)) or None,
                image_sha256=hashes[identifier],
            )
    return [made[rank] for rank in sorted(made)]


def tenth(value: float) -> float:
    """A tenth of a pixel is precise enough to read."""
    return float(np.round(value, 1))


def draw(queries: list[Query], data: Dataset, labels: Labels, path: Path) -> None:
    views = [
        View(f"{q.query}  {q.image}", data.image(q.image), labels[q.image], decode(q.footprint), q.shown, q.predicted)
        for q in queries[:PICTURES]
    ]
    sheet(views, data.card).save(path, format="PNG", compress_level=9)
    events.artifact(path, "figures")


def write_utilities(path: Path, table: RegionTable, utilities: np.ndarray, expected: np.ndarray) -> None:
    names = pa.DictionaryArray.from_arrays(pa.array(table.image), pa.array(table.images, pa.string()))
    columns = {
        "image": names.cast(pa.string()),
        "region": table.region,
        "area": table.area,
        "utility": utilities,
        "expected": expected,
        "asked_before": table.asked,
    }
    parquet.write_table(pa.table(columns), path)


class FromVal(NamedTuple):
    """What chance drew from the val split."""

    asked: AskedRegions | None
    chosen: np.ndarray  # rows of its table
    chance: np.ndarray


def from_val(
    settings: Params,
    number: int,
    data: Dataset,
    base: Maps,
    labels: Labels,
    model: Path,
    out: Path,
    rng: np.random.Generator,
) -> FromVal:
    """`number` base cells of the val split that were not asked before, drawn in proportion to area."""
    if not number or not any(data.of("val")):
        return FromVal(None, np.zeros(0, np.int64), np.zeros(0))
    asked = AskedRegions(settings, data, base, labels, model, out, "val")
    return FromVal(asked, *by_area(np.flatnonzero(may_be_asked(asked.table, settings)), asked.table.area, number, rng))


def may_be_asked(table: RegionTable, settings: Params) -> Bool[np.ndarray, " n"]:
    return (table.asked == 0) & (table.shown != VOID) & (table.columns["thickness"] >= settings.thinnest)


@stage
def query(
    settings: Params,
    seed: int,
    *,
    round: str,
    budget: str,
    dataset: Path,
    regions: Path,
    labels: Path,
    model: Path,
    out: Path,
) -> dict:
    """Choose the regions to ask about next and write the questions with pictures. --budget is a count of `query.unit` (500) or
    a share of all base cells of the train split (5%)."""
    if not fullmatch(r"r[1-9]\d*", round):
        raise ValueError(f"--round is '{round}': r1, r2, ... are allowed")
    may_spend = validated(RoundBudget, int(budget) if budget.isdigit() else budget, "--budget")
    data, current = Dataset(dataset), Labels(labels)
    if not any(data.of("train")):
        raise ValueError(f"{dataset} has no train images to ask about: see the splits in samples.csv")
    out.mkdir(parents=True, exist_ok=True)
    asked = AskedRegions(settings, data, Maps(regions), current, model, out)
    table, rng = asked.table, np.random.default_rng([seed, int(round[1:])])
    past = history.read(labels)
    table = replace(table, repeats=_expected_fix.repeated(past))
    utilities = settings.acquisition(table, rng) if asked.trained else rng.random(len(table))
    if not asked.trained:
        print("Nothing was labelled, so the network is untrained: this round asks at random.", flush=True)
    with_forecast = settings.kind != "multiclass"  # forecasts are of answers that name one class
    experience = _expected_fix.experience(past, settings.kind)
    expected = _expected_fix.pixels(table, settings.kind)  # by the network; the sums below are corrected by experience
    open_ = may_be_asked(table, settings)
    order = ranked(utilities, open_, rng)
    allowed = allowance(may_spend, asked.cells)
    number = ceil(allowed - 1e-9)
    share = share_of_chance(past, settings.random, settings.random_least)
    of_val = from_val(settings, ceil(settings.val * number - 1e-9), data, Maps(regions), current, model, out, rng)
    chosen, chance = drawn(order, table.area, number - len(of_val.chosen), share, rng)
    later = order[~np.isin(order, chosen)]
    val_ranks, ranks = spaced(len(of_val.chosen), len(chosen) + len(of_val.chosen))
    made = questions(round, settings.kind, asked, chosen, chance, ranks, utilities, expected, data)
    gain = expected[chosen].sum()
    if of_val.asked:
        there = _expected_fix.pixels(of_val.asked.table, settings.kind)
        none = np.zeros(len(there))
        made += questions(
            round, settings.kind, of_val.asked, of_val.chosen, of_val.chance, val_ranks, none, there, data
        )
        made.sort(key=lambda each: each.rank)
        gain += there[of_val.chosen].sum()
    forecast = Forecast(round=round, questions=len(made), expected=tenth(experience * gain), experience=experience)
    write_queries(out, made)
    if with_forecast:
        forecasts.write(out / "forecast.json", [forecast])
    (out / "budget.json").write_text(dumps({"unit": settings.unit, "allowed": allowed}) + "\n")
    write_utilities(out / "utilities.parquet", table, utilities, expected)
    draw(made, data, current, out / "queries.png")
    shown, predicted = Counter(q.shown for q in made), Counter(q.predicted for q in made)
    return {
        "asked": len(made),
        "asked_at_random": int((chance > 0).sum()),
        "asked_val": len(of_val.chosen),
        "budget": allowed,
        "cells": asked.cells,
        "regions": len(table),
        "regions_open": int(open_.sum()),
        "asked_pixels": int(table.area[chosen].sum()),
        "expected_fixed": forecast.expected if with_forecast else None,
        "experience": experience,
        "repeats": table.repeats,
        "ahead": min(AHEAD, len(later)),
        "ahead_fixed": tenth(experience * expected[later[:AHEAD]].sum()) if with_forecast else None,
        "shown/unlabelled": shown[None],
        **{f"shown/{name}": shown[name] for name in data.classes},
        **{f"predicted/{name}": predicted[name] for name in data.classes},
    }


if __name__ == "__main__":
    raise SystemExit(query())
