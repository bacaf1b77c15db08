"""Look-ahead inside the region: by hand, eps 0 and 1, what is and is not restricted."""

import numpy as np
import pytest

from segmend.images.rasters import VOID
from tasks.correct.expansion._base import AnswerMask, ImageContext
from tasks.correct.expansion.similar import Similar
from tests.correct.expansion.scene import image, painted, told


def strip(answers: list[AnswerMask], first=(0, 0, 0, 0, 0)) -> ImageContext:
    """Five pixels in a row: three that the network sees as class 0, two as class 1; cosine between them 0.47."""
    probabilities = np.array([[[0.8, 0.8, 0.8, 0.2, 0.2]], [[0.2, 0.2, 0.2, 0.8, 0.8]]], np.float32)
    start = np.array([first], np.uint8)
    return ImageContext("i", probabilities, None, start, painted(start, answers), np.zeros((1, 5), np.int32), answers)


WHOLE = np.ones((1, 5), bool)


def test_by_hand():
    # cos((.8, .2), (.2, .8)) = .32 / .68 = .4706; the representative is one of the three.
    assert Similar(eps=0.48).spread(strip([told(WHOLE, "class", 1)]), None).tolist() == [[1, 1, 1, 0, 0]]
    assert Similar(eps=0.47).spread(strip([told(WHOLE, "class", 1)]), None).tolist() == [[1, 1, 1, 1, 1]]


def test_void_stays():
    seen = strip([told(WHOLE, "class", 1)], (VOID, 0, 0, 0, VOID))
    assert Similar(eps=0.9).spread(seen, None).tolist() == [[VOID, 1, 1, 0, VOID]]


@pytest.mark.parametrize("seed", range(3))
def test_eps_zero_is_the_whole_region_and_no_pixel_outside_it_ever_changes(seed):
    seen = image(seed)
    assert (Similar().spread(seen, None) == seen.labels).all()
    moved = Similar(eps=1).spread(seen, None) != seen.labels
    assert moved.any() and np.isin(seen.regions[moved], (1, 9, 10)).all()


def test_a_pixel_outside_is_as_the_other_answers_make_it():
    left = np.array([[True, False, False, True, False]])
    seen = strip([told(left, "mask", 1), told(WHOLE, "class", 0)], (0, 0, 0, 0, 1))
    assert Similar(eps=0.9).spread(seen, None).tolist() == [[0, 0, 0, 1, 1]]
    seen = strip([told(WHOLE, "class", 0), told(left, "mask", 1)], (0, 0, 0, 0, 1))
    assert Similar(eps=0.9).spread(seen, None).tolist() == [[1, 0, 0, 1, 1]]
