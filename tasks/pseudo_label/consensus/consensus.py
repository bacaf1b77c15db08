"""Several annotators' masks -> one label map an image, with confidence, weights and a table of the annotators.

Images are read twice: first for the table of patterns from which the aggregator learns, then for the maps; only
tables are kept (with a network: of each image's patterns, since it has
probabilities for each). An annotator named `gold` is not a source: where gold labels a pixel, that is its label, and
the others are measured by it. A pixel is void where gold is void, or where more annotators give void than a class.
"""

from collections.abc import Callable, Iterator
from csv import DictWriter
from functools import partial
from heapq import nlargest
from json import dumps
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, UInt8

from segmend.aggregators._decision_rules import decided
from segmend.aggregators._votes import Beliefs, Votes
from segmend.images.dataset import GOLD, Dataset, Sample
from segmend.images.parallel import map_images
from segmend.images.rasters import UNLABELLED, VOID, LabelMap, Maps, is_class
from segmend.images.regions import class_counts, majority, mean_by_region
from segmend.stage.events import progress
from tasks.pseudo_label.consensus.annotator_report import Judged, Tally, information, judged, table, warnings_of
from tasks.pseudo_label.consensus.network_prior import mean_logs
from tasks.pseudo_label.consensus.vote_patterns import Patterns, answers_of, merged, patterns_of, rows_in

ASKED = 20  # questions that sources.json proposes


class ConsensusMaps(NamedTuple):
    """One image: labels, per region the majority label and how probable it is, the training weight of each pixel."""

    labels: LabelMap
    majority: UInt8[np.ndarray, " k"]
    confidence: Float64[np.ndarray, " k"]
    weight: UInt8[np.ndarray, "h w"]  # 255 * (1 - risk K / (K - 1)); 0 where nobody answered


class Settled(NamedTuple):
    """What is believed of a table of patterns."""

    posterior: Float64[np.ndarray, "p k"]
    labels: UInt8[np.ndarray, " p"]
    confusion: Float64[np.ndarray, "a k l"]


