"""Score one round; the tables begin with the scores of the rounds before.

rounds.json, rounds.csv    one row a round so far: clicks, data mIoU, coverage, wrong pixels, model mIoU ...
classes.csv                one row a round so far and class; per_class.csv: this round only
per_image.csv              the ranked images, worst first
confusion.json             the matrices of labels and network: rows truth, columns prediction, unlabelled, void
confusion.csv              the network's, as rows for `dvc plots`; calibration.csv: its bins of confidence
shown.json                 the worst and the most uncertain images: their maps are in shown/
early_learning.csv         what the network predicts for wrongly labelled train pixels, epoch by epoch; where known
strip.png                  a few fixed images: image, labels, network, truth, uncertainty
"""

from pathlib import Path
from typing import Any

import numpy as np

from segmend.answers import history
from segmend.images.dataset import Card, Dataset, Labels
from segmend.images.overlays import png
from segmend.images.rasters import write_labels
from segmend.metrics.confusion import Confusion, metric_name
from segmend.network import inference
from segmend.stage import events
from segmend.stage.command import stage
from tasks.evaluate.achievable import ceiling
from tasks.evaluate.early_learning import early_learning, write_early
from tasks.evaluate.image_strip import strip, strip_samples
from tasks.evaluate.label_scores import LabelScores, score_labels
from tasks.evaluate.network_scores import NetworkScores, Row, ranked_samples, score_network
from tasks.evaluate.settings import Params
from tasks.evaluate.tables import (
    PLOTTED,
    Table,
    confusion_rows,
    number,
    read_csv,
    read_rounds,
    write_csv,
    write_json,
)
from tasks.evaluate.zero_label import GROUPS, group_numbers, label_coverage, label_precision, unseen_classes


@stage
def evaluate(
    settings: Params,
    seed: int,
    *,
    round: str,
    dataset: Path,
    truth: Path,
    labels: Path,
    model: Path,
    before: Path,
    regions: Path,
    out: Path,
) -> dict[str, Any]:
    """Score the network on the test split and the labels against the truth, and append to the rounds before."""
    rounds = read_rounds(before)
    data, maps = Dataset(dataset, truth), Labels(labels)
    of_labels = score_labels(data, maps)
    early = early_learning(data, maps, model / "early")
    ranked, stripped = ranked_samples(data), strip_samples(data, settings.strip)
    names = frozenset(sample.id for sample in ranked)
    wanted = ranked + [sample for sample in stripped if sample.id not in names]
    in_strip = frozenset(sample.id for sample in stripped)
    of_network = score_network(data, inference.stream(model, data, wanted), settings, names, in_strip)

    unseen = unseen_classes(
        settings.unseen, data.classes, of_labels, of_network.confusion, read_csv(before / "classes.csv")
    )
    row = {"round": round, **effort(labels), **label_numbers(of_labels), **network_numbers(data, of_network)}
    row |= group_numbers(unseen, of_labels.confusion, of_network.confusion)
    # What base cells and first labels allow is computed in the first round and copied to the later ones.
    row["ceiling_miou"] = rounds[0]["ceiling_miou"] if rounds else number(ceiling(data, maps, regions).miou())
    if (model / "corrected").is_dir():  # by the training, for its own use
        row["corrected_miou"] = number(score_labels(data, maps, Labels(model / "corrected")).confusion.miou())
    out.mkdir(parents=True, exist_ok=True)
    row |= write_early(out, early, data.classes, (model / "early").is_dir())
    write_json(out / "rounds.json", [*rounds, row])
    write_csv(out / "rounds.csv", [*rounds, row], (*PLOTTED, *(name for name in GROUPS if name in row)))
    per_class = class_rows(round, data.card, of_labels.confusion, of_network, unseen)
    write_csv(out / "per_class.csv", per_class, list(per_class[0]))
    write_csv(out / "classes.csv", [*read_csv(before / "classes.csv"), *per_class], list(per_class[0]))
    write_csv(out / "per_image.csv", [r._asdict() for r in of_network.sorted_rows()], Row._fields)
    write_confusion(out, data.card, of_labels.confusion, of_network.confusion)
    write_calibration(out, of_network)
    write_shown(out, data.card, of_network, settings.pictures)
    (out / "strip.png").write_bytes(
        png(strip(data, maps, stripped, of_network.shown, settings.strip_width), colours=128)
    )
    send_to_dashboards(out, round, per_class)
    return {key: value for key, value in row.items() if key != "round"}


def effort(labels: Path) -> dict[str, Any]:
    """What people (or a simulated oracle) gave so far: answered queries, clicks, seconds; pixels relabelled beyond that."""
    rows = history.read(labels)
    answers = history.answers(rows)
    clicks, seconds = (float(sum(n or 0 for n in answers[name].to_pylist())) for name in ("clicks", "seconds"))
    return {
        "clicks": int(clicks) if clicks.is_integer() else clicks,
        "queries": len(set(answers["query"].to_pylist())),
        "seconds": number(seconds),
        "auto_pixels": sum(row["changed"] for row in rows.to_pylist() if row["kind"] == history.AUTO),
    }


