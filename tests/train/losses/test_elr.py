"""Early-learning regularisation: numbers by hand, and the card's limits."""

from math import log

import pytest
import torch

from tasks.train.api.targets import Targets
from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.losses.elr import Elr


def row(p: list[list[float]], labels: list[int], cells: list[int], progress: float = 0.0) -> tuple:
    """A row of pixels; probabilities by pixel, then class; label -1 is ignored."""
    y = torch.tensor(labels).view(1, 1, -1)
    places = torch.tensor(cells).view(1, 1, -1)
    frequency = torch.ones(len(p[0])) / len(p[0])
    targets = Targets(y.clamp_min(0), y >= 0, frequency, cells=places, progress=progress)
    return torch.tensor(p).log().T[None, :, None], targets


def test_by_hand():
    ready = Elr(memory="float32").build(2, 3)
    # The mean of the cell is (0.7, 0.3), so t = 0.3 * (0.7, 0.3) = (0.21, 0.09).
    values = ready(*row([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]], [0, 1, -1], [1, 1, 0])).ravel()[:2]
    first = -log(0.8) + 3 * log(1 - 0.21 * 0.8 - 0.09 * 0.2)  # 0.22314 - 0.61738
    second = -log(0.4) + 3 * log(1 - 0.21 * 0.6 - 0.09 * 0.4)
    assert first == pytest.approx(-0.39424, abs=1e-4)
    assert values.tolist() == pytest.approx([first, second], rel=1e-4)
    assert ready.memory.flatten().tolist() == pytest.approx([0, 0, 0.21, 0.09, 0, 0], abs=1e-4)
    # Another crop of the next step shows one pixel of it: t = 0.7 * (0.21, 0.09) + 0.3 * (0.8, 0.2)
    ready(*row([[0.8, 0.2]], [0], [1], 0.5))
    assert ready.memory[1].tolist() == pytest.approx([0.387, 0.123], abs=1e-4)


def test_a_cell_moves_once_in_a_step():
    ready = Elr(memory="float32").build(2, 1)
    ready(*row([[0.8, 0.2]], [0], [0], 0.5))
    ready(*row([[0.2, 0.8]], [0], [0], 0.5))
    assert ready.memory[0].tolist() == pytest.approx([0.24, 0.06], abs=1e-4)


@pytest.mark.parametrize("loss", [Elr(strength=0), Elr(beta=1)], ids=repr)
def test_without_strength_or_memory_it_is_cross_entropy(loss):
    ready = loss.build(2, 2)
    for step in range(3):
        logits, targets = row([[0.8, 0.2], [0.3, 0.7]], [1, 1], [0, 1], step / 3)
        assert torch.allclose(ready(logits, targets), CrossEntropy()(logits, targets))


def test_beta_zero_remembers_this_look_alone():
    ready = Elr(beta=0, memory="float32").build(2, 1)
    for step, p in enumerate([0.9, 0.2]):
        ready(*row([[p, 1 - p]], [0], [0], step / 2))
        assert ready.memory[0].tolist() == pytest.approx([p, 1 - p], abs=1e-4)


def test_least_value():
    ready = Elr(beta=0).build(2, 1)
    logits, targets = row([[0.5, 0.5]], [0], [0])
    logits = torch.tensor([100.0, 0.0]).view(1, 2, 1, 1)
    assert float(ready(logits, targets)) == pytest.approx(3 * log(1e-4), rel=1e-2)


def test_what_was_said_early_weakens_the_pull_of_a_wrong_label():
    ready = Elr().build(2, 1)
    for step in range(5):
        ready(*row([[0.9, 0.1]], [1], [0], step / 10))
    pulls = []
    for loss in (ready, CrossEntropy()):
        logits, targets = row([[0.9, 0.1]], [1], [0], 0.5)
        loss(logits.requires_grad_(), targets).sum().backward()
        pulls.append(float(logits.grad[0, 0]))
    # Cross entropy pushes the logit of class 0 down by p = 0.9. The memory after six looks,
    # (1 - 0.7^6) * p = (0.7941, 0.0882), pulls it up by 3 * p0 * p1 * (t0 - t1) / (1 - <t, p>)
    # = 3 * 0.09 * 0.7059 / 0.2765 = 0.6893.
    assert pulls[1] == pytest.approx(0.9, abs=1e-4)
    assert pulls[0] == pytest.approx(0.9 - 0.6893, abs=0.003)


def test_the_memory_is_as_large_as_the_card_says():
    for kind, size in (("float16", 2), ("float32", 4)):
        ready = Elr(memory=kind).build(21, 1000)
        assert ready.memory.nbytes + ready.moved.nbytes == 1000 * (21 * size + 4)
    assert Elr(grid=16).cell_side() == 16