class Consensus:
    """The annotators of a data set: their estimated reliability, and the labels aggregated from their masks."""

    def __init__(self, data: Dataset, aggregator: Any, network: Any = None):
        self.data, self.aggregator, self.network = data, aggregator, network
        self.names = tuple(name for name in data.card.annotators if name != GOLD)
        self.with_gold = GOLD in data.card.annotators
        self.classes = len(data.classes)
        self.rows: UInt8[np.ndarray, "r a"] | None = None
        self.places: dict[str, slice] = {}  # an image's rows in the table, with a network
        self.settled: Settled | None = None
        self.tally = Tally(len(self.names), self.classes)
        self.questions: list[tuple[float, float, str, str]] = []  # bits a pixel, risk, image, annotator
        if not self.names:
            raise ValueError(
                f"{data.folder} lists no annotators beside gold, so there is nothing to aggregate: give one folder of masks for "
                "each (masks/<annotator>/<id>.png), or choose a labeller alone"
            )
        if aggregator.wants_pixels and len(self.names) != 2:
            raise ValueError(
                f"pseudo_label.aggregator {aggregator.name} decides between two annotators and the data set has "
                f"{len(self.names)} ({', '.join(self.names)}): leave two folders of masks, or choose majority or dawid_skene"
            )

    @property
    def by_image(self) -> bool:
        return self.aggregator.scope == "image" or self.aggregator.wants_pixels

    def patterns(self, sample: Sample) -> tuple[Patterns, UInt8[np.ndarray, "p a"]]:
        """An image's patterns, and their rows with all annotators' columns, gold the last where there is gold."""
        columns = (*self.names, GOLD) if self.with_gold else self.names
        there = [k for k, name in enumerate(columns) if self.data.has_annotation(sample.id, name)]
        maps = [self.data.annotation(sample.id, columns[k]) for k in there]
        stack = np.stack(maps) if maps else np.full((1, sample.height, sample.width), UNLABELLED, np.uint8)
        patterns = patterns_of(stack[None], self.classes)
        rows = np.full((len(patterns.labels), len(columns)), UNLABELLED, np.uint8)
        rows[:, there] = patterns.labels if maps else UNLABELLED
        return patterns, rows

    def each(self, work: Callable[[Sample], Any], samples: list[Sample], what: str) -> Iterator[Any]:
        """On all cores; with a network in this process, which has it already."""
        return (
            map_images(work, samples, what)
            if self.network is None
            else progress(map(work, samples), len(samples), what)
        )

    def unary(self, sample: Sample, patterns: Patterns) -> Float64[np.ndarray, "p k"] | None:
        if self.network is None:
            return None
        return mean_logs(self.network(self.data.image(sample.id)), patterns.row[0], len(patterns.labels))

    def answers(
        self, rows: UInt8[np.ndarray, "p a"], pixels: np.ndarray, unary: Float64[np.ndarray, "p k"] | None = None
    ) -> Votes:
        count = len(self.names)
        answers = answers_of(rows[:, :count], pixels, self.classes, gold=rows[:, count] if self.with_gold else None)
        answers.unary = unary
        return answers

    def settle(self, answers: Votes, rows: np.ndarray, beliefs: Beliefs) -> Settled:
        posterior = answers.clamped(beliefs.posterior)
        silent = answers.votes.sum(axis=1) == 0
        size = np.where(silent, 0.0, answers.size)  # what no annotator labelled is no part of any class's IoU
        labels = decided(posterior, size, answers.group, self.aggregator.decide).astype(np.uint8)
        unknown = silent & (answers.gold < 0)
        labels[unknown] = UNLABELLED
        labels[answers.gold >= 0] = answers.gold[answers.gold >= 0]
        void = (rows[:, : len(self.names)] == VOID).sum(axis=1) > answers.votes.sum(axis=1)
        gold = rows[:, -1] if self.with_gold else np.full(len(rows), UNLABELLED, np.uint8)
        labels[(void & (answers.gold < 0)) | (gold == VOID)] = VOID
        return Settled(posterior, labels, beliefs.confusion)

    def learn(self, samples: list[Sample]) -> None:
        """The first pass: one table of patterns for all images."""
        if self.by_image:
            return
        kept, unary, parts, end = None, None, [], 0
        tables = self.each(partial(tabled, consensus=self), samples, "annotators' masks")
        for sample, part in zip(samples, tables, strict=True):
            if self.network is None:
                kept = merged(kept, *part[:2])
                continue
            parts.append(part)
            self.places[sample.id] = slice(end, end + len(part[0]))
            end += len(part[0])
        if parts:
            rows, pixels, unary = (np.concatenate(column) for column in zip(*parts, strict=True))
            kept = (rows, pixels)
        if kept is not None:
            answers = self.answers(*kept, unary)
            self.rows = kept[0]
            self.settled = self.settle(answers, kept[0], self.aggregator(answers))

    def of_image(self, sample: Sample, patterns: Patterns, rows: np.ndarray) -> Settled:
        """What is believed of one image's patterns."""
        if self.settled is not None and self.rows is not None:
            rows_of_image = self.places[sample.id] if self.places else rows_in(self.rows, rows)
            return Settled(
                self.settled.posterior[rows_of_image], self.settled.labels[rows_of_image], self.settled.confusion
            )
        answers = self.answers(
            rows, patterns.pixels, None if self.aggregator.wants_pixels else self.unary(sample, patterns)
        )
        if not self.aggregator.wants_pixels or not answers.answered.any(axis=0).all():
            return self.settle(answers, rows, self.aggregator(answers))
        masks = np.stack([self.data.annotation(sample.id, name) for name in self.names])
        image = self.data.image(sample.id)
        probabilities = None if self.network is None else self.network(image)
        prefer = self.aggregator.preferences(image, masks, self.classes, probabilities)
        return self.settle(answers, rows, self.aggregator.settled(answers, prefer))

    def count(self, sample: Sample, part: "Part") -> None:
        """Take one image's numbers into the tables; in order of the samples."""
        gold = part.rows[:, -1] if self.with_gold else None
        self.tally.add(part.rows[:, : len(self.names)], part.pixels.astype(np.float64), part.posterior, gold)
        self.questions = nlargest(ASKED, [*self.questions, *part.questions])

    def judge(self) -> Judged:
        return judged(self.tally)

    def warnings(self) -> list[str]:
        return warnings_of(self.names, self.tally, self.judge())

    def write(self, folder: Path) -> dict[str, Any]:
        """sources.json and sources.csv, after the last image; returns what stands in sources.json."""
        content = table(self.names, self.tally, self.judge(), self.data.classes)
        content["warnings"] = self.warnings()
        content["ask_next"] = [
            {"image": image, "source": name, "bits_per_pixel": round(bits, 6), "risk": round(risk, 6)}
            for bits, risk, image, name in self.questions
        ]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sources.json").write_text(dumps(content, indent=2) + "\n")
        with (folder / "sources.csv").open("w", newline="") as file:
            fields = [key for key in content["sources"][0] if key != "confusion"]
            lines = DictWriter(file, fields, extrasaction="ignore", lineterminator="\n")
            lines.writeheader()
            lines.writerows(content["sources"])
        return content


