"""None: the labels alone."""

from math import log

import pytest

from tasks.train.selections.small_loss import SmallLoss
from tasks.train.teachers.none import Nothing
from tests.train.teachers.contexts import constant, context


def test_the_loss_as_it_is():
    values, seen = Nothing().build(constant)(context(constant(log(3.0), 0.0), [0, 1, 255]))
    assert values.ravel().tolist() == pytest.approx([0.287682, 1.386294, 0], abs=1e-6)
    assert seen.logits[0, :, 0, 0].tolist() == pytest.approx([log(3.0), 0])


def test_with_a_choice_the_mean_is_over_what_is_chosen():
    # of two pixels of class 0 one stays, with twice its loss
    one = context(constant(log(3.0), 0.0), [0, 0], selection=SmallLoss(rate=0.5, ramp=0).build(2))
    assert Nothing().build(constant)(one)[0].ravel().tolist() == pytest.approx([2 * 0.287682, 0], abs=1e-6)
