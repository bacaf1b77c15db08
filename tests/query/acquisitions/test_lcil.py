"""Mean doubt over what one answer would reach: by hand, its limits, against sim and cil."""

import numpy as np
import pytest

from segmend.images.rasters import VOID
from tasks.query.acquisitions.cil import Cil
from tasks.query.acquisitions.lcil import Lcil
from tests.query.scenes import random_scene, row_scene, utilities

PIXELS, LABELS = [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.25, 0.25]], [1, 0, 2]


def test_by_hand():
    assert utilities(Lcil(), row_scene(PIXELS, LABELS)) == pytest.approx([(0.7 + 0.8 + 0.75) / 3])
    assert utilities(Lcil(), row_scene(PIXELS, [1, VOID, 2])) == pytest.approx([(0.7 + 0.75) / 3])


def test_limits():
    assert utilities(Lcil(), row_scene([[1, 0], [0, 1]], [0, 1])) == [0]
    assert utilities(Lcil(), row_scene(PIXELS * 2, LABELS * 2)) == pytest.approx(
        utilities(Lcil(), row_scene(PIXELS, LABELS))
    )
    assert utilities(Lcil(), row_scene(PIXELS, LABELS, [0, 1, 2])) == pytest.approx([0.7, 0.8, 0.75])
    assert max(utilities(Lcil(), random_scene(0))) <= 1


def test_eps_leaves_out_what_does_not_resemble():
    pixels = [[1, 0], [1, 0], [0, 1]]
    assert utilities(Lcil(), row_scene(pixels, [1, 1, 1])) == pytest.approx([2 / 3])
    assert utilities(Lcil(eps=0.5), row_scene(pixels, [1, 1, 1])) == pytest.approx([1])


@pytest.mark.parametrize("seed", range(3))
def test_at_the_highest_eps_only_equals_of_the_representative_count(seed):
    one = random_scene(seed)
    assert utilities(Lcil(eps=1), one) == pytest.approx(utilities(Cil(), one), abs=1e-3)
    assert np.ptp(utilities(Lcil(eps=1), one)) > 0
