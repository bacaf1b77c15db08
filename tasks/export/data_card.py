"""The data card: what the corrected data set is, where it comes from, and how its labels changed.

Modules follow the Dataset Nutrition Label (Chmielinski et al., 2022, arXiv 2201.03954): metadata, provenance, composition, statistics,
known issues. card.json is for programs, README.md for people; equal input gives equal bytes.
"""

from importlib.metadata import version
from json import dumps
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute

from segmend.answers.answers import JOINED
from segmend.answers.history import AUTO
from segmend.images.dataset import SPLITS, Card, Sample
from segmend.images.rasters import UNLABELLED, VOID, LabelMap


class LabelCounts:
    """Pixels of each id before and after, over the images that have a label map in both."""

    def __init__(self, classes: int):
        self.classes, self.images, self.unlabelled_images = classes, dict.fromkeys(SPLITS, 0), 0
        self.before, self.after = np.zeros(256, np.int64), np.zeros(256, np.int64)
        self.changed = 0

    def add(self, sample: Sample, before: LabelMap | None, after: LabelMap | None) -> None:
        self.images[sample.split] += 1
        if before is None or after is None:
            self.unlabelled_images += 1
            return
        self.before += np.bincount(before.ravel(), minlength=256)
        self.after += np.bincount(after.ravel(), minlength=256)
        self.changed += int((before != after).sum())


def content(
    card: Card, counts: LabelCounts, changes: pa.Table, licence: str, written_as: str, loss: str, round: str
) -> dict[str, Any]:
    """The card as plain data. Shares are of all pixels, void included."""
    total = max(1, int(counts.after.sum()))
    ids = {**dict(enumerate(card.classes)), UNLABELLED: "not labelled yet", VOID: "void"}
    automatic = changes.filter(compute.equal(changes["kind"], AUTO))
    answers = changes.filter(compute.not_equal(changes["kind"], AUTO))
    return {
        "metadata": {
            "name": card.name,
            "licence": licence or "not stated: set export.licence",
            "notice": card.notice,
            "format": written_as,
            "lost_in_this_format": loss or "nothing",
            "made_by": f"segmend {version('segmend')}",
        },
        "provenance": {
            "source": card.source,
            "annotators": list(card.annotators),
            "label_round": round,
            "answers": answers.num_rows,
            "people": sorted({name for who in set(answers["who"].to_pylist()) for name in who.split(JOINED)}),
            "automatic_methods": sorted(set(automatic["who"].to_pylist())),
        },
        "composition": {
            "images": counts.images,
            "images_without_labels": counts.unlabelled_images,
            "classes": {
                name: {
                    "pixels_before": int(counts.before[k]),
                    "pixels": int(counts.after[k]),
                    "share": round_share(int(counts.after[k]) / total),
                }
                for k, name in ids.items()
            },
        },
        "statistics": {
            "pixels": int(counts.after.sum()),
            "changed_pixels": counts.changed,
            "changed_share": round_share(counts.changed / total),
            "changed_by_answers": int(compute.sum(answers["changed"]).as_py() or 0),
            "changed_automatically": int(compute.sum(automatic["changed"]).as_py() or 0),
        },
    }


def round_share(value: float) -> float:
    """A share with six digits behind the point."""
    return float(f"{value:.6f}")


def write(folder: Path, card: dict[str, Any]) -> None:
    """card.json and README.md in `folder`."""
    (folder / "card.json").write_text(dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(page(card), encoding="utf-8")


def page(card: dict[str, Any]) -> str:
    """The card as a page."""
    metadata, provenance, statistics = card["metadata"], card["provenance"], card["statistics"]
    lines = [f"# {metadata['name']}", "", *([metadata["notice"], ""] if metadata["notice"] else [])]
    lines += [f"* {key.replace('_', ' ')}: {value}" for key, value in metadata.items() if key not in ("name", "notice")]
    lines += ["", "## Where the labels come from", ""]
    lines += [f"* {key.replace('_', ' ')}: {shown(value)}" for key, value in provenance.items() if value]
    counts = ", ".join(f"{number:,} {split}" for split, number in card["composition"]["images"].items())
    lines += [
        "",
        f"## Classes ({counts} images)",
        "",
        "| class | pixels before | pixels | share |",
        "|---|---|---|---|",
    ]
    for name, row in card["composition"]["classes"].items():
        lines.append(f"| {name} | {row['pixels_before']:,} | {row['pixels']:,} | {row['share']:.2%} |")
    lines += [
        "",
        f"{statistics['changed_pixels']:,} of {statistics['pixels']:,} pixels ({statistics['changed_share']:.2%}) have another "
        f"label than the given masks. changes.csv lists every answer and every automatic change.",
        "",
    ]
    return "\n".join(lines)


def shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
