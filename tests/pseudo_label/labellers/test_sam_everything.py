"""SAM at a grid of points: which masks stay, and what the given mask calls them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers as t

from segmend.images.rasters import NO_REGION, UNLABELLED, VOID
from tasks.pseudo_label.labellers.sam_everything import SamEverything
from tests.pseudo_label.labellers import tiny
from tests.pseudo_label.labellers.tiny import Item, context, item


def draw(self, input_points=None, image_embeddings=None, multimask_output=None, **_):
    """Three masks for each point: the half it lies in (sure), a quarter (unstable), everything (poor)."""
    assert multimask_output
    x = input_points[0, :, 0, 0]
    columns = torch.arange(16) * 4 + 2
    half = ((columns < 32) == (x < 32)[:, None])[:, None].expand(-1, 16, -1).float() * 16 - 8
    quarter = half.clone() - 8
    quarter[:, :8] = torch.where(half[:, :8] > 0, torch.tensor(0.5), torch.tensor(-8.0))  # neither above 1 nor below -1
    masks = torch.stack([half, quarter, torch.full_like(half, 8)], 1)
    return SimpleNamespace(pred_masks=masks[None], iou_scores=torch.tensor([0.9, 0.95, 0.5]).expand(1, len(x), 3))


@pytest.fixture(autouse=True)
def stated(monkeypatch):
    monkeypatch.setattr(t.SamModel, "forward", draw)


def found(one, **more):
    return SamEverything(model=tiny.sam(), points=4, **more).build(context()).run([one])[0]


def test_objects_and_their_majority_by_hand():
    one = item((32, 64))
    mask = np.full((32, 64), 2, np.uint8)
    mask[:, :20] = 1  # 20 of the left half's 32 columns
    mask[:8, 32:] = VOID
    made = found(one._replace(mask=mask))
    assert made.objects.max() == 1 and [len(np.unique(half)) for half in np.split(made.objects, 2, axis=1)] == [1, 1]
    assert (made.labels[:, :32] == 1).all() and (made.labels[:, 32:] == 2).all()
    assert made.scores[0] == pytest.approx([0, 20 / 32, 12 / 32])


def test_without_a_mask_or_with_labels_none_there_are_objects_only():
    for made in (found(item((32, 64), mask=False)), found(item((32, 64)), labels="none")):
        assert made.objects.max() == 1 and (made.labels == UNLABELLED).all() and (made.scores == 0).all()


def test_outside_objects_the_given_mask_stays():
    one = item((32, 64))
    made = found(one, quality=0.99)
    assert (made.objects == NO_REGION).all() and (made.labels == one.mask).all()
    assert made.scores.sum(axis=1) == pytest.approx(1)


def test_an_object_inside_one_class_changes_no_label():
    image, _, regions = item((32, 64))
    mask = np.repeat(np.array([[0, 2]], np.uint8), 32, axis=1).repeat(32, axis=0)
    assert (found(Item(image, mask, regions)).labels == mask).all()


def test_stability_and_size_decide_what_stays():
    assert found(item((32, 64)), stability=0.0).objects.max() >= 1
    assert found(item((32, 64)), smallest=1025).objects.max() == NO_REGION
    assert found(item((32, 64)), smallest=1024).objects.max() == 1
    everything = found(item((32, 64)), quality=0.4, overlap=1.0)
    assert (everything.objects != NO_REGION).all()
