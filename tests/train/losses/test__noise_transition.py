"""Estimates of the transition matrix."""

import pytest
import torch

from tasks.train.api.targets import Targets
from tasks.train.losses._noise_transition import Transition, anchors, diagonal

TABLE = torch.tensor([[0.8, 0.15, 0.05], [0.1, 0.9, 0.0], [0.0, 0.3, 0.7]])


def scene(progress: float, flip: bool = True) -> tuple[torch.Tensor, Targets]:
    """4 x 64 x 64 pixels of three classes, labelled after the table; the truth in place of probabilities."""
    generator = torch.Generator().manual_seed(0)
    truth = torch.multinomial(torch.tensor([0.6, 0.3, 0.1]), 4 * 64 * 64, True, generator=generator)
    labels = torch.multinomial(TABLE[truth], 1, generator=generator)[:, 0] if flip else truth
    labels, frequency = labels.view(4, 64, 64), torch.bincount(labels) / len(labels)
    return truth.view(4, 64, 64), Targets(labels, labels >= 0, frequency, progress=progress)


def estimated(estimate: str, sayings: torch.Tensor) -> torch.Tensor:
    """What is estimated where the network says `sayings[k]` wherever the truth is k."""
    transition = Transition(3, "forward", None, estimate, 0.4, 0.6, 0.03)
    for step in range(4):
        truth, targets = scene(step / 10)
        assert transition.matrix(targets) is None
        transition.learn(sayings[truth].movedim(-1, 1).log(), targets)
    return transition.matrix(scene(0.4)[1])


def test_anchors_find_what_a_network_that_learnt_the_labels_says():
    assert torch.allclose(estimated("anchors", TABLE + 1e-9), TABLE, atol=1e-5)


def test_the_joint_finds_it_where_the_network_knows_the_truth():
    sure = 0.9 * torch.eye(3) + 0.1 / 3
    assert torch.allclose(estimated("joint", sure), TABLE, atol=0.02)


def test_early_steps_and_those_after_the_start_are_not_counted():
    for estimate in ("anchors", "joint"):
        transition = Transition(3, "forward", None, estimate, 0.4, 0.6, 0.03)
        for progress in (0.0, 0.1, 0.4, 0.5):
            truth, targets = scene(progress)
            transition.learn(TABLE[truth].movedim(-1, 1).clamp_min(1e-9).log(), targets)
        assert torch.equal(transition.matrix(scene(0.9)[1]), torch.eye(3))


def test_anchors_are_the_surest_of_each_image_and_class():
    first = torch.tensor([[0.9, 0.7, 0.8, 0.6, 0.1, 0.2], [0.51, 0.1, 0.3, 0.2, 0.4, 0.0]])
    p = torch.stack([first, 1 - first], 1)[:, :, None]
    valid = torch.ones(2, 1, 6, dtype=torch.bool)
    valid[0, 0, 0] = False
    # First image: the surest of 0.7, 0.8, 0.6 for class 0, and of 0.9, 0.8 for class 1. Second: 0.51 stands alone,
    # half of one is none; of 0.9, 0.7, 0.8, 0.6, 1 the two surest.
    expected = torch.tensor([[0.8, 0.2], [0.1 + 0.0 + 0.1, 0.9 + 1.0 + 0.9]])
    assert torch.allclose(anchors(p, valid, 0.5), expected)


def test_the_diagonal_has_a_least_value():
    rows = torch.tensor([[2.0, 2.0, 0.0], [0.0, 0.0, 0.0], [0.5, 0.25, 0.25]])
    # (1/2, 1/2, 0) is mixed with a fifth of the identity: 0.4 + 0.2; an empty row becomes the identity's;
    # (0.5, 0.25, 0.25) wants 0.6: (0.6 - 0.25) / 0.75 = 7/15 of the identity
    expected = torch.tensor([[0.6, 0.4, 0.0], [0.0, 1.0, 0.0], [4 / 15, 2 / 15, 0.6]])
    assert torch.allclose(diagonal(rows, 0.6), expected)


def test_the_inverse_of_an_estimate_is_bounded():
    torch.manual_seed(0)
    for least in (0.55, 0.6, 0.8):
        rows = torch.stack([diagonal(torch.rand(5, 5).double(), least) for _ in range(50)])
        assert torch.allclose(rows.sum(2), torch.ones(50, 5).double())
        assert rows.inverse().abs().sum(2).max() <= 1 / (2 * least - 1) + 1e-9


def test_a_given_matrix_stands_from_the_start():
    transition = Transition(3, "forward", tuple(map(tuple, TABLE.tolist())), "anchors", 0.4, 0.6, 0.03)
    truth, targets = scene(0.0)
    transition.learn(TABLE[truth].movedim(-1, 1), targets)
    assert torch.equal(transition.matrix(targets), TABLE)
    with pytest.raises(ValueError, match="3 rows"):
        Transition(4, "backward", tuple(map(tuple, TABLE.tolist())), "anchors", 0.4, 0.6, 0.03)
