"""Words -> boxes -> masks -> labels: the models' outputs are stated, everything between them is ours."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers as t

from segmend.images.rasters import NO_REGION, UNLABELLED
from tasks.pseudo_label.labellers.grounded_sam import GroundedSam
from tests.pseudo_label.labellers import tiny
from tests.pseudo_label.labellers.tiny import WORDS, context, item

LEAF, BRICK, STONE, PEBBLE, SHADOW = (WORDS.index(word) for word in ("leaf", "brick", "stone", "pebble", "shadow"))
SYNONYMS = {"leaf": ("leaf", "Brick."), "stone": ("red stone",)}
# Boxes of an image of 32 x 64 as left, top, right, bottom, the token that lights up, and its score.
BOXES = [
    ((0, 0, 64, 32), STONE, 0.5),
    ((8, 8, 40, 24), BRICK, 0.75),
    ((16, 12, 24, 20), SHADOW, 0.9),  # none of the classes
    ((48, 4, 60, 28), LEAF, 0.625),
    ((48, 4, 60, 28), LEAF, 0.125),  # below 0.2
]


def detector(boxes, size=(32, 64), mirror=False):
    """In place of Grounding DINO's forward: these boxes, each with one lit token."""

    def forward(self, input_ids, pixel_values, **_):
        scores = torch.full((len(input_ids), len(boxes), self.config.max_text_len), 0.01)
        found = torch.zeros(len(input_ids), len(boxes), 4)
        for k, ((left, top, right, bottom), token, score) in enumerate(boxes):
            scores[:, k, input_ids[0].tolist().index(token)] = score
            sides = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
            found[:, k] = torch.tensor(sides) / torch.tensor([size[1], size[0]] * 2)
        return SimpleNamespace(logits=scores.logit(), pred_boxes=found)

    return forward


def draw(self, input_boxes=None, image_embeddings=None, multimask_output=None, **_):
    """In place of SAM's forward: masks that fill their boxes, in cells of 4 x 4 pixels of the 64 x 64 that SAM sees.

    Enlarged bilinearly, logits of 8 inside and -5 outside keep the corners of a box, which equal ones would round off.
    """
    centres = torch.arange(16) * 4 + 2
    left, top, right, bottom = (input_boxes[0, :, k, None] for k in range(4))
    rows, columns = (centres > top) & (centres < bottom), (centres > left) & (centres < right)
    inside = (rows[:, :, None] & columns[:, None, :]).float() * 13 - 5
    return SimpleNamespace(pred_masks=inside[None, :, None], iou_scores=torch.ones(1, len(inside), 1))


@pytest.fixture(autouse=True)
def stated(monkeypatch):
    monkeypatch.setattr(t.GroundingDinoForObjectDetection, "forward", detector(BOXES))
    monkeypatch.setattr(t.SamModel, "forward", draw)


def build(**more):
    chosen = {"detector": tiny.dino(), "segmenter": tiny.sam(), "synonyms": SYNONYMS, "negative": ("shadow",), **more}
    return GroundedSam(**{"background": "ground", **chosen}).build(context())


def by_hand(rest=0):
    labels = np.full((32, 64), rest, np.uint8)
    for (left, top, right, bottom), label in (
        (BOXES[0][0], 2),
        (BOXES[1][0], 1),
        (BOXES[3][0], 1),
        (BOXES[2][0], UNLABELLED),
    ):
        labels[top:bottom, left:right] = label
    return labels


def test_boxes_become_labels_to_the_pixel():
    found = build().run([item((32, 64)), item((32, 64), 1)])
    for one in found:
        assert (one.labels == by_hand()).all()
        assert one.objects.max() == 3 and (one.objects[0, 0], one.objects[9, 9]) == (
            0,
            1,
        )  # the largest is painted first
        assert len({int(one.objects[y, x]) for y, x in ((0, 0), (9, 9), (15, 20), (10, 50))}) == 4


def test_scores_by_hand():
    """Cell 0 is stone at 0.5; red stone's other token is at 0.01, and the background's share is 1 - 0.5."""
    one = item((32, 64))
    found = build().run([one])[0]
    assert found.scores[0] == pytest.approx([0.5, 0.01, 0.5], abs=1e-5)
    inside = np.unique(one.regions[8:24, 8:40])
    pure = [k for k in inside if (found.labels[one.regions == k] == 1).all()]
    assert pure and found.scores[pure[0]] == pytest.approx([0.25, 0.75, 0.01], abs=1e-5)


def test_an_image_that_sam_enlarges_keeps_its_pixels():
    """16 x 32 becomes 32 x 64 inside the 64 x 64 that SAM sees; what is beside the image must not be stretched over it."""
    found = build().run([item((16, 32))])[0]
    assert (found.labels == by_hand()[::2, ::2]).all()


def test_no_box_is_background_or_unlabelled(monkeypatch):
    monkeypatch.setattr(t.GroundingDinoForObjectDetection, "forward", detector([((0, 0, 8, 8), LEAF, 0.2)]))
    found = build().run([item((32, 64))])[0]
    assert (found.labels == 0).all() and (found.objects == NO_REGION).all()
    assert found.scores[:, 0] == pytest.approx(0.8) and (found.scores[:, 1:] == 0).all()
    assert (build(background="", synonyms={}).run([item((32, 64))])[0].labels == UNLABELLED).all()


def test_flip_adds_boxes_of_the_mirrored_image_and_overlap_takes_the_best_of_a_pair(monkeypatch):
    boxes = [((0, 0, 16, 32), LEAF, 0.5), ((52, 0, 64, 32), STONE, 0.75), ((48, 0, 64, 32), LEAF, 0.625)]
    monkeypatch.setattr(t.GroundingDinoForObjectDetection, "forward", detector(boxes))
    found = build(flip=True, overlap=0.7).run([item((32, 64))])[0]
    # Stone 0.75 suppresses leaf 0.625 on the same side: IoU 12 / 16. Each side's stone comes once from each image.
    assert found.objects.max() == 1
    assert (
        (found.labels[:, 12:52] == 0).all() and (found.labels[:, :12] == 2).all() and (found.labels[:, 52:] == 2).all()
    )
    assert build(flip=False).run([item((32, 64))])[0].objects.max() == 2


def test_owl_scores_prompts_and_pads_to_a_square(monkeypatch):
    def forward(self, input_ids, pixel_values, **_):
        n = len(pixel_values)
        assert input_ids.shape[0] == n * 4
        scores = torch.full((n, 1, 4), 0.01)
        scores[:, 0, 1] = 0.5
        box = torch.tensor([24, 16, 32, 16]) / 64  # of an image of 32 x 64 in a square of 64: 8..40, 8..24
        return SimpleNamespace(logits=scores.logit(), pred_boxes=box.expand(n, 1, 4))

    monkeypatch.setattr(t.Owlv2ForObjectDetection, "forward", forward)
    found = build(detector=tiny.owl()).run([item((32, 64)), item((32, 64))])[1]
    wanted = np.zeros((32, 64), np.uint8)
    wanted[8:24, 8:40] = 1
    assert (found.labels == wanted).all()


def test_too_many_words_are_counted():
    with pytest.raises(ValueError, match="the prompts make 45 tokens, the detector reads 32"):
        build(negative=("red",) * 18)


def test_a_model_that_is_no_detector_is_named():
    with pytest.raises(ValueError, match="grounded_sam.segmenter"):
        build(segmenter="./nothing")