class Part(NamedTuple):
    """One image's share of the tables, and its maps."""

    rows: np.ndarray
    pixels: np.ndarray
    posterior: np.ndarray
    questions: list[tuple[float, float, str, str]]
    made: ConsensusMaps


def tabled(sample: Sample, *, consensus: Consensus) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    patterns, rows = consensus.patterns(sample)
    return rows, patterns.pixels, consensus.unary(sample, patterns)


def mapped(sample: Sample, *, consensus: Consensus, regions: Maps) -> Part:
    """The second pass over one image."""
    patterns, rows = consensus.patterns(sample)
    settled = consensus.of_image(sample, patterns, rows)
    k = consensus.classes
    row, cells = patterns.row[0], regions[sample.id]
    labels = settled.labels[row]
    sure = np.where(is_class(settled.labels), probability(settled.posterior, settled.labels), 0.0)
    weight = np.round(255 * np.clip(1 - (1 - sure) * k / (k - 1), 0, 1)).astype(np.uint8)
    most = majority(class_counts(labels, cells, k))[0]
    # how probable the region's one label is, pixel by pixel; nothing where its pixels have no label
    certain = np.where(is_class(settled.labels)[:, None], settled.posterior, 0.0)
    padded = np.append(np.minimum(most, k - 1), 0)[cells]
    confidence = np.where(is_class(most), mean_by_region(certain[row, padded], cells), 0.0)
    made = ConsensusMaps(labels, most, confidence, weight[row])
    questions = questions_of(sample, consensus, rows, patterns.pixels, settled)
    return Part(rows, patterns.pixels, settled.posterior, questions, made)


def probability(posterior: Float64[np.ndarray, "p k"], labels: UInt8[np.ndarray, " p"]) -> Float64[np.ndarray, " p"]:
    return posterior[np.arange(len(labels)), np.minimum(labels, posterior.shape[1] - 1)]


def questions_of(
    sample: Sample, consensus: Consensus, rows: np.ndarray, pixels: np.ndarray, settled: Settled
) -> list[tuple[float, float, str, str]]:
    """The most informative annotator for this image among those who have not seen it; gold where all have."""
    open_ = is_class(settled.labels) | (settled.labels == UNLABELLED)
    if not open_.any() or (consensus.with_gold and is_class(rows[:, -1]).any()):
        return []
    share = pixels[open_] / pixels[open_].sum()
    posterior = settled.posterior[open_]
    risk = float(share @ (1 - posterior.max(axis=1)))
    fresh = [a for a in range(len(consensus.names)) if not is_class(rows[:, a]).any()]
    if fresh:
        bits = share @ information(posterior, settled.confusion[fresh])
        best = int(bits.argmax())
        return [(float(bits[best]), risk, sample.id, consensus.names[fresh[best]])]
    entropy = -(posterior * np.log2(np.maximum(posterior, 1e-300))).sum(axis=1)  # gold removes all uncertainty
    return [(float(share @ entropy), risk, sample.id, GOLD)]


def consensus_maps(
    consensus: Consensus, regions: Maps, samples: list[Sample]
) -> Iterator[tuple[Sample, ConsensusMaps]]:
    """Both passes: every sample in order with its maps; when it is exhausted, `consensus.write` has all the numbers."""
    consensus.learn(samples)
    work = partial(mapped, consensus=consensus, regions=regions)
    for sample, part in zip(samples, consensus.each(work, samples, "consensus"), strict=True):
        consensus.count(sample, part)
        yield sample, part.made
