"""JoCoR: the joint loss by hand, what it chooses, and the card's limits."""

from math import log

import pytest
import torch

from tasks.train.selections.small_loss import SmallLoss
from tasks.train.teachers.jocor import Jocor
from tests.train.teachers.contexts import constant, context, pointwise

SURE = (log(3.0), 0.0)


def values(network, peer, labels, images=None, rate=0.0, **changes):
    built = Jocor(**changes).build(lambda: peer)
    return built(context(network, labels, images, SmallLoss(rate=rate, ramp=0).build(2)))[0]


def test_the_joint_loss_by_hand():
    # label 0: CE 0.287682 + log 2 = 0.980829; divergences 0.143841 + 0.130812 = 0.274653; 0.9 of one, 0.1 of other
    assert values(constant(*SURE), constant(0.0, 0.0), [0, 255]).ravel().tolist() == pytest.approx(
        [0.910211, 0], abs=1e-5
    )


def test_it_chooses_where_both_agree_with_the_label():
    # Logits are (channel, 0). Pixel 0: both lean to label 0; pixel 1: one is very sure of it, one of the other class.
    images = torch.tensor([[1.0, 6.0], [1.0, -3.0], [0.0, 0.0]])[None, :, None]
    first, second = (pointwise([row, [0.0] * 3], [0.0, 0.0]) for row in ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]))
    found = values(first, second, [0, 0], images, rate=0.5)[0, 0]
    assert found[1] == 0
    assert found[0].item() == pytest.approx(2 * 0.9 * 2 * 0.313262, abs=1e-5)  # log(1 + exp(-1)) = 0.313262


def test_agreement_zero_is_two_networks_and_one_learns_no_labels():
    network, peer = constant(*SURE), constant(0.0, 0.0)
    assert values(network, peer, [0, 1], agreement=0.0).ravel().tolist() == pytest.approx(
        [0.980829, 2.079442], abs=1e-5
    )
    found = [values(network, peer, [label], agreement=1.0).item() for label in (0, 1)]
    assert found == pytest.approx([0.274653, 0.274653], abs=1e-5)


def test_equal_networks_have_nothing_to_agree_on():
    assert values(constant(*SURE), constant(*SURE), [0]).item() == pytest.approx(0.9 * 2 * 0.287682, abs=1e-5)


def test_both_sides_of_both_divergences_are_pulled():
    network, peer = constant(*SURE), constant(0.0, 0.0)
    values(network, peer, [0], agreement=1.0).sum().backward()
    # With z = (z, 0) each: d/dz1 of KL12 = p(1-p)(z1-z2), of KL21 = p1 - p2, p1 = 3/4, p2 = 1/2
    assert network.body.head.bias.grad[0].item() == pytest.approx(3 / 16 * log(3) + 1 / 4, abs=1e-5)
    assert peer.body.head.bias.grad[0].item() == pytest.approx(-1 / 4 * log(3) - 1 / 4, abs=1e-5)