def label_numbers(scores: LabelScores) -> dict[str, Any]:
    """The labels of the train split; every comparison is null, with the reason, where there is no truth."""
    confusion, known = scores.confusion, scores.confusion.pixels > 0
    numbers: dict[str, Any] = {
        "data_miou": number(confusion.miou()),
        "coverage": number(confusion.coverage()),
        "data_miou_unlabelled_wrong": number(confusion.miou_unlabelled_wrong()),
        "wrong_pixels": confusion.wrong if known else None,
        "wrong_share": number(1 - confusion.pixel_accuracy()),
        "labelled_share": number(scores.labelled / scores.pixels if scores.pixels else float("nan")),
        "train_images": scores.images,
        "train_images_with_truth": scores.images_with_truth,
    }
    if not known:
        numbers["data_reason"] = "no image of the train split has truth"
    elif confusion.labelled == 0:
        numbers["data_reason"] = "no pixel with truth is labelled yet"
    return numbers


def network_numbers(data: Dataset, scores: NetworkScores) -> dict[str, Any]:
    """The network on the test split; null, with the reason, where there is no truth."""
    images = sum(row.pixels is not None for row in scores.rows)
    numbers: dict[str, Any] = {
        "model_miou": number(scores.confusion.miou()),
        "model_pixel_accuracy": number(scores.confusion.pixel_accuracy()),
        "model_boundary_miou": number(scores.boundary.miou()),
        "calibration_error": number(scores.calibration.error()),
        "uncertainty": number(float(np.mean([row.uncertainty for row in scores.rows] or [np.nan]))),
        "test_images_with_truth": images,
    }
    if scores.confusion.pixels == 0:
        empty = not any(True for _ in data.of("test"))
        numbers["model_reason"] = "the test split is empty" if empty else "no image of the test split has truth"
    return numbers


def class_rows(round: str, card: Card, labels: Confusion, network: NetworkScores, unseen: tuple[int, ...]) -> Table:
    """One row a class: the network on the test split, the labels of the train split.

    Of the pixels labelled so data_precision are right; of the pixels that truly are of the class data_coverage have any label.
    """
    precision, coverage = label_precision(labels), label_coverage(labels)
    missed = labels.square.sum(1) - labels.square.diagonal()
    return [
        {
            "round": round,
            "class": name,
            "model_iou": number(network.confusion.iou()[k]),
            "model_boundary_iou": number(network.boundary.iou()[k]),
            "model_true_pixels": int(network.confusion.matrix[k].sum()),
            "data_iou": number(labels.iou()[k]),
            "data_iou_unlabelled_wrong": number(labels.iou_unlabelled_wrong()[k]),
            "data_wrong_pixels": int(missed[k]),
            "data_true_pixels": int(labels.matrix[k].sum()),
            "data_precision": number(precision[k]),
            "data_coverage": number(coverage[k]),
            "unseen": int(k in unseen),
        }
        for k, name in enumerate(card.classes)
    ]


def write_confusion(out: Path, card: Card, labels: Confusion, network: Confusion) -> None:
    matrices = {
        name: confusion.matrix.tolist() if confusion.pixels else None
        for name, confusion in (("network", network), ("labels", labels))
    }
    write_json(out / "confusion.json", {"classes": card.classes, **matrices})
    write_csv(out / "confusion.csv", confusion_rows(network.square, card.classes), ("actual", "predicted"))


def write_calibration(out: Path, scores: NetworkScores) -> None:
    bins = zip(
        scores.calibration.mean_confidence(), scores.calibration.accuracy(), scores.calibration.pixels, strict=True
    )
    rows = [{"confidence": number(c), "accuracy": number(a), "pixels": int(n)} for c, a, n in bins if n]
    write_csv(out / "calibration.csv", rows, ("confidence", "accuracy", "pixels"))


def write_shown(out: Path, card: Card, scores: NetworkScores, count: int) -> None:
    """The predictions and uncertainties of the images that the report shows."""
    chosen = {"worst": scores.worst(count), "uncertain": scores.uncertain(count)}
    write_json(out / "shown.json", chosen)
    for name in sorted({*chosen["worst"], *chosen["uncertain"]}):
        write_labels(out / "shown" / "prediction" / f"{name}.png", scores.shown[name].prediction, card.palette)
        path = out / "shown" / "uncertainty" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(scores.shown[name].uncertainty))


def send_to_dashboards(out: Path, round: str, per_class: Table) -> None:
    """Per-class numbers, the strip of images and the tables; the step is the round."""
    step = int(round.removeprefix("r"))
    for kind in ("model_iou", "data_iou", "model_boundary_iou"):
        names = [f"{kind}/{k:03d} {metric_name(row['class'])}" for k, row in enumerate(per_class)]
        values = {name: row[kind] for name, row in zip(names, per_class, strict=True) if row[kind] is not None}
        events.metrics(values, step=step)
    events.artifact(out / "strip.png", f"strips/{round}")
    for name in ("per_class.csv", "per_image.csv", "confusion.csv"):
        events.artifact(out / name, "tables")


if __name__ == "__main__":
    raise SystemExit(evaluate())
