"""When a network begins to memorise a class's labels: from the curve of its IoU with them, epoch by epoch."""

import numpy as np
from jaxtyping import Float64

LEAST = 0.1  # a class whose IoU never exceeded this is not learnt yet: its curve is flat for that reason


def fitted(epochs: Float64[np.ndarray, " n"], iou: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " 3"]:
    """(a, b, c) of iou = a * (1 - exp(-t**b / c)): 0 <= a, b <= 1, c >= 0, by least squares; the last points weigh most.

    The deviation that a point is allowed falls from 1 to 0.1 in geometric steps.
    """
    from scipy.optimize import least_squares  # most of a second to load, for those who correct in training

    weights = 1 / np.geomspace(1, 0.1, len(iou))

    def misses(point: np.ndarray) -> np.ndarray:
        return (curve(epochs, *point) - iou) * weights

    return least_squares(misses, (1.0, 1.0, 1.0), bounds=((0, 0, 0), (1, 1, np.inf))).x


def curve(t: Float64[np.ndarray, " n"], a: float, b: float, c: float) -> Float64[np.ndarray, " n"]:
    return a * (1 - np.exp(-(t**b) / max(c, 1e-9)))


def slowed(t: Float64[np.ndarray, " n"], b: float, c: float) -> Float64[np.ndarray, " n"]:
    """How much smaller the curve's slope is at t than at 1, 0..1: 1 - f'(t) / f'(1), in a form that divides by nothing."""
    return 1 - np.exp((b - 1) * np.log(t) - (t**b - 1) / max(c, 1e-9))


def onset(iou: list[float | None], epochs: int, change: float) -> int | None:
    """The epoch in 2..epochs from which a class counts as memorised: its slope has fallen by more than `change`.

    `iou` is that of epochs 1, 2, ... so far, None where the class did not occur. None: not known yet (fewer than two points,
    or nothing learnt).
    """
    known = np.array([k for k, value in enumerate(iou) if value is not None], int)
    points = np.array([iou[k] for k in known], np.float64)
    if len(points) < 2 or points.max() < LEAST:
        return None
    _, b, c = fitted(known + 1.0, points)
    return int((slowed(np.arange(1.0, epochs), b, c) <= change).sum()) + 1
