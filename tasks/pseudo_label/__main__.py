"""Make the first label maps.

labels/maps/<id>.png      label maps of the train and val images
labels/confidence.parquet image, region, label, confidence: how well the label stands for the region (see the labeller)
labels/history.parquet    what answers changed: empty here
labels/answers.jsonl      the answers applied: empty here

From labellers that run a model also:

labels/scores.parquet     image, region, class, score: the best soft scores of each region, best first
labels/objects/           the masks of single objects, as region maps (labellers that draw objects)
labels/labeller.json      the labeller's settings; id, revision and sha256 of the files of each of its models

Where images have masks of several annotators, and the labeller is `given`, the aggregator makes one map of them, and:

labels/trust/<id>.png     how much each pixel's label is trusted, 0..255 (train.selection `trust` learns by it)
labels/sources.json, .csv the annotators: reliability, confusion, agreement, warnings, whom to ask what next
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from segmend.answers import answers, history
from segmend.images.dataset import GOLD, Dataset, Labels, Sample
from segmend.images.rasters import UNLABELLED, VOID, LabelMap, Maps, write_maps
from segmend.images.regions import class_counts, majority
from segmend.stage.cache import Cache
from segmend.stage.command import stage, write_json
from tasks.pseudo_label.consensus.consensus import Consensus, consensus_maps
from tasks.pseudo_label.consensus.network_prior import opened
from tasks.pseudo_label.kept_labels import KeptLabels
from tasks.pseudo_label.labellers._model import Item, LabellerContext, Model, ModelLabels, confidence, key_of, stream
from tasks.pseudo_label.settings import Params

CONFIDENCE = pa.schema(
    [("image", pa.string()), ("region", pa.int32()), ("label", pa.uint8()), ("confidence", pa.float32())]
)
SCORES = pa.schema([("image", pa.string()), ("region", pa.int32()), ("class", pa.uint8()), ("score", pa.float32())])


class Labelled(NamedTuple):
    """One image's result: label map (h, w), majority label (k,) and confidence (k,) per region; what a model predicts."""

    labels: LabelMap | None  # None: it stands in the output already
    majority: np.ndarray
    confidence: np.ndarray
    predicted: ModelLabels | None = None
    trust: np.ndarray | None = None  # (h, w), where annotators were aggregated
    pixels: np.ndarray | None = None  # (256,), by label; None where the label map is given


def item(identifier: str, *, data: Dataset, regions: Maps) -> Item:
    mask = data.mask(identifier) if data.has_mask(identifier) else None
    return Item(data.image(identifier), mask, regions[identifier])


def by_itself(kept: KeptLabels, samples: Sequence[Sample]) -> Iterator[Labelled]:
    """The labels of each sample by a labeller that looks at one image at a time."""
    for ready in kept.all(samples):
        yield Labelled(None, ready.majority, ready.confidence, pixels=ready.pixels)


def by_model(
    labeller: Any, model: Model, context: LabellerContext, samples: Sequence[Sample], read: Callable[[str], Item]
) -> Iterator[Labelled]:
    """The model's labels of each sample, as the stage writes it."""
    results = stream(model, Cache("pseudo_label", key_of(labeller, model, context)), samples, read)
    for sample, result in zip(samples, results, strict=True):
        most = majority(class_counts(result.labels, read(sample.id).regions, len(context.classes)))[0]
        yield Labelled(result.labels, most, confidence(result, most), result)


def by_annotators(consensus: Consensus, regions: Maps, samples: Sequence[Sample]) -> Iterator[Labelled]:
    """The labels aggregated from the annotators' masks of each sample."""
    for _, result in consensus_maps(consensus, regions, list(samples)):
        yield Labelled(result.labels, result.majority, result.confidence, trust=result.weight)


