"""Generalised cross entropy: numbers by hand, and the card's limits."""

import pytest
import torch

from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.losses.gce import Gce
from tasks.train.losses.mae import Mae
from tests.train.losses.rows import pixels, row, targets_for

AFTER = {"progress": 0.5}


def test_by_hand():
    # (1 - 0.25^0.5) / 0.5 = 1; (1 - 0.64^0.5) / 0.5 = 0.4
    assert row(Gce(q=0.5), [[0.25, 0.75], [0.64, 0.36]], [0, 0]) == pytest.approx([1.0, 0.4])
    # (1 - 0.5^0.7) / 0.7 = (1 - 0.615572) / 0.7
    assert row(Gce(), [[0.5, 0.5]], [1]) == pytest.approx([0.549183], abs=1e-6)


def test_a_small_q_is_cross_entropy():
    assert row(Gce(q=1e-7), *pixels()) == pytest.approx(row(CrossEntropy(), *pixels()), rel=1e-5)


def test_q_one_is_the_absolute_error():
    assert row(Gce(q=1), *pixels()) == pytest.approx(row(Mae(), *pixels()))


def test_a_truncated_label_costs_a_constant_and_teaches_nothing():
    loss, p = Gce(q=0.5, truncate=0.36), [[0.25, 0.75], [0.64, 0.36]]
    assert row(loss, p, [0, 0], **AFTER) == pytest.approx([0.8, 0.4])  # (1 - 0.36^0.5) / 0.5 = 0.8
    logits = torch.tensor(p).log().T[None, :, None].requires_grad_()
    loss(logits, targets_for([0, 0], 2, **AFTER)).sum().backward()
    assert (logits.grad[0, :, 0].abs().sum(0) > 0).tolist() == [False, True]


def test_truncation_begins_after_its_share_of_the_training():
    loss, plain = Gce(truncate=0.9, start=0.4), row(Gce(), *pixels())
    assert row(loss, *pixels(), progress=0.39) == plain
    assert row(loss, *pixels(), progress=0.4) != plain


def test_without_truncation_the_place_in_the_training_does_not_matter():
    assert row(Gce(), *pixels(), **AFTER) == row(Gce(), *pixels())


@pytest.mark.parametrize("wrong", [{"q": 0}, {"q": 1.1}, {"truncate": 1}, {"truncate": -0.1}])
def test_settings_out_of_range(wrong):
    with pytest.raises(ValueError):
        Gce(**wrong)
