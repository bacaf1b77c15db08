"""What an audit found, put together over the images, and its tables: JSON for programs, CSV for people.

Memory: a row an image, a row a major or minor finding, and the pixels of the findings that are shown or asked about. Borderline
findings are counted, not listed.
"""

from collections import defaultdict
from collections.abc import Iterable
from csv import writer
from heapq import heappush, heapreplace
from json import dumps
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from segmend.answers.answers import Footprint, encode_pixels
from segmend.images.dataset import Sample
from segmend.images.rasters import LabelMap
from segmend.metrics.confident_learning import Joint
from tasks.audit.duplicates import Duplicate
from tasks.audit.findings import Looked

SYSTEMATIC_IMAGES, SYSTEMATIC_SHARE = 3, 0.02  # a pair of classes is systematic from these on
RANK = {"major": 0, "minor": 1}


class Finding(NamedTuple):
    """A major or minor finding."""

    score: float  # mean lead times the image's reliability; findings of equal severity are ranked by it
    image: str
    split: str
    number: int  # in its image, from 0
    severity: str
    label: int
    proposed: int
    area: int
    gain: float  # pixels that its correction is expected to put right
    lead: float
    quality: float
    box: tuple[int, int, int, int]  # top, left, height, width
    row: int  # a pixel of it
    column: int


class ImageRow(NamedTuple):
    """An image's scores."""

    image: str
    split: str
    quality: float
    reliability: float  # how sure the network is of the image, 0..1
    wrong: float  # expected wrong pixels outside the border band
    labelled: int
    major: int
    minor: int
    borderline: int
    borderline_pixels: int


class Pair(NamedTuple):
    """How often what looks like one class is labelled as another."""

    label: str
    proposed: str
    share: float  # of the pixels that look like `proposed`, those labelled `label`: the confident joint's estimate
    pixels: int  # in major and minor findings
    images: int
    systematic: bool

    @property
    def sentence(self) -> str:
        return f"{self.proposed} labelled {self.label} in {self.share:.1%} of what looks like {self.proposed}, in {self.images:,} images"


class Result(NamedTuple):
    """Everything that an audit found."""

    classes: tuple[str, ...]
    thresholds: np.ndarray
    rate: float  # share of the labelled pixels that look wrong, borders included
    by_class: dict[str, float | None]
    pairs: list[Pair]
    images: list[ImageRow]  # worst first
    findings: list[Finding]  # worst first
    shapes: dict[tuple[str, int], Footprint]  # pixels of the first findings, by image and number
    hashes: dict[str, str]
    duplicates: list[Duplicate]


