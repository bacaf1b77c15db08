"""Otsu's thresholds: by hand, the order of the classes, images with few grey values, unknown names."""

import numpy as np
import pytest

from tasks.pseudo_label.labellers.multi_otsu import MultiOtsu

CLASSES = ("background", "other", "grey", "white")
ROW = [0, 10, 12, 100, 104, 200, 210, 0]


def labels_of(method: MultiOtsu, values: list[int], classes=CLASSES) -> list[int]:
    image = np.array(values, np.uint8)[None, :, None].repeat(3, axis=2)
    return method(image, None, np.zeros((1, len(values)), np.int32), classes)[0][0].tolist()


def test_by_hand():
    assert labels_of(MultiOtsu(), ROW) == [0, 1, 1, 2, 2, 3, 3, 0]


def test_classes_from_dark_to_bright_in_the_stated_order():
    assert labels_of(MultiOtsu(classes=("white", "grey", "other")), ROW) == [0, 3, 3, 2, 2, 1, 1, 0]
    assert labels_of(MultiOtsu(background="white", classes=("grey", "other")), [0, 10, 12, 200, 210]) == [3, 2, 2, 1, 1]


def test_one_class_is_foreground_against_background():
    assert labels_of(MultiOtsu(classes=("grey",), floor=50), ROW) == [0, 0, 0, 2, 2, 2, 2, 0]


@pytest.mark.parametrize(
    ("values", "labels"),
    [([0, 0, 0], [0, 0, 0]), ([0, 90, 90], [0, 1, 1]), ([0, 90, 200], [0, 1, 2]), ([9, 90, 200], [1, 2, 3])],
)
def test_few_grey_values_give_as_many_classes_from_the_darkest(values, labels):
    assert labels_of(MultiOtsu(), values) == labels


def test_unknown_class_is_named_with_the_known():
    with pytest.raises(ValueError, match="names the class 'bone', .* allowed are background, other, grey, white"):
        labels_of(MultiOtsu(classes=("bone",)), ROW)


def test_brightness_shifts_do_not_matter():
    assert labels_of(MultiOtsu(), [0, 20, 24, 100, 104, 200, 210, 0]) == labels_of(MultiOtsu(), ROW)