def best_scores(name: str, scores: np.ndarray, top: int) -> pa.Table:
    """Rows of scores.parquet: region by region its best classes, best first (of equal ones the lower id), without zeros."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    values = np.take_along_axis(scores, order, axis=1)
    rows, columns = np.nonzero(values > 0)
    ids = order[rows, columns].astype(np.uint8)
    return pa.table([np.repeat(name, len(rows)), rows.astype(np.int32), ids, values[rows, columns]], schema=SCORES)


@stage
def pseudo_label(
    settings: Params,
    seed: int,
    *,
    dataset: Path,
    regions: Path,
    out: Path,
    given_answers: Path | None = None,
    network: Path | None = None,
) -> dict:
    """Make the first label maps of the train and val images."""
    data, labels = Dataset(dataset), Labels(out)
    samples = list(data.of("train", "val"))
    read = partial(item, data=data, regions=Maps(regions))
    labeller: Any = settings.labeller
    out.mkdir(parents=True, exist_ok=True)
    several = settings.labeller.name == "given" and any(name != GOLD for name in data.card.annotators)
    if network is None and settings.network != "none":
        raise ValueError(
            f"pseudo_label.network is {settings.network}, but the stage was given no folder: add --network data/weights/"
            f"{settings.network}, as dvc.yaml does, or set it to none"
        )
    if labeller.name == "given" and not data.card.annotators and not any(data.has_mask(s.id) for s in samples):
        raise ValueError(
            "no image of train or val has a mask, so there is nothing to train on: give masks, or choose a "
            "pseudo_label.labeller that makes labels (segmend methods), or `blank` to begin with people's answers alone"
        )
    prior = opened(network, data, settings.aggregator, several)
    consensus = Consensus(data, settings.aggregator, prior) if several else None
    model = None
    if hasattr(labeller, "build"):
        from segmend.network.device import device, precision

        here = device()
        train = tuple(sample.id for sample in samples if sample.split == "train")
        known = read_answers(given_answers, data)
        context = LabellerContext(data.classes, here, precision(here), seed, train, read, known)
        model = labeller.build(context)
        write_json(out / "labeller.json", {"labeller": labeller.model_dump(), "models": model.cards})
        made = by_model(labeller, model, context, samples, read)
    elif consensus:
        made = by_annotators(consensus, Maps(regions), samples)
    else:
        made = by_itself(KeptLabels(labeller, data, Maps(regions), labels), samples)
    pixels = np.zeros(256, np.int64)
    sure, unlabelled = [], 0

    def tables() -> Iterator[tuple[pa.Table, str, ModelLabels | None]]:
        nonlocal pixels, unlabelled
        for sample, result in zip(samples, made, strict=True):
            counts = result.pixels
            if counts is None:
                assert result.labels is not None
                labels.write(sample.id, result.labels, data.card)
                counts = np.bincount(result.labels.ravel(), minlength=256)
            if result.trust is not None:
                labels.write_trust(sample.id, result.trust)
            pixels += counts
            unlabelled += int(counts[UNLABELLED] == counts.sum())
            sure.append(result.confidence)
            ids = np.arange(len(result.confidence), dtype=np.int32)
            columns = [np.repeat(sample.id, len(ids)), ids, result.majority, result.confidence.astype(np.float32)]
            yield pa.table(columns, schema=CONFIDENCE), sample.id, result.predicted

    def objects() -> Iterator[tuple[str, np.ndarray]]:
        """Write the tables; what is left to be written are the maps of objects."""
        with parquet.ParquetWriter(out / "confidence.parquet", CONFIDENCE) as file:
            if model is None:
                for table, _, _ in tables():
                    file.write_table(table)
                return
            with parquet.ParquetWriter(out / "scores.parquet", SCORES) as best:
                for table, name, predicted in tables():
                    assert predicted is not None
                    file.write_table(table)
                    best.write_table(best_scores(name, predicted.scores, settings.scores))
                    if predicted.objects is not None:
                        yield name, predicted.objects

    if model is not None and model.objects:
        write_maps(out / "objects", objects(), len(samples))
    else:
        assert not list(objects())
    if consensus:
        for warning in consensus.write(out)["warnings"]:
            print(f"WARNING: {warning}", flush=True)
    history.write(out, history.empty())
    answers.write(out / "answers.jsonl", [])
    every = np.concatenate(sure) if sure else np.zeros(0)
    total = max(1, int(pixels.sum()))
    return {
        "images": len(samples),
        "images_unlabelled": unlabelled,
        "coverage": float(1 - (pixels[UNLABELLED] + pixels[VOID]) / total),
        "void": float(pixels[VOID] / total),
        "confidence": float(every.mean()) if len(every) else None,
        **({"annotators": len(consensus.names)} if consensus else {}),
        **{f"share/{name}": float(pixels[k] / total) for k, name in enumerate(data.classes)},
    }


def read_answers(folder: Path | None, data: Dataset) -> tuple[answers.Answer, ...]:
    """All answers of the rounds so far, checked against the data set; none where no folder is given."""
    sizes = {sample.id: (sample.height, sample.width) for sample in data.samples}
    hashes = {sample.id: sample.image_sha256 for sample in data.samples}
    files = sorted(folder.glob("*.jsonl")) if folder else []
    return tuple(answer for path in files for answer in answers.read(path, data.classes, sizes, hashes))


if __name__ == "__main__":
    raise SystemExit(pseudo_label())
