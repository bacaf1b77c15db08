"""The data card: what the corrected data set is, where it comes from, how its labels changed, and what is known to be wrong with it.

Modules follow the Dataset Nutrition Label (Chmielinski et al., 2022, arXiv 2201.03954): metadata, versions, provenance, composition,
statistics, label quality, known limits. card.json is for programs, README.md for people; equal input gives equal bytes.
"""

from hashlib import sha256
from importlib.metadata import version
from json import dumps
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute

from segmend.answers import history
from segmend.answers.answers import JOINED
from segmend.images.dataset import SPLITS, Dataset, Sample
from segmend.images.rasters import UNLABELLED, VOID, LabelMap
from tasks.export.losses import Losses
from tasks.export.noise_estimate import by_round

CARD = 2  # the version of card.json's fields


class LabelCounts:
    """Pixels of each id before and after, over the images that have a label map in both; and what identifies all labels."""

    def __init__(self) -> None:
        self.images, self.unlabelled_images, self.given_images = dict.fromkeys(SPLITS, 0), 0, 0
        self.before, self.after = np.zeros(256, np.int64), np.zeros(256, np.int64)
        self.changed, self.digest = 0, sha256()

    def add(self, sample: Sample, before: LabelMap | None, after: LabelMap | None, written: LabelMap | None) -> None:
        """Count an image. `before`, `after`: its first labels and those of the round; `written`: what leaves, of an image that no round
        changes its given mask."""
        self.images[sample.split] += 1
        if written is None:
            self.unlabelled_images += 1
            return
        self.digest.update(f"{sample.id} {written.shape}".encode() + written.tobytes())
        if before is None or after is None:
            self.given_images += 1
            return
        self.before += np.bincount(before.ravel(), minlength=256)
        self.after += np.bincount(after.ravel(), minlength=256)
        self.changed += int((before != after).sum())


def content(
    data: Dataset, labels: Path, counts: LabelCounts, losses: Losses, changes: pa.Table, licence: str
) -> dict[str, Any]:
    """The card as plain data. Shares are of all pixels, void included."""
    card, total = data.card, max(1, int(counts.after.sum()))
    ids = {**dict(enumerate(card.classes)), UNLABELLED: "not labelled yet", VOID: "void"}
    automatic = changes.filter(compute.equal(changes["kind"], history.AUTO))
    answers = changes.filter(compute.not_equal(changes["kind"], history.AUTO))
    images = sha256("".join(f"{sample.id} {sample.image_sha256}\n" for sample in data.samples).encode())
    made: dict[str, Any] = {
        "metadata": {
            "name": card.name,
            "licence": licence or "not stated: set export.licence",
            "notice": card.notice,
            "format": losses.method.name,
        },
        "versions": {
            "label_round": labels.resolve().name,
            "labels_sha256": counts.digest.hexdigest(),
            "images_sha256": images.hexdigest(),
            "segmend": version("segmend"),
            "card_version": CARD,
        },
        "provenance": {
            "source": card.source,
            "annotators": list(card.annotators),
            "answers": answers.num_rows,
            "people": sorted({name for who in set(answers["who"].to_pylist()) for name in who.split(JOINED)}),
            "automatic_methods": sorted(set(automatic["who"].to_pylist())),
        },
        "composition": {
            "images": counts.images,
            "images_without_labels": counts.unlabelled_images,
            "images_with_given_masks": counts.given_images,
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
        "label_quality": [row._asdict() for row in by_round(history.read(labels))],
        "lost_in_this_format": {
            "sentence": losses.sentence,
            "labels": [row._asdict() for row in losses.counted()],
            "images": losses.method.image_loss,
        },
    }
    return made | {"known_limits": limits(made)}


def limits(card: dict[str, Any]) -> list[str]:
    """What a user of the data set should know, one sentence each."""
    composition, statistics = card["composition"], card["statistics"]
    open_, void = (composition["classes"][name]["share"] for name in ("not labelled yet", "void"))
    found = []
    if card["lost_in_this_format"]["sentence"] != "nothing":
        found.append(f"Lost in this format: {card['lost_in_this_format']['sentence']}.")
    if composition["images_without_labels"]:
        found.append(f"Images without labels: {composition['images_without_labels']:,}.")
    if composition["images_with_given_masks"]:
        found.append(
            f"Images with the masks that were given, which no round changes (the test split): {composition['images_with_given_masks']:,}."
        )
    if open_ or void:
        found.append(f"{open_:.2%} of the pixels are not labelled yet, {void:.2%} are void.")
    if statistics["changed_automatically"]:
        found.append(
            f"No person saw the {statistics['changed_automatically']:,} pixels that were changed automatically."
        )
    if not card["label_quality"]:
        found.append(
            "Nobody was asked about these labels: how many are wrong is not known (`segmend audit` estimates it)."
        )
    return found


def round_share(value: float) -> float:
    """A share with six digits behind the point."""
    return float(f"{value:.6f}")


def write(folder: Path, card: dict[str, Any]) -> None:
    """card.json and README.md in `folder`."""
    (folder / "card.json").write_text(dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(page(card), encoding="utf-8")


def page(card: dict[str, Any]) -> str:
    """The card as a page."""
    metadata, statistics = card["metadata"], card["statistics"]
    lines = [f"# {metadata['name']}", "", *([metadata["notice"], ""] if metadata["notice"] else [])]
    lines += [f"* {key}: {value}" for key, value in metadata.items() if key not in ("name", "notice")]
    lines += listed("Version", card["versions"]) + listed("Where the labels come from", card["provenance"])
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
        f"label than the first ones. changes.csv lists every answer and every automatic change.",
        *quality(card["label_quality"]),
        "",
        "## Known limits",
        "",
        *[f"* {sentence}" for sentence in card["known_limits"] or ("none that this card can know",)],
        "",
    ]
    return "\n".join(lines)


def listed(title: str, rows: dict[str, Any]) -> list[str]:
    """A section with a line for each value that there is."""
    return [
        "",
        f"## {title}",
        "",
        *[f"* {key.replace('_', ' ')}: {shown(value)}" for key, value in rows.items() if value],
    ]


def quality(rounds: list[dict[str, Any]]) -> list[str]:
    """The section on wrong labels; nothing where nobody was asked."""
    if not rounds:
        return []
    lines = ["", "## How many labels were wrong", ""]
    lines += [
        "| before round | answered | of these wrong | drawn at random | wrong pixels, from these |",
        "|---|---|---|---|---|",
    ]
    for row in rounds:
        share = "unknown" if row["wrong_pixel_share"] is None else f"{row['wrong_pixel_share']:.1%}"
        wrong = f"{row['wrong']:,} ({row['wrong'] / row['answered']:.0%})"
        lines.append(f"| {row['round']} | {row['answered']:,} | {wrong} | {row['at_random']:,} | {share} |")
    return [
        *lines,
        "",
        "Questions are asked where mistakes are expected, so more of these labels were wrong than of all. Only what was drawn at random "
        "(query.random) says how many of all pixels were.",
    ]


def shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
