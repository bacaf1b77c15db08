"""CLIPSeg: prompts and their classes, the threshold, alignment to the pixel."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers as t

from segmend.images.rasters import UNLABELLED
from tasks.pseudo_label.labellers.clipseg import ClipSeg
from tests.pseudo_label.labellers import tiny
from tests.pseudo_label.labellers.tiny import CLASSES, context, item

REGIONS = np.array([[0, 0, 1, 1]], np.int32)


def scores(*columns):
    """(classes and negative, 1, 4)"""
    return np.array(columns, np.float32)[:, None]


def test_decision_by_hand():
    table = scores([0, 0, 0, 0], [0.6, 0.3, 0.5, 0.1], [0.5, 0.2, 0.6, 0.1], [0.1, 0.1, 0.7, 0.2])
    found = ClipSeg(background="ground").decide(table, CLASSES, REGIONS)
    assert found.labels.tolist() == [[1, 0, UNLABELLED, 0]]
    assert found.scores[0] == pytest.approx([(0.4 + 0.7) / 2, 0.45, 0.35])
    assert ClipSeg().decide(table, CLASSES, REGIONS).labels.tolist() == [[1, UNLABELLED, UNLABELLED, UNLABELLED]]


def test_least_0_labels_what_no_negative_prompt_wins():
    table = scores([0.1] * 4, [0.2, 0.05, 0.3, 0.05], [0] * 4, [0.15, 0.15, 0.1, 0])
    assert ClipSeg(least=0).decide(table, CLASSES, REGIONS).labels.tolist() == [[1, UNLABELLED, 1, 0]]


@pytest.mark.parametrize("flip", [False, True])
def test_synonyms_and_alignment(flip, monkeypatch):
    """The words 'leaf' and 'red' see dark and bright pixels; both are leaf. 'stone' sees the middle of the brightness."""
    asked = []

    def forward(self, input_ids, pixel_values, **_):
        asked.append(input_ids.tolist())
        value = (pixel_values.mean(1) * 0.25 + 0.5) * 2 - 1  # -1 dark, 1 bright
        signs = torch.tensor([-1, 1]).repeat(len(value) // 2)[:, None, None]
        return SimpleNamespace(logits=6 * signs * value)

    monkeypatch.setattr(t.CLIPSegForImageSegmentation, "forward", forward)
    rng = np.random.default_rng(0)
    bright = np.kron(rng.integers(0, 2, (4, 8)), np.ones((8, 12), int))  # 32 x 96, fed as 64 x 64
    image = (255 * bright[..., None].repeat(3, axis=2)).astype(np.uint8)
    method = ClipSeg(
        model=tiny.clipseg(), synonyms={"leaf": ("red",), "stone": ("pebble",)}, background="ground", flip=flip
    )
    one = item(image.shape[:2])._replace(image=image)
    found = method.build(context()).run([one, one])
    assert len(asked[0]) == 4 and asked[0][0] == asked[0][2] != asked[0][1]  # both prompts for each image
    assert (found[1].labels == np.where(bright == 1, 2, 1)).all()
    two = ClipSeg(
        model=tiny.clipseg(), synonyms={"leaf": ("red", "pebble"), "stone": ()}, background="ground", flip=flip
    )
    assert (two.build(context()).run([one])[0].labels == 1).all()


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"background": "moss"}, "names the class 'moss'"),
        ({"synonyms": {"moss": ("green",)}}, "names the class 'moss', .* allowed are ground, leaf, stone"),
        ({"synonyms": {name: () for name in CLASSES}}, "no class is left to ask for"),
        ({"negative": (" . ",)}, "a prompt is empty"),
    ],
)
def test_mistakes_are_named(settings, words):
    with pytest.raises(ValueError, match=words):
        ClipSeg(model=tiny.clipseg(), **settings).build(context())
