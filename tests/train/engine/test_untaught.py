"""Classes without a label stay protected (segmend/network/heads/embedding.py): whatever the loss and the teacher, until a label holds them."""

import pytest
import torch

from segmend.network.heads.embedding import Embedding
from tasks.train.api import distributed
from tasks.train.api.pixel_maps import PixelMaps
from tasks.train.api.targets import targets_of
from tasks.train.engine.step import labelled_classes
from tasks.train.losses import LOSSES
from tests.toys import SHAPE_CARD
from tests.train.steps import batch, train_step

# One axis a class: what teaches class k, and nothing else, changes row k of the projection.
AXES = {name: [float(k == n) for k in range(3)] for n, name in enumerate(SHAPE_CARD.classes)}
CHOSEN = {
    "network": {
        "name": "unet",
        "unet": {"widths": [4, 8], "head": "embedding", "embeddings": AXES, "unseen": ["square"]},
    },
    "optimizer": {"name": "sgd", "sgd": {"decay": 0}},
}
TEACHERS = {
    "mean_teacher": {"teacher": {"name": "mean_teacher", "mean_teacher": {"start": 0}}},
    "codistillation": {"teacher": {"name": "codistillation", "codistillation": {"burn_in": 0}}},
    "co_teaching": {"teacher": {"name": "co_teaching"}, "selection": {"name": "small_loss"}},
    "jocor": {"teacher": {"name": "jocor"}},
    "multi_scale": {"teacher": {"name": "multi_scale"}},
    "averaged": {"averaging": {"name": "ema"}},
    "sam": {"sharpness": {"name": "sam"}},
}


def part(seed: int, square: bool = False):
    """Four images; without `square` the pixels of this class are not labelled."""
    made = batch(seed)
    labels = made.maps.labels
    labels = labels if square else labels.masked_fill(labels == 2, 254)
    cells = torch.arange(4, dtype=torch.int32)[:, None, None].expand(labels.shape)
    return made._replace(maps=PixelMaps(labels, cells))


def heads(one) -> list[Embedding]:
    every = [*one.state.network.modules(), *one.state.auxiliary.modules()]
    return [module for module in every if isinstance(module, Embedding)]


def check(one) -> None:
    """Two steps without the class teach the others alone; one with it ends the protection, in all networks."""
    learning = [head for head in heads(one) if head.project.weight.requires_grad]
    before = [head.project.weight.detach().clone() for head in learning]
    for step in range(2):
        one.step([part(2 * step), part(2 * step + 1)], 0.5 + step / 10)
    for head, old in zip(learning, before, strict=True):
        assert torch.equal(head.project.weight[2], old[2]) and not torch.equal(head.project.weight[1], old[1])
    assert all(head.untaught.tolist() == [False, False, True] for head in heads(one))
    one.step([part(5), part(6, square=True)], 0.7)
    assert all(head.untaught.tolist() == [False, False, False] for head in heads(one))
    for head, old in zip(learning, before, strict=True):
        assert not torch.equal(head.project.weight[2], old[2])


@pytest.mark.parametrize("kind", LOSSES)
def test_every_loss(kind):
    name = kind().name
    check(train_step(**CHOSEN, cells=8, loss={"name": name}))


@pytest.mark.parametrize("changes", TEACHERS.values(), ids=TEACHERS)
def test_every_teacher(changes):
    check(train_step(**CHOSEN, **changes))


@pytest.mark.parametrize("loss", ["dice", "nr_dice", "t_loss", "ill"])
def test_a_mean_teacher_with_losses_that_pull_absent_classes(loss):
    check(train_step(**CHOSEN, cells=8, loss={"name": loss}, **TEACHERS["mean_teacher"]))


def test_the_labels_of_all_processes_count(monkeypatch):
    one = train_step(**CHOSEN)
    square = torch.tensor([0, 0, 1])  # which another process saw
    monkeypatch.setattr(distributed, "all_reduce", lambda value: value + square if value.shape == (3,) else value)
    one.step([part(0)], 0.0)
    assert not heads(one)[0].untaught.any()


def test_it_is_a_part_of_checkpoints():
    one, another = (
        train_step(**CHOSEN, **TEACHERS["codistillation"]),
        train_step(**CHOSEN, **TEACHERS["codistillation"]),
    )
    one.step([part(0, square=True)], 0.0)
    another.state.load(one.state.saved())
    assert len(heads(another)) == 2 and not any(head.untaught.any() for head in heads(another))


def test_other_heads_are_told_nothing():
    plain = {**CHOSEN, "network": {"name": "unet", "unet": {**CHOSEN["network"]["unet"], "unseen": []}}}
    assert train_step().heads == [] and train_step(**plain).heads == [] and len(train_step(**CHOSEN).heads) == 1


def test_which_classes_labels_hold():
    """Void and unlabelled pixels hold none. Of two sets (1 or 2; 0 or 3) that image 0 could show, the first has a pixel here, in
    image 1 the second; ids above 255 are sets."""
    labels = torch.tensor([[[255, 254, 4]], [[255, 254, 254]]], dtype=torch.uint8)
    assert labelled_classes(targets_of(labels, torch.ones(5) / 5)).tolist() == [False] * 4 + [True]
    sets = torch.tensor([[[0, 1, 1, 0, 0], [1, 0, 0, 1, 0]]] * 2, dtype=torch.bool)
    wide = torch.tensor([[[255, 254, 256]], [[255, 254, 254]]], dtype=torch.int32)
    assert labelled_classes(targets_of(wide, torch.ones(5) / 5, sets)).tolist() == [False, True, True, False, False]
    wide[1, 0, 0] = 257
    assert labelled_classes(targets_of(wide, torch.ones(5) / 5, sets)).tolist() == [True, True, True, True, False]
    wide[0, 0, 2] = 254
    assert labelled_classes(targets_of(wide, torch.ones(5) / 5, sets)).tolist() == [True, False, False, True, False]
