"""The pictures of the report as data URIs, small enough for one file; every picture has a text alternative."""

import numpy as np

from segmend.images.dataset import Card, Dataset, Labels
from segmend.images.overlays import Picture, Shot, heat, marked, overlaid, shot, size_in
from segmend.images.rasters import LabelMap, is_class
from tasks.report.label_changes import masks

# Colours that differ in lightness too and that colour-blind readers can distinguish (Okabe and Ito's, lightened).
COLOURS = {
    "changed": (86, 180, 233),
    "fixed": (86, 180, 233),
    "broken": (230, 85, 13),
    "other": (204, 121, 167),
    "left": (240, 228, 66),
    "wrong": (240, 228, 66),
}


def before_and_after(data: Dataset, first: Labels, last: Labels, name: str, box: int) -> list[Shot]:
    """Image, first labels, last labels, what changed, truth."""
    image, old, new = (data.whole(name, read) for read in (data.image, first.__getitem__, last.__getitem__))
    truth = data.whole_truth(name)
    size, pixels = size_in(box, old.shape), masks(old, new, truth)
    kinds = ["changed"] if truth is None else ["fixed", "broken", "other", "left"]
    marks = {COLOURS[kind]: pixels[kind] for kind in kinds}
    return [
        shot(image, f"Image {name}", size, smooth=True),
        shot(overlaid(image, old, data.card), f"First labels of {name}", size),
        shot(overlaid(image, new, data.card), f"Labels of {name} now", size),
        shot(marked(image, marks), f"Pixels of {name} that changed", size),
        shot(over(image, truth, data.card), f"Truth of {name}" if truth is not None else f"No truth of {name}", size),
    ]


def of_network(data: Dataset, name: str, prediction: LabelMap, doubt: np.ndarray, box: int) -> list[Shot]:
    """Image, prediction, wrong pixels, uncertainty, truth."""
    image, truth = data.image(name), data.truth(name)
    size = size_in(box, prediction.shape)
    wrong = None if truth is None else {COLOURS["wrong"]: (prediction != truth) & is_class(truth)}
    return [
        shot(image, f"Image {name}", size, smooth=True),
        shot(overlaid(image, prediction, data.card), f"Prediction for {name}", size),
        shot(marked(image, wrong) if wrong else None, f"Wrongly predicted pixels of {name}", size),
        shot(heat(doubt.astype(np.float32) / 255), f"Uncertainty of the network on {name}", size),
        shot(over(image, truth, data.card), f"Truth of {name}" if truth is not None else f"No truth of {name}", size),
    ]


def over(image: Picture, labels: LabelMap | None, card: Card) -> Picture | None:
    return None if labels is None else overlaid(image, labels, card)
