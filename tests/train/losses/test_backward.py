"""Backward correction: numbers by hand, and the card's limits."""

from math import log

import pytest
import torch

from segmend.stage.params import validated
from tasks.train.api.targets import Targets
from tasks.train.losses.backward import Backward
from tasks.train.losses.cross_entropy import CrossEntropy

TABLE = [[0.9, 0.1], [0.2, 0.8]]  # its inverse: [[8, -1], [-2, 9]] / 7


def row(logits: list[list[float]], labels: list[int], progress: float = 1.0) -> tuple[torch.Tensor, Targets]:
    y = torch.tensor(labels).view(1, 1, -1)
    frequency = torch.ones(len(logits[0])) / len(logits[0])
    return torch.tensor(logits).T[None, :, None], Targets(y, y >= 0, frequency, progress=progress)


def test_by_hand():
    # p = (3/4, 1/4). y = 0: (8 * 0.287682 - 1.386294) / 7; y = 1: (-2 * 0.287682 + 9 * 1.386294) / 7
    found = Backward(matrix=TABLE).build(2, 0)(*row([[log(3), 0.0]] * 2, [0, 1]))
    assert found.ravel().tolist() == pytest.approx([0.130738, 1.700183], abs=1e-5)


def test_the_mean_over_labels_is_the_loss_of_the_truth():
    torch.manual_seed(0)
    table = torch.tensor([[0.7, 0.2, 0.1], [0.0, 0.9, 0.1], [0.3, 0.1, 0.6]])
    logits = torch.randn(3)
    found = Backward(matrix=table.tolist(), floor=0).build(3, 0)(*row([logits.tolist()] * 3, [0, 1, 2])).ravel()
    assert torch.allclose(table @ found, -logits.log_softmax(0), atol=1e-5)


@pytest.mark.parametrize(
    "loss", [Backward(matrix=[[1, 0], [0, 1]]), Backward(start=1), Backward(start=0, least=1)], ids=repr
)
def test_the_identity_is_cross_entropy(loss):
    logits, targets = row([[1.0, 0.0], [-2.0, 0.5]], [0, 0], 0.99)
    assert torch.allclose(loss.build(2, 0)(logits, targets), CrossEntropy()(logits, targets))


def test_the_floor_ends_the_reward():
    # y = 0 and p = (1, 0): nothing for class 0, and -1/7 of log 1e-4 for class 1, however small its probability
    found = Backward(matrix=TABLE).build(2, 0)(*row([[50.0, 0.0], [5000.0, 0.0]], [0, 0]))
    assert found.ravel().tolist() == pytest.approx([log(1e-4) / 7] * 2, rel=1e-4)
    found = Backward(matrix=TABLE, floor=0).build(2, 0)(*row([[50.0, 0.0]], [0]))
    assert float(found) == pytest.approx(-50 / 7, rel=1e-4)


def test_validation_shows_cross_entropy():
    logits, targets = row([[log(3), 0.0]], [1], 0.0)
    assert float(Backward(matrix=TABLE).build(2, 0).eval()(logits, targets)) == pytest.approx(log(4), rel=1e-5)


def test_a_singular_table_is_refused():
    with pytest.raises(ValueError, match="singular.*use the loss forward"):
        validated(Backward, {"name": "backward", "matrix": [[0.5, 0.5], [0.5, 0.5]]}, "train.loss")
