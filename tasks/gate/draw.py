"""Draw questions whose answers judge label sets and are applied to none: `segmend promote --labels --ask N`.

python -m tasks.gate.draw --dataset D --regions R --labels data/labels/r2 --number 200 --out data/answers/held_out/1 [--before FOLDER ...]

<out>/queries.jsonl    the questions in random order, each with the probability of being drawn (`chance`)
<out>/about.json       the label set that the page shows, and the file that takes the answers, beside the questions

Base cells of the train images are drawn in proportion to their area, by systematic sampling in random order (Madow, On the Theory of
Systematic Sampling, 1949): cell i of area a_i with probability exactly n a_i / A, or 1 where that is 1 or more. Left out are cells
that are void for the most part, cells of which earlier answers cover more than half, and those that an earlier draw holds. The order
is random, so a first part of the answers is a draw of its own.
"""

from collections import defaultdict
from json import dumps
from pathlib import Path
from sys import exit as leave
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from segmend.answers.answers import Answer, Query, encode_pixels, pixels, read, read_queries, write_queries
from segmend.images.dataset import Dataset, Labels, Sample
from segmend.images.rasters import UNLABELLED, VOID, LabelMap, Maps, RegionMap
from segmend.images.regions import areas
from segmend.stage.command import user_mistakes
from segmend.stage.params import seed
from tasks.gate.held_out import held_by

ANSWERS = "answers.jsonl"


class Frame(NamedTuple):
    """The cells that may be drawn, one row each."""

    image: Int64[np.ndarray, " n"]
    region: Int64[np.ndarray, " n"]
    area: Int64[np.ndarray, " n"]


def by_area(
    area: Int64[np.ndarray, " n"], number: int, rng: np.random.Generator
) -> tuple[Int64[np.ndarray, " q"], Float64[np.ndarray, " q"]]:
    """`number` rows (all, where there are fewer) in random order, drawn in proportion to area, and the probability of each."""
    certain = np.zeros(len(area), bool)
    left = min(number, len(area))
    while left and (large := ~certain & (area * left >= area[~certain].sum())).any():
        certain |= large
        left = min(number, len(area)) - int(certain.sum())
    rows, chance = np.flatnonzero(certain), np.ones(int(certain.sum()))
    if left:
        others = rng.permutation(np.flatnonzero(~certain))
        ends = np.cumsum(area[others])
        marks = (rng.random() + np.arange(left)) * (ends[-1] / left)
        lucky = others[np.minimum(np.searchsorted(ends, marks, side="right"), len(others) - 1)]
        rows, chance = np.concatenate([rows, lucky]), np.concatenate([chance, left * area[lucky] / ends[-1]])
    order = rng.permutation(len(rows))
    return rows[order], chance[order]


def frame(samples: list[Sample], regions: Maps, labels: Labels, before: dict[str, list[np.ndarray]]) -> Frame:
    """The cells that may be drawn; `before` are the pixels of earlier answers and draws, by image."""
    parts = []
    for index, sample in enumerate(samples):
        cells: RegionMap = regions[sample.id]
        void = inside(cells, labels[sample.id].ravel() == VOID)
        asked = np.zeros(cells.size, bool)
        for flat in before[sample.id]:
            asked[flat] = True
        area = areas(cells)
        open_ = np.flatnonzero((2 * inside(cells, asked) <= area) & (2 * void <= area) & (area > 0))
        parts.append(np.stack([np.full(len(open_), index), open_, area[open_]]))
    joined = np.concatenate(parts, axis=1) if parts else np.zeros((3, 0), np.int64)
    return Frame(*joined.astype(np.int64))


def inside(cells: RegionMap, mask: np.ndarray) -> Int64[np.ndarray, " k"]:
    """How many pixels of each cell are in a flat mask."""
    return np.bincount(cells.ravel()[mask] + 1, minlength=int(cells.max(initial=-1)) + 2)[1:].astype(np.int64)


def draw(
    data: Dataset, regions: Maps, labels: Labels, before: dict[str, list[np.ndarray]], number: int, name: str, seed: int
) -> list[Query]:
    """The questions, named held-NAME-00001 and so on."""
    samples = [sample for sample in data.of("train") if held_by([labels], sample)]
    cells, rng = frame(samples, regions, labels, before), np.random.default_rng(seed)
    rows, chance = by_area(cells.area, number, rng)
    made: dict[int, Query] = {}
    for index in np.unique(cells.image[rows]):
        sample = samples[index]
        flat, shown = regions[sample.id].ravel(), labels[sample.id]
        for rank in np.flatnonzero(cells.image[rows] == index):
            own = np.flatnonzero(flat == cells.region[rows[rank]])
            made[int(rank)] = question(
                f"held-{name}-{rank + 1:05d}",
                sample,
                int(rank),
                int(cells.region[rows[rank]]),
                own,
                shown,
                float(chance[rank]),
                data.classes,
            )
    return [made[rank] for rank in sorted(made)]


def question(
    name: str,
    sample: Sample,
    rank: int,
    region: int,
    own: Int64[np.ndarray, " n"],
    labels: LabelMap,
    chance: float,
    classes: tuple[str, ...],
) -> Query:
    """What is asked of a cell: is the label that most of it carries, void left out, right?"""
    most = int(np.bincount(labels.ravel()[own], minlength=256)[:VOID].argmax())
    shown = None if most == UNLABELLED else classes[most]
    row, column = divmod(int(own[len(own) // 2]), sample.width)
    return Query(
        query=name, image=sample.id, region=region, rank=rank, kind="correction", shown=shown, predicted=shown or classes[0],
        footprint=encode_pixels(own, (sample.height, sample.width)), area=len(own), row=row, column=column, utility=0.0,
        chance=chance, image_sha256=sample.image_sha256,
    )  # fmt: skip


def known(labels: Path, folders: list[Path]) -> dict[str, list[np.ndarray]]:
    """The pixels of the answers of a label set, and of the questions of earlier draws, by image."""
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    items: list[Answer | Query] = [answer for answer in read(labels / ANSWERS) if answer.kind != "skip"]
    for folder in folders:
        items += read_queries(folder)
    for item in items:
        found[item.image].append(pixels(item.footprint))
    return found


@user_mistakes
def main() -> int:
    from argparse import ArgumentParser

    parser = ArgumentParser("python -m tasks.gate.draw", description=(__doc__ or "").splitlines()[0])
    for option in ("dataset", "regions", "labels", "out"):
        parser.add_argument(f"--{option}", type=Path, required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--before", type=Path, action="append", default=[])
    given = parser.parse_args()
    before = known(given.labels, given.before)
    made = draw(
        Dataset(given.dataset),
        Maps(given.regions),
        Labels(given.labels),
        before,
        given.number,
        given.out.name,
        seed() + len(given.before),
    )
    if not made:
        raise ValueError("Every region is void or has been asked about already: there is nothing left to draw")
    about = {"labels": given.labels.name, "answers": str(given.out / ANSWERS)}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "about.json").write_text(dumps(about) + "\n", encoding="utf-8")
    write_queries(given.out, made)  # last: without about.json their answers would go to a round, which applies them
    return 0


if __name__ == "__main__":
    leave(main())
