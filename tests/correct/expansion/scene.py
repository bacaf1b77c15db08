"""An image as expansions see it, for tests."""

import numpy as np

from segmend.images.rasters import UNLABELLED, VOID
from tasks.correct.expansion._base import AnswerMask, ImageContext


def image(seed: int = 0, classes: int = 3, cells: int = 4) -> ImageContext:
    """Chance probabilities and labels with void and unlabelled pixels, cells of 4 x 4 pixels, answers of all kinds."""
    rng, side = np.random.default_rng(seed), 4 * cells
    probabilities = rng.dirichlet([0.5] * classes, (side, side)).astype(np.float32).transpose(2, 0, 1)
    regions = (np.arange(side)[:, None] // 4 * cells + np.arange(side) // 4).astype(np.int32)
    first = rng.choice(np.array([*range(classes), UNLABELLED, VOID], np.uint8), (side, side))
    features = rng.normal(size=(5, side, side)).astype(np.float32)
    features /= np.linalg.norm(features, axis=0)
    said = [
        told(regions == 1, "class", 2),
        told(regions == 5, "confirm", 0),
        told(np.isin(regions, (6, 7)), "class_set", 0, 1),
        told(regions == 2, "skip"),
        told(np.isin(regions, (9, 10)), "class", 1),
        told((regions == 12) & (rng.random(regions.shape) < 0.5), "mask", 1),
    ]
    picture = np.random.default_rng(seed + 100).integers(0, 256, (side, side, 3)).astype(np.uint8)
    context = ImageContext("a/0", probabilities, features, first, painted(first, said), regions, said)
    return context._replace(picture=lambda: picture)


def told(mask: np.ndarray, kind: str, *classes: int) -> AnswerMask:
    return AnswerMask(np.flatnonzero(mask), kind, classes)


def painted(first: np.ndarray, answers: list[AnswerMask]) -> np.ndarray:
    """The labels after the answers."""
    labels = first.copy()
    flat = labels.reshape(-1)
    for one in answers:
        if one.kind in ("class", "mask"):
            flat[one.pixels[flat[one.pixels] != VOID]] = one.classes[0]
    return labels
