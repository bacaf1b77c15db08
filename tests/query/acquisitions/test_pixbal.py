"""Ratio weighted by how rare the predicted class is, by hand."""

import pytest

from tasks.query.acquisitions.pixbal import Pixbal
from tests.query.scenes import row_scene, utilities

PIXELS = [[0.8, 0.2], [0.6, 0.4], [0.4, 0.6], [0.9, 0.1]]  # mean probabilities 0.675 and 0.325


def test_by_hand():
    first, second = (6 * 0.675 + 1) ** -2, (6 * 0.325 + 1) ** -2
    found = utilities(Pixbal(), row_scene(PIXELS, regions=[0, 0, 0, 1]))
    assert found == pytest.approx([(0.25 * first + 4 / 6 * first + 4 / 6 * second) / 3, first / 9])


def test_limits():
    assert utilities(Pixbal(nu=0), row_scene(PIXELS, regions=[0, 0, 0, 1])) == pytest.approx(
        [(0.25 + 8 / 6) / 3, 1 / 9]
    )
    assert utilities(Pixbal(), row_scene([[1, 0], [0, 1]], regions=[0, 1])) == [0, 0]


def test_the_rarer_class_weighs_more_and_the_more_so_with_nu():
    def ratio(nu: float) -> float:  # of the utilities of two equally doubtful regions, rare over frequent
        frequent, rare = utilities(Pixbal(nu=nu), row_scene([[0.8, 0.2]] * 3 + [[0.2, 0.8]], regions=[0, 0, 0, 1]))
        return rare / frequent

    assert ratio(0) == pytest.approx(1) and 1 < ratio(1) < ratio(6) < ratio(12)


def test_shares_are_over_all_images():
    regions = [0, 0, 0, 1]  # region 1 is of class 0 alone, which the other image makes more frequent
    alone = utilities(Pixbal(), row_scene(PIXELS, regions=regions))
    beside = utilities(Pixbal(), row_scene(PIXELS, regions=regions), row_scene([[1, 0]] * 50))
    assert beside[1] < alone[1] and beside[1] == pytest.approx((6 * (50 + 2.7) / 54 + 1) ** -2 / 9)
