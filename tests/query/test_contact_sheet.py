"""The contact sheet: crops hold their region, equal views give equal pictures."""

import numpy as np
import pytest

from tasks.query.contact_sheet import LINE, View, sheet, window
from tests.toys import LEAF_CARD


@pytest.mark.parametrize("place", [(0, 0, 5, 5), (100, 80, 160, 119), (60, 3, 61, 110), (0, 0, 200, 120)])
def test_the_window_holds_the_region(place):
    mask = np.zeros((200, 120), bool)
    mask[place[0] : place[2], place[1] : place[3]] = True
    rows, columns = window(mask)
    assert mask[rows, columns].sum() == mask.sum()
    assert 0 <= rows.start < rows.stop <= 200 and 0 <= columns.start < columns.stop <= 120
    assert rows.stop - rows.start == min(200, max(48, 2 * max(place[2] - place[0], place[3] - place[1])))


def test_views_are_drawn_alike_each_time():
    mask = np.zeros((40, 48), bool)
    mask[10:20, 12:30] = True
    image, labels = np.full((40, 48, 3), 120, np.uint8), np.ones((40, 48), np.uint8)
    views = [View(f"r1-{k}", image, labels, mask, None if k else "leaf", "stone") for k in range(5)]
    page = np.array(sheet(views, LEAF_CARD))
    assert (page == np.array(sheet(views, LEAF_CARD))).all()
    assert (page == LINE).all(-1).sum() > 500
    assert sheet([], LEAF_CARD).size[0] == page.shape[1]
