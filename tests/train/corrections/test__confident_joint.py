"""The confusion matrix and the confident joint of a training pass, by hand."""

import numpy as np
import pytest
import torch

from tasks.train.corrections._confident_joint import ConfidentJoint


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")


def logits(*probabilities: float) -> torch.Tensor:
    """One row of pixels: the probability of class 1 of two."""
    p = torch.tensor(probabilities)
    return torch.stack([1 - p, p]).log()[None, :, None]


def row(*labels: int) -> torch.Tensor:
    return torch.tensor([[labels]], dtype=torch.uint8)


def test_two_epochs_by_hand():
    memory: dict = {}
    joint = ConfidentJoint(memory, 2)
    joint.update(row(0, 0, 1, 1), logits(0.1, 0.3, 0.9, 0.7))
    joint.update(row(255, 254, 0, 1), logits(0.9, 0.9, 0.2, 0.2))
    first = joint.compute()
    assert first.confusion.matrix.tolist() == [[3, 0, 0, 0], [1, 2, 0, 0]]
    assert first.joint.tolist() == [[3, 0], [1, 2]]  # no means yet: each pixel is confident
    # Mean probability of class 0 of pixels labelled 0: (.9 + .7 + .8) / 3; of class 1 of those labelled 1: (.9 + .7 + .2) / 3.
    assert memory["means"].tolist() == pytest.approx([0.8, 0.6])
    joint.update(row(0, 0, 0, 1, 1, 1), logits(0.1, 0.3, 0.7, 0.9, 0.5, 0.05))
    second = joint.compute()
    assert second.confusion.square.tolist() == [[2, 1], [2, 1]] or second.confusion.square.tolist() == [[2, 1], [1, 2]]
    # Confident: .9 of class 0 (label 0), .7 of class 1 (label 0), .9 of class 1 (label 1), .95 of class 0 (label 1).
    assert second.joint.tolist() == [[1, 1], [1, 1]]
    assert second.wrong_rate() == pytest.approx(0.5)
    assert second.wrong_rates() == pytest.approx([0.5, 0.5])


def test_the_share_of_wrong_labels_is_scaled_to_the_given_labels():
    joint = ConfidentJoint({}, 3)
    said = joint.compute()
    assert said.wrong_rate() == 0 and said.wrong_rates().tolist() == [0, 0, 0]  # nothing was counted
    said = said._replace(joint=np.array([[8, 2, 0], [0, 5, 0], [0, 0, 0]]))
    said.confusion.matrix[:, :3] = [[90, 10, 0], [0, 50, 0], [0, 0, 7]]
    # scaled: [[80, 20, 0], [0, 50, 0], [0, 0, 7]]: 20 of 157, and 20 of the 70 that seem to be of class 1
    assert said.wrong_rate() == pytest.approx(20 / 157)
    assert said.wrong_rates() == pytest.approx([0, 20 / 70, 0])


def test_it_goes_on_from_a_checkpoint_in_the_midst_of_an_epoch(tmp_path):
    whole: dict = {}
    joint = ConfidentJoint(whole, 2)
    joint.update(row(0, 1), logits(0.2, 0.6))
    torch.save(whole, tmp_path / "state.pt")
    kept = torch.load(tmp_path / "state.pt", weights_only=True)
    resumed = ConfidentJoint(kept, 2)
    for one in (joint, resumed):
        one.update(row(1, 1), logits(0.2, 0.6))
    assert joint.compute().confusion.matrix.tolist() == resumed.compute().confusion.matrix.tolist()
    assert whole["means"].tolist() == kept["means"].tolist()


def test_sets_of_classes_are_no_given_class():
    joint = ConfidentJoint({}, 2)
    joint.update(torch.tensor([[[0, 256, 257, 1]]], dtype=torch.int32), logits(0.1, 0.1, 0.1, 0.9))
    assert joint.compute().confusion.matrix.sum() == 2
