"""Labels from prototypes: by hand, and the card's limits."""

import numpy as np
import pytest

from segmend.images.rasters import NO_REGION, UNLABELLED, VOID
from tasks.correct.expansion._base import AnswerMask, ImageContext
from tasks.correct.expansion.prototypes import Prototypes

U, DEFAULT = UNLABELLED, Prototypes()


def row(angles: list[float], sure: list[float], answers: list[AnswerMask], labels=None, spread=DEFAULT) -> list[int]:
    """A row of pixels in cells of four: features are directions (degrees), `sure` the probability of class 0 of two."""
    n = len(angles)
    turned = np.deg2rad(np.array(angles, np.float32))
    p = np.array([sure, 1 - np.array(sure)], np.float32)[:, None]
    maps = np.array([labels or [U] * n], np.uint8)
    regions = np.array([np.arange(n) // 4], np.int32)
    seen = ImageContext(
        "i", p, np.array([np.cos(turned), np.sin(turned)])[:, None], maps.copy(), maps, regions, answers
    )
    before = maps.copy()
    made = spread.spread(seen, spread.learn([spread.measure(seen)], [], np.random.default_rng(0)))
    assert (maps == before).all() and made.dtype == np.uint8
    return made[0].tolist()


def told(kind: str, pixels, *classes: int) -> AnswerMask:
    return AnswerMask(np.array(list(pixels), np.int64), kind, classes)


# Cell 0 is asked. Its prototypes: class 0 at pixel 1 (0 degrees), class 1 at pixel 2 (90 degrees). Pixel 0 (10 degrees) is
# more like the first, pixel 3 (60) more like the second. tau: 0 takes 1, cos 10 = 0.98481, median 0.99240 (7.07 degrees);
# 1 takes 1, cos 30 = 0.86603, median 0.93301 (21.09 degrees).
ANGLES = [10, 0, 90, 60, 5, 8, 70, 65, 0, 90, 0, 90]
SURE = [0.6, 0.9, 0.1, 0.4, 0.5, 0.5, 0.5, 0.5, 0.9, 0.1, 0.9, 0.1]
SET = told("class_set", range(4), 0, 1)


def test_by_hand():
    # 5 degrees from 0: in; 8 degrees: out; 70 is 20 from 90: in; 65 is 25: out. The third cell does not touch the first.
    assert row(ANGLES, SURE, [SET]) == [0, 0, 1, 1, 0, U, 1, U, U, U, U, U]


def test_the_least_similarity_lets_more_in():
    # tau = cos 10 and cos 30: 8, and 65 (25 from 90), pass as well
    assert row(ANGLES, SURE, [SET], spread=Prototypes(threshold="min"))[4:8] == [0, 0, 1, 1]


def test_without_expansion_only_the_set_changes():
    assert row(ANGLES, SURE, [SET], spread=Prototypes(expand=False)) == [0, 0, 1, 1] + [U] * 8


def test_any_prototype_of_the_region_or_the_most_similar_itself():
    # Prototype 0 stands at 0 degrees and reaches 40 (pixel 0 took it), prototype 1 at 60 reaches nothing. 35 is within the
    # reach of the first but nearer to the second: `any` lets it in, as class 1.
    angles, sure = [-40, 0, 60, 60, 35, 70, -30, 90], [0.6, 0.9, 0.1, 0.2] + [0.5] * 4
    assert row(angles, sure, [SET], spread=Prototypes(threshold="min")) == [0, 0, 1, 1, 1, U, 0, U]
    assert row(angles, sure, [SET], spread=Prototypes(threshold="min", match="nearest")) == [0, 0, 1, 1, U, U, 0, U]


@pytest.mark.parametrize("kind", ["class", "confirm", "class_set"])
def test_one_class_regions_expand_and_keep_their_own_pixels_as_sieved(kind):
    # tau: median of cos 0, 4, 6, 50 = 5.1 degrees
    angles, labels = [0, 50, 4, 6, 1, 7, 20, 90, 0, 0, 0, 0], [0, U, 0, 0] + [U] * 8
    assert row(angles, [0.9] + [0.5] * 11, [told(kind, range(4), 0)], labels) == [0, U, 0, 0, 0] + [U] * 7


@pytest.mark.parametrize("kind", ["confirm", "mask"])
def test_the_whole_region_of_an_answer_is_covered(kind):
    """It speaks of pixel 5; 4, 6 and 7 were seen too, and stay as they are."""
    part = told(kind, [5], 0)._replace(footprint=np.arange(4, 8))
    assert row(ANGLES, SURE, [SET, part])[4:8] == [U, U, U, U]
    assert row(ANGLES, SURE, [SET, part._replace(footprint=None)])[4:8] == [0, U, 1, U]


def test_skip_covers_nothing_and_mask_teaches_nothing():
    assert row(ANGLES, SURE, [SET, told("skip", range(4, 8))])[4:8] == [0, U, 1, U]
    assert row(ANGLES, SURE, [told("mask", range(4), 0), told("skip", range(4, 8))]) == [U] * 12
    assert row(ANGLES, SURE, [SET, told("mask", range(4, 8), 0)])[4:8] == [U] * 4


def test_later_answers_take_pixels_back():
    """Two pixels are left to the set, each its own prototype and with no reach; the other two no longer touch a cell around."""
    again = [SET, told("class", [0, 1], 1)]
    assert row(ANGLES, SURE, again, [1, 1] + [U] * 10) == [1, 1, 1, 0] + [U] * 8


def test_later_answers_win_around():
    left, right = told("class", range(4), 0), told("class", range(8, 12), 1)
    angles, labels = [0, 4, 4, 8, 1, 1, 1, 9, 0, 4, 4, 8], [0] * 4 + [U] * 4 + [1] * 4
    sure = [0.9] + [0.5] * 7 + [0.1] + [0.5] * 3
    assert row(angles, sure, [left, right], labels)[4:8] == [1, 1, 1, U]
    assert row(angles, sure, [right, left], labels)[4:8] == [0, 0, 0, U]


def test_without_answers_nothing_changes():
    assert row(ANGLES, SURE, []) == [U] * 12


def test_what_may_be_overwritten():
    labels = [1, 1, 1, 1, 1, 1, 0, VOID, U, U, U, U]
    assert row(ANGLES, SURE, [SET], labels) == [0, 0, 1, 1, 1, 1, 0, VOID, U, U, U, U]
    labels[4:8] = [1, 1, 0, VOID]
    assert row(ANGLES, SURE, [SET], labels, spread=Prototypes(onto="all"))[4:8] == [0, 1, 1, VOID]
    assert row(ANGLES, SURE, [SET], [VOID] * 4 + [U] * 8) == [VOID] * 4 + [U] * 8


def test_limits_on_noise():
    rng = np.random.default_rng(0)
    h, w = 24, 30
    features = rng.normal(size=(5, h, w)).astype(np.float32)
    features /= np.linalg.norm(features, axis=0)
    p = rng.dirichlet(np.ones(4), (h, w)).transpose(2, 0, 1).astype(np.float32)
    cells = (np.arange(h)[:, None] // 6 * 5 + np.arange(w) // 6).astype(np.int32)
    cells[:, -2:] = NO_REGION
    labels = np.full((h, w), U, np.uint8)
    labels[::5, ::7] = VOID
    flat = np.arange(h * w).reshape(h, w)
    answers = [
        AnswerMask(flat[cells == 6], "class_set", (1, 3)),
        AnswerMask(flat[cells == 7], "class_set", (0, 2, 3)),
        AnswerMask(flat[cells == 0], "confirm", (2,)),
    ]
    seen = ImageContext("i", p, features, labels, labels, cells, answers)
    made = Prototypes(threshold="min", onto="all").spread(seen, None)
    assert ((made == VOID) == (labels == VOID)).all()
    for answer in answers[:2]:
        assert set(np.unique(made.ravel()[answer.pixels])) - {VOID} <= set(answer.classes)
    near = {0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13}  # cells that touch 0, 6 or 7
    assert (made[~np.isin(cells, list(near))] == labels[~np.isin(cells, list(near))]).all()
    assert (made[cells == 8] != U).any() and (made[cells == 11] != U).any()
    assert (made == Prototypes(threshold="min", onto="all").spread(seen, None)).all()


@pytest.mark.parametrize("block", [1, 7])
def test_blocks_change_nothing(block, monkeypatch):
    whole = row(ANGLES, SURE, [SET])
    monkeypatch.setattr("tasks.correct.expansion.prototypes.BLOCK", block)
    assert row(ANGLES, SURE, [SET]) == whole