class Collected:
    """Images as they come."""

    def __init__(self, keep: int):
        self.keep = keep
        self.images: list[ImageRow] = []
        self.findings: list[Finding] = []
        self.hashes: dict[str, str] = {}
        self._best: list[tuple[tuple[int, float], str, int, Footprint]] = []  # a heap: the least of those kept is first
        self._best_train: list[tuple[tuple[int, float], str, int, Footprint]] = []
        self._pairs: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])

    def add(self, sample: Sample, labels: LabelMap, found: Looked) -> None:
        counts = dict.fromkeys(RANK, 0)
        seen = set()
        for number, part in enumerate(found.components):
            counts[part.severity] += 1
            row, column = divmod(int(part.pixels[len(part.pixels) // 2]), labels.shape[1])
            finding = Finding(
                part.score, sample.id, sample.split, number, part.severity, part.label, part.proposed, len(part.pixels), part.gain,
                part.lead, part.quality, part.box, row, column,
            )  # fmt: skip
            self.findings.append(finding)
            self._remember(finding, part.pixels, labels.shape)
            pair = self._pairs[part.label, part.proposed]
            pair[0] += len(part.pixels)
            pair[1] += (part.label, part.proposed) not in seen
            seen.add((part.label, part.proposed))
        self.images.append(
            ImageRow(
                sample.id,
                sample.split,
                found.quality,
                found.reliability,
                found.wrong,
                int(found.labelled.sum()),
                counts["major"],
                counts["minor"],
                found.border.components,
                found.border.pixels,
            )
        )
        self.hashes[sample.id] = sample.image_sha256

    def _remember(self, finding: Finding, pixels: np.ndarray, size: tuple[int, ...]) -> None:
        """Keep the pixels of the first findings, of all and of train images."""
        shape: Footprint | None = None
        key = (-RANK[finding.severity], finding.score)
        for heap in [self._best, *([self._best_train] if finding.split == "train" else [])]:
            if len(heap) < self.keep or key > heap[0][0]:
                shape = shape or encode_pixels(pixels, (int(size[0]), int(size[1])))
                entry = (key, finding.image, finding.number, shape)
                heappush(heap, entry) if len(heap) < self.keep else heapreplace(heap, entry)

    def result(self, classes: tuple[str, ...], thresholds: np.ndarray, joint: Joint, same: list[Duplicate]) -> Result:
        table, rates = joint.compute(), joint.rates()
        looks = table.sum(0)
        pairs = []
        for (label, proposed), (pixels, images) in self._pairs.items():
            share = float(table[label, proposed] / looks[proposed]) if looks[proposed] else 0.0
            often = images >= SYSTEMATIC_IMAGES and share >= SYSTEMATIC_SHARE
            pairs.append(Pair(classes[label], classes[proposed], share, pixels, images, often))
        return Result(
            classes, thresholds, float(1 - np.trace(table)),
            {name: None if np.isnan(value) else float(value) for name, value in zip(classes, rates, strict=True)},
            sorted(pairs, key=lambda pair: (-pair.systematic, -pair.pixels, pair.label, pair.proposed)),
            sorted(self.images, key=lambda row: (-row.wrong, row.quality, row.image)),
            sorted(self.findings, key=lambda row: (RANK[row.severity], -row.score, row.image, row.number)),
            {(image, number): shape for _, image, number, shape in [*self._best, *self._best_train]}, self.hashes, same,
        )  # fmt: skip


def summary(name: str, result: Result, band: int, temperature: float) -> dict[str, Any]:
    """The numbers of an audit as plain values."""
    names = result.classes
    return {
        "labels": name,
        "images": len(result.images),
        "wrong_share": result.rate,
        "wrong_share_by_class": result.by_class,
        "thresholds": dict(zip(names, map(float, result.thresholds), strict=True)),
        "border_band_pixels": band,
        "temperature": temperature,
        "findings": {
            "major": sum(row.major for row in result.images),
            "minor": sum(row.minor for row in result.images),
            "borderline": sum(row.borderline for row in result.images),
        },
        "expected_wrong_pixels": sum(row.wrong for row in result.images),
        "borderline_pixels": sum(row.borderline_pixels for row in result.images),
        "pairs": [pair._asdict() | {"sentence": pair.sentence} for pair in result.pairs],
        "duplicates": [pair._asdict() for pair in result.duplicates],
        "worst_images": [row._asdict() for row in result.images[:100]],
        "worst_findings": [
            row._asdict() | {"label": names[row.label], "proposed": names[row.proposed], "rank": rank}
            for rank, row in enumerate(result.findings[:100], 1)
        ],
    }


def write_tables(out: Path, name: str, result: Result, band: int, temperature: float) -> None:
    """audit.json and the CSV files."""
    content = summary(name, result, band, temperature)
    (out / "audit.json").write_text(dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    names = result.classes
    write_csv(out / "images.csv", ImageRow._fields, (rounded(row) for row in result.images))
    write_csv(out / "pairs.csv", Pair._fields, (rounded(pair) for pair in result.pairs))
    write_csv(out / "duplicates.csv", Duplicate._fields, (rounded(pair) for pair in result.duplicates))
    head = (
        "rank", "image", "split", "number", "severity", "label", "proposed", "area", "score", "gain", "lead", "quality", "top", "left", "height",
        "width", "row", "column",
    )  # fmt: skip
    rows = (
        (
            rank, row.image, row.split, row.number, row.severity, names[row.label], names[row.proposed], row.area,
            *rounded((row.score, row.gain, row.lead, row.quality)), *row.box, row.row, row.column,
        )
        for rank, row in enumerate(result.findings, 1)
    )  # fmt: skip
    write_csv(out / "findings.csv", head, rows)


def rounded(row: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(f"{value:.6g}" if isinstance(value, float) else value for value in row)


def write_csv(path: Path, head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = writer(file, lineterminator="\n")
        table.writerow(head)
        table.writerows(rows)
