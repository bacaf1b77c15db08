"""Forward correction: numbers by hand, and the card's limits."""

from math import log

import pytest
import torch

from segmend.stage.params import validated
from tasks.train.api.targets import Targets
from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.losses.forward import Forward

TABLE = [[0.9, 0.1], [0.2, 0.8]]


def row(p: list[list[float]], labels: list[int], progress: float = 1.0) -> tuple[torch.Tensor, Targets]:
    y = torch.tensor(labels).view(1, 1, -1)
    frequency = torch.ones(len(p[0])) / len(p[0])
    return torch.tensor(p).log().T[None, :, None], Targets(y, y >= 0, frequency, progress=progress)


def test_by_hand():
    # y = 0: 3/4 * 0.9 + 1/4 * 0.2 = 0.725; y = 1: 0.275
    found = Forward(matrix=TABLE).build(2, 0)(*row([[0.75, 0.25]] * 2, [0, 1], 0))
    assert found.ravel().tolist() == pytest.approx([-log(0.725), -log(0.275)], rel=1e-5)


@pytest.mark.parametrize(
    "loss", [Forward(matrix=[[1, 0], [0, 1]]), Forward(start=1), Forward(start=0, least=1)], ids=repr
)
def test_the_identity_is_cross_entropy(loss):
    logits, targets = row([[0.75, 0.25], [0.1, 0.9]], [0, 0], 0.99)
    assert torch.allclose(loss.build(2, 0)(logits, targets), CrossEntropy()(logits, targets))


def test_labels_that_do_not_depend_on_the_truth_say_nothing():
    found = Forward(matrix=[[0.5, 0.5]] * 2).build(2, 0)(*row([[0.75, 0.25], [0.1, 0.9]], [0, 1]))
    assert found.ravel().tolist() == pytest.approx([log(2), log(2)])


def test_the_least_value_is_that_of_the_likeliest_truth():
    logits = torch.tensor([[200.0], [0.0]])[None, :, None]
    found = Forward(matrix=TABLE).build(2, 0)(logits, row([[0.5, 0.5]], [0])[1])
    assert float(found) == pytest.approx(-log(0.9), rel=1e-5)


@pytest.mark.parametrize("estimate", ["anchors", "joint"])
def test_it_learns_plainly_then_corrects_with_what_it_saw(estimate):
    ready = Forward(estimate=estimate, start=0.4, share=1).build(2, 0)
    pixels, labels = [[0.9, 0.1]] * 8 + [[0.3, 0.7]] * 8, [0] * 8 + [0, 1, 1, 1] * 2
    for step in range(4):
        logits, targets = row(pixels, labels, step / 10)
        assert torch.allclose(ready(logits, targets), CrossEntropy()(logits, targets))
    logits, targets = row([[0.5, 0.5]], [0], 0.4)
    # anchors: T[0] = (0.9, 0.1), T[1] = (0.3, 0.7). joint: of the labels 0 a fifth is surely 1, of the labels 1 none
    # is surely 0, and both are said to be as frequent: T[0] = (1, 0), T[1] = (0.2, 1) / 1.2
    wrong = {"anchors": (0.9 + 0.3) / 2, "joint": (1 + 1 / 6) / 2}[estimate]
    assert float(ready(logits, targets)) == pytest.approx(-log(wrong), rel=1e-4)
    ready.eval()
    assert float(ready(logits, targets)) == pytest.approx(log(2), rel=1e-5)  # validation


@pytest.mark.parametrize(
    ("matrix", "says"),
    [
        ([[0.9, 0.2], [0.2, 0.8]], "row 0 sums to 1.1"),
        ([[0.9, 0.1], [0.7, 0.3]], "diagonal"),
        ([[0.9, 0.1]], "row 0 has 2 numbers; with 1 rows"),
        ([[1.1, -0.1], [0.0, 1.0]], "must be at most 1"),
    ],
)
def test_a_table_that_is_none_is_refused(matrix, says):
    with pytest.raises(ValueError, match=says):
        validated(Forward, {"name": "forward", "matrix": matrix}, "train.loss")


def test_a_table_for_other_classes_is_refused():
    with pytest.raises(ValueError, match="train.loss.forward.matrix has 2 rows, but the dataset 3 classes"):
        Forward(matrix=TABLE).build(3, 0)
