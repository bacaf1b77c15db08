"""The simulated annotator: regions of ten pixels by hand, its limits, ALC's rule."""

import numpy as np
import pytest

from tasks.answers import Answer, Verdict
from tasks.correct.apply import corrected
from tasks.correct.oracles.ground_truth import GroundTruth
from tasks.rasters import UNLABELLED, VOID
from tests.query.questions import question

WHOLE = np.ones((1, 10), bool)


def says(truth, labels, shown="a", column=0, **settings) -> Verdict:
    one = question(WHOLE, shown=shown, column=column)
    return GroundTruth(**settings)([one], np.array([labels], np.uint8), np.array([truth], np.uint8))[0]


CONFIRM, SKIP = Verdict("confirm"), Verdict("skip")


def test_right_is_confirmed_and_wrong_is_named():
    assert says([0] * 10, [0] * 10) == CONFIRM
    assert says([1] * 10, [0] * 10) == Verdict("class", (1,))
    assert says([1] * 6 + [0] * 4, [0] * 10) == Verdict("class", (1,))  # 6 mended against 4 right
    assert says([1] * 4 + [0] * 6, [0] * 10) == CONFIRM


def test_a_blob_over_part_of_a_region_is_mended():
    blob = [0] * 6 + [2] * 4  # the class shown is right, but four pixels are not
    assert says([0] * 10, blob) == Verdict("class", (0,))
    assert says([0] * 10, blob, confirm="half") == CONFIRM  # ALC keeps them


def test_a_right_border_through_a_region_is_kept():
    assert says([0] * 6 + [1] * 4, [0] * 6 + [1] * 4) == CONFIRM
    assert says([0] * 6 + [1] * 4, [0] * 5 + [1] * 5) == CONFIRM  # naming class 0 would leave 6 right, there are 9


def test_small_mistakes_are_not_noticed():
    assert says([0] * 10, [0] * 9 + [1], notice=0.2) == CONFIRM
    assert says([0] * 10, [0] * 9 + [1], notice=0.1) == Verdict("class", (0,))
    assert says([0] * 10, [0] * 10, notice=0) == CONFIRM


def test_half():
    assert says([1] * 5 + [0] * 5, [0] * 10, confirm="half") == Verdict("class", (0,))  # equal counts: the lower id
    assert says([1] * 4 + [0] * 6, [0] * 10, confirm="half") == CONFIRM


def test_the_representative_pixel_names_the_class():
    truth = [1] * 8 + [2] * 2
    assert says(truth, [0] * 10) == Verdict("class", (1,))
    assert says(truth, [0] * 10, column=9, rule="representative", confirm="half") == Verdict("class", (2,))
    assert says([1] * 9 + [VOID], [0] * 10, column=9, rule="representative") == SKIP


def test_void_is_skipped_and_left_out():
    assert says([VOID] * 6 + [1] * 4, [0] * 10) == SKIP
    assert says([VOID] * 5 + [1] * 5, [0] * 10) == Verdict("class", (1,))
    assert says([0] * 10, [VOID] * 6 + [0] * 4) == SKIP


def test_unlabelled_is_never_confirmed():
    assert says([0] * 10, [UNLABELLED] * 10, shown=None) == Verdict("class", (0,))
    assert says([0] * 5 + [1] * 5, [UNLABELLED] * 5 + [1] * 5, shown=None) == Verdict("class", (0,))


@pytest.mark.parametrize("seed", range(20))
def test_majority_without_threshold_never_breaks_more_than_it_mends(seed):
    rng = np.random.default_rng(seed)
    truth, labels = (rng.choice(4, (2, 1, 10), p=rng.dirichlet([0.5] * 4))).astype(np.uint8)
    verdict = GroundTruth(notice=0)([question(WHOLE)], labels, truth)[0]
    names = ("a", "b", "c", "d")
    classes = tuple(names[c] for c in verdict.classes) or ("a",)
    said = Answer(query="q", image="i", footprint=question(WHOLE).footprint, kind=verdict.kind, classes=classes)
    assert (corrected(labels, [said], names) != truth).sum() <= (labels != truth).sum()
