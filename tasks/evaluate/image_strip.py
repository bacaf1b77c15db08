"""One composed picture of a round: a few fixed images in rows; image, labels, network, truth, uncertainty in columns.

The images are the same in every round, so that strips can be compared from round to round.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from segmend.images.dataset import Dataset, Labels, Sample
from segmend.images.overlays import Picture, heat, overlaid, resized
from tasks.evaluate.network_scores import Shown

COLUMNS = ("image", "labels", "network", "truth", "uncertainty")
HEAD, GAP, PAPER, INK, BLANK = 22, 4, (255, 255, 255), (40, 40, 40), (236, 236, 236)


def strip_samples(dataset: Dataset, count: int) -> list[Sample]:
    """`count` images spread evenly over the train (first half) and the test split; those with truth come first."""
    chosen: list[Sample] = []
    for split, wanted in (("train", count - count // 2), ("test", count // 2)):
        samples = list(dataset.of(split))
        samples = [sample for sample in samples if sample.id in dataset.with_truth] or samples
        places = (np.arange(wanted) + 0.5) * len(samples) / max(1, wanted)
        chosen += [samples[k] for k in sorted(set(places.astype(int)))] if samples else []
    return chosen


def strip_row(dataset: Dataset, labels: Labels, sample: Sample, shown: Shown, width: int) -> Picture:
    """One image's pictures side by side; grey where there is nothing to show."""
    image, truth = dataset.image(sample.id), dataset.truth(sample.id)
    mask = labels[sample.id] if sample.split != "test" else None
    cells = [resized(image, width, smooth=True)]
    for ids in (mask, shown.prediction, truth):
        if ids is None:
            cells.append(np.full_like(cells[0], BLANK[0]))
        else:
            cells.append(resized(overlaid(image, ids, dataset.card), width, smooth=False))
    cells.append(resized(heat(shown.uncertainty.astype(np.float32) / 255), width, smooth=False))
    gap = np.full((cells[0].shape[0], GAP, 3), 255, np.uint8)
    return np.concatenate([part for cell in cells for part in (cell, gap)][:-1], axis=1)


def strip(dataset: Dataset, labels: Labels, samples: list[Sample], shown: dict[str, Shown], width: int) -> Picture:
    """The whole strip with a headline over each row."""
    full = len(COLUMNS) * width + (len(COLUMNS) - 1) * GAP
    rows = []
    for sample in samples:
        rows += [headline(sample, width, full), strip_row(dataset, labels, sample, shown[sample.id], width)]
    return np.concatenate(rows) if rows else headline(None, width, full)


def headline(sample: Sample | None, width: int, full: int) -> Picture:
    """The column names, and the image's name and split after the first."""
    canvas = Image.new("RGB", (full, HEAD), PAPER)
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(12)
    for k, name in enumerate(COLUMNS):
        text = f"{sample.id} ({sample.split})" if k == 0 and sample else name
        draw.text((k * (width + GAP) + 2, 4), text, fill=INK, font=font)
    return np.asarray(canvas)
