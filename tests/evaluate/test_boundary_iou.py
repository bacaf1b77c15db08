"""Boundary IoU: small squares by hand, its limits, and what is not counted."""

import numpy as np
import pytest

from segmend.images.rasters import VOID
from tasks.evaluate.boundary_iou import Boundary, band, band_width


def scored(truth: np.ndarray, prediction: np.ndarray, classes: int = 2, width: float = 1e-6) -> Boundary:
    boundary = Boundary(classes, width)
    boundary.update(truth, prediction)
    return boundary


def square(rows: slice, columns: slice, shape: tuple[int, int] = (12, 12)) -> np.ndarray:
    labels = np.zeros(shape, np.uint8)
    labels[rows, columns] = 1
    return labels


def random_map(seed: int, classes: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, classes, (6, 5), np.uint8).repeat(5, 0).repeat(6, 1)


def slow_band(labels: np.ndarray, width: int) -> np.ndarray:
    """The definition, pixel by pixel: another label, or the outside, within `width` rows and columns."""
    padded = np.pad(labels.astype(int), width, constant_values=-1)
    border = np.zeros(labels.shape, bool)
    for row, column in np.ndindex(*labels.shape):
        window = padded[row : row + 2 * width + 1, column : column + 2 * width + 1]
        border[row, column] = (window != labels[row, column]).any()
    return border


def test_by_hand():
    # A 4x4 square, predicted one column to the right; bands are one pixel wide: 12 pixels each of class 1.
    boundary = scored(square(slice(4, 8), slice(4, 8)), square(slice(4, 8), slice(5, 9)))
    # Both bands: top and bottom rows share 3 columns each; the left side of one lies where the other is inside,
    # except for the corners that were counted.
    assert boundary.true[1] == boundary.predicted[1] == 12
    assert boundary.both[1] == 6
    assert boundary.iou()[1] == pytest.approx(6 / 18)
    # The background's band: the ring round the square (6 * 6 - 16 = 20 pixels) and the image's edge (44 pixels).
    assert boundary.true[0] == boundary.predicted[0] == 64
    # Of the two rings, the upper and lower rows share 5 pixels each, and nothing else is in both.
    assert boundary.both[0] == 44 + 10
    assert boundary.miou() == pytest.approx((6 / 18 + 54 / 74) / 2)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_band_is_its_definition(width):
    for seed in range(3):
        labels = random_map(seed)
        assert (band(labels, np.ones(labels.shape, bool), width) == slow_band(labels, width)).all()


def test_equal_maps_give_one():
    labels = random_map(0)
    assert (scored(labels, labels, 4).iou() == 1).all()


def test_a_width_that_covers_everything_is_iou():
    truth, prediction = random_map(1), random_map(2)
    wide = scored(truth, prediction, 4, width=0.5).iou()
    plain = [((truth == k) & (prediction == k)).sum() / ((truth == k) | (prediction == k)).sum() for k in range(4)]
    assert wide.tolist() == plain


def test_renaming_classes_changes_nothing():
    truth, prediction = random_map(1), random_map(2)
    names = np.array([2, 0, 3, 1], np.uint8)
    renamed, plain = scored(names[truth], names[prediction], 4), scored(truth, prediction, 4)
    assert (renamed.iou()[names] == plain.iou()).all()


def test_pixels_without_truth_change_nothing():
    truth, prediction = random_map(1), random_map(2)
    truth[10:18, 5:20] = VOID
    other = prediction.copy()
    other[10:18, 5:20] = (other[10:18, 5:20] + 1) % 4
    assert scored(truth, prediction, 4).iou().tolist() == scored(truth, other, 4).iou().tolist()
    uniform = np.where(truth == VOID, VOID, 0).astype(np.uint8)
    inner = band(uniform, uniform != VOID, 1)[1:-1, 1:-1]
    assert not inner.any()  # the border of a void area is no border of a class


def test_absent_classes_are_left_out():
    boundary = scored(square(slice(4, 8), slice(4, 8)), square(slice(4, 8), slice(4, 8)), classes=3)
    assert np.isnan(boundary.iou()[2])
    assert boundary.miou() == 1


def test_width_is_a_share_of_the_diagonal_and_at_least_one():
    assert band_width((30, 40), 0.02) == 1
    assert band_width((300, 400), 0.02) == 10
    assert band_width((3, 4), 0.001) == 1
