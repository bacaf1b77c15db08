"""Label Studio: strokes that its own converter would give back, one per object and per class of the rest."""

import json
from xml.etree import ElementTree

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segmend.images.brush import cover_brush, packed_brush
from segmend.images.dataset import Card, Sample
from tasks.export.formats._base import Item
from tasks.export.formats.label_studio import LabelStudio, label_config
from tests.export.sets import Made, written
from tests.ingest.formats.test_label_studio import packed
from tests.toys import LEAF_CARD


@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(0, 2**16))
def test_strokes_come_back(shape, seed):
    mask = np.random.default_rng(seed).random(shape) < 0.5
    assert (cover_brush(bytes(packed_brush(mask)), *shape, *shape) == mask).all()


def test_long_runs_are_packed_as_the_converter_packs_them():
    mask = np.zeros((300, 300), bool)
    mask[100:200] = True
    ours, theirs = packed_brush(mask), packed(np.repeat(mask.astype(np.uint8).ravel() * 255, 4))
    assert ours == theirs[: len(ours)] and not any(theirs[len(ours) :])


def test_a_stroke_for_every_object_and_none_for_void(tmp_path):
    labels = np.array([[0, 0, 1, 1], [0, 255, 1, 254]], np.uint8)
    objects = np.array([[-1, -1, 0, 7], [-1, -1, 0, -1]], np.int32)
    item = Item(Sample("a/x", "val", 2, 4, "", ""), np.zeros((2, 4, 3), np.uint8), labels, objects)
    bare = Item(Sample("b", "train", 2, 4, "", ""), np.zeros((2, 4, 3), np.uint8), None)
    out = written(LabelStudio(), Made(LEAF_CARD, [item, bare]), tmp_path / "out")
    first, second = json.loads((out / "tasks.json").read_text())
    assert (
        first["data"] == {"image": "/data/local-files/?d=images/a/x.png", "id": "a/x"} and "predictions" not in second
    )
    strokes = first["predictions"][0]["result"]
    assert [stroke["value"]["brushlabels"] for stroke in strokes] == [[LEAF_CARD.classes[k]] for k in (0, 1, 1)]
    covered = [cover_brush(bytes(stroke["value"]["rle"]), 2, 4, 2, 4) for stroke in strokes]
    assert np.sum(covered, axis=0).tolist() == [[1, 1, 1, 1], [1, 0, 1, 0]]


def test_class_names_with_signs_of_xml():
    card = Card(
        name="", classes=('<a> & "b"', "c"), colours=((0, 0, 0), (1, 2, 3)), mean=(0.5,) * 3, deviation=(1,) * 3
    )
    labels = ElementTree.fromstring(label_config(card)).findall("BrushLabels/Label")
    assert [label.get("value") for label in labels] == list(card.classes) and labels[1].get("background") == "#010203"
