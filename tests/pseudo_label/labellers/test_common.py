"""Every labeller: declared ids only, void kept, a confidence in 0..1 per region, the same for the same input."""

import numpy as np
import pytest

from segmend.images.rasters import NO_REGION, UNLABELLED, VOID
from segmend.images.regions import class_counts, count, majority
from segmend.stage.params import methods_of
from tasks.pseudo_label.labellers import Labeller
from tasks.pseudo_label.labellers._model import confidence, voided
from tasks.pseudo_label.labellers.clipseg import ClipSeg
from tasks.pseudo_label.labellers.closed_vocabulary import ClosedVocabulary
from tasks.pseudo_label.labellers.grounded_sam import GroundedSam
from tasks.pseudo_label.labellers.onnx import Onnx
from tasks.pseudo_label.labellers.prototypes import Prototypes
from tasks.pseudo_label.labellers.sam_everything import SamEverything
from tests.pseudo_label.labellers import tiny

METHODS = [method() for method in methods_of(Labeller) if not hasattr(method, "build")]
CLASSES = ("ground", "leaf", "stone")
# One or more of each labeller that runs a model, with weights that draw something.
MODELS = {
    "segformer": lambda: ClosedVocabulary(model=tiny.segformer(), flip=True),
    "mask2former": lambda: ClosedVocabulary(model=tiny.mask2former()),
    "oneformer": lambda: ClosedVocabulary(model=tiny.oneformer(), flip=True),
    "clipseg": lambda: ClipSeg(model=tiny.clipseg(), negative=("shadow",), background="ground", least=0.3, flip=True),
    "dino and sam": lambda: GroundedSam(
        detector=tiny.dino(), segmenter=tiny.sam(), least=0.0, negative=("shadow",), overlap=0.7, flip=True
    ),
    "owl and sam 2": lambda: GroundedSam(
        detector=tiny.owl(), segmenter=tiny.sam2(), least=0.0, background="ground", overlap=0.9
    ),
    "sam": lambda: SamEverything(model=tiny.sam(), points=3, quality=0, stability=0),
    "sam 2": lambda: SamEverything(model=tiny.sam2(), points=3, quality=0, stability=0),
    "dino and sam 3": lambda: GroundedSam(detector=tiny.dino(), segmenter=tiny.sam3(), least=0.0, background="ground"),
    "sam 3": lambda: SamEverything(model=tiny.sam3(), points=3, quality=0, stability=0),
    "onnx": lambda: Onnx(model=tiny.onnx(), flip=True),
    "prototypes": lambda: Prototypes(examples=2),
    "colour": lambda: Prototypes(features="colour", head="linear", examples=2),
}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("with_mask", [True, False])
def test_contract(method, with_mask):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
    regions = (np.arange(20)[:, None] // 5 * 4 + np.arange(24) // 6).astype(np.int32)
    mask = rng.integers(0, 3, (20, 24)).astype(np.uint8)
    mask[:3] = VOID
    copies = image.copy(), mask.copy(), regions.copy()
    labels, confidence = method(image, mask if with_mask else None, regions, CLASSES)
    assert labels.dtype == np.uint8 and labels.shape == regions.shape
    assert set(np.unique(labels)) <= {0, 1, 2, UNLABELLED, VOID}
    assert confidence.shape == (count(regions),) and confidence.min() >= 0 and confidence.max() <= 1
    if with_mask:
        assert (labels[:3] == VOID).all()
    again = method(image, mask if with_mask else None, regions, CLASSES)
    assert (again[0] == labels).all() and (again[1] == confidence).all()
    assert all((a == b).all() for a, b in zip((image, mask, regions), copies, strict=True))


def test_every_labeller_with_a_model_is_tried():
    assert {method for method in methods_of(Labeller) if hasattr(method, "build")} == {
        type(make()) for make in MODELS.values()
    }


@pytest.mark.parametrize("name", MODELS)
def test_contract_of_models(name):
    items = [tiny.item((20, 24), 0), tiny.item((20, 24), 1, mask=False)]
    items[0].mask[:3] = VOID
    items[1].regions[:, :5] = NO_REGION
    copies = [[None if part is None else part.copy() for part in one] for one in items]
    here = tiny.context(train=("0",), item=lambda _: tiny.item((20, 24), 2))
    model = MODELS[name]().build(here)
    found = model.run(items)
    assert len(found) == 2 and all(card["id"] and card["sha256"] for card in model.cards)
    for one, item in zip(found, items, strict=True):
        assert one.labels.dtype == np.uint8 and one.labels.shape == item.regions.shape
        assert set(np.unique(one.labels)) <= {0, 1, 2, UNLABELLED, VOID}
        assert one.scores.dtype == np.float32 and one.scores.shape == (count(item.regions), 3)
        assert one.scores.min() >= 0 and one.scores.max() <= 1
        assert (one.objects is not None) == model.objects
        if one.objects is not None:
            ids = np.unique(one.objects[one.objects != NO_REGION])
            assert one.objects.dtype == np.int32 and ids.tolist() == list(range(len(ids)))
        most = majority(class_counts(one.labels, item.regions, 3))[0]
        sure = confidence(one, most)
        assert sure.shape == most.shape and sure.min() >= 0 and (sure[most >= UNLABELLED] == 0).all()
    assert (voided(found[0], items[0]).labels[:3] == VOID).all()
    for one, again in zip(found, model.run(items), strict=True):
        assert (one.labels == again.labels).all() and (one.scores == again.scores).all()
    for item, copy in zip(items, copies, strict=True):
        assert all(a is b or (a == b).all() for a, b in zip(item, copy, strict=True))
