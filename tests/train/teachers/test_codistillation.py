"""Codistillation: numbers by hand, and the card's limits."""

from math import exp, log

import pytest
import torch

from tasks.train.selections.small_loss import SmallLoss
from tasks.train.teachers.codistillation import Codistillation
from tests.toys import shapes
from tests.train.runs import bytes_of, quick, run
from tests.train.teachers.contexts import constant, context

SURE = (log(3.0), 0.0)


def teacher(peer, selection=None, **changes):
    built = Codistillation(**changes).build(lambda: peer)
    built.selection = selection or context(peer, [0]).selection
    return built


def test_value_and_gradients_by_hand():
    # label 0: CE 0.287682 and log 2; KL of the peer from the first 0.143841, and of the first from the peer 0.130812
    network, peer = constant(*SURE), constant(0.0, 0.0)
    values, seen = teacher(peer)(context(network, [0, 255]))
    assert values.ravel().tolist() == pytest.approx([1.255482, 0], abs=1e-5)
    values.sum().backward()
    # first: (3/4 - 1) + (3/4 - 1/2) = 0; peer: (1/2 - 1) + (1/2 - 3/4) = -3/4: what the other says has no gradient
    assert network.body.head.bias.grad.tolist() == pytest.approx([0, 0], abs=1e-6)
    assert peer.body.head.bias.grad.tolist() == pytest.approx([-0.75, 0.75], abs=1e-6)
    assert torch.equal(seen.logits[0, :, 0, 0], network.body.head.bias)


def test_burn_in_and_ramp():
    peer, alone = constant(0.0, 0.0), 0.287682 + log(2)
    built = teacher(peer, burn_in=0.4, ramp=0.2)
    for progress, share in ((0.0, 0), (0.39, 0), (0.5, exp(-1.25)), (0.6, 1), (0.9, 1)):
        found = built(context(constant(*SURE), [0], progress=progress))[0].item()
        assert found == pytest.approx(alone + share * 0.274653, abs=1e-5)
    assert teacher(peer, burn_in=0, ramp=0)(context(constant(*SURE), [0], progress=0.0))[0].item() == pytest.approx(
        1.255482
    )


def test_who_agrees_is_not_pulled():
    found = teacher(constant(*SURE))(context(constant(*SURE), [0]))[0].item()
    assert found == pytest.approx(2 * 0.287682, abs=1e-5)


def test_a_pixel_whose_label_is_left_out_still_hears_the_other():
    choice = SmallLoss(rate=0.5, ramp=0)
    built = teacher(constant(0.0, 0.0), selection=choice.build(2))
    found = built(context(constant(*SURE), [0, 0], selection=choice.build(2)))[0].ravel().tolist()
    assert found == pytest.approx([2 * (0.287682 + log(2)) + 0.274653, 0.274653], abs=1e-5)


def test_weight_zero_gives_the_weights_of_the_labels_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(shapes(tmp_path, train=4, val=1, test=0))
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    run(tmp_path, quick(), "plain")
    run(tmp_path, quick(teacher={"name": "codistillation", "codistillation": {"weight": 0}}), "zero")
    same = [bytes_of(tmp_path, name)["weights.safetensors"] for name in ("plain", "zero")]
    assert same[0] == same[1]


def test_two_networks_say_more_alike_with_a_pull():
    """Of equal first weights, on random pixels with random labels: the mean divergence after 30 steps."""
    apart = []
    for weight in (0.0, 4.0):
        rng = torch.Generator().manual_seed(0)
        network, peer = constant(0.0, 0.0), constant(0.0, 0.0)
        for one in (network, peer):
            one.body.head.weight.data = torch.randn(2, 3, 1, 1, generator=rng)
        built = teacher(peer, weight=weight, burn_in=0, ramp=0)
        images = torch.randn(1, 3, 8, 8, generator=rng)
        labels = torch.randint(0, 2, (1, 8, 8), generator=rng)
        optimizer = torch.optim.SGD([*network.parameters(), *peer.parameters()], lr=0.05)
        for _ in range(30):
            optimizer.zero_grad()
            built(context(network, labels, images))[0].mean().backward()
            optimizer.step()
        apart.append((network(images).softmax(1) - peer(images).softmax(1)).abs().mean().item())
    assert apart[1] < apart[0] / 2
