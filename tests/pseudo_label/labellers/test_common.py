"""Every labeller: declared ids only, void kept, a confidence in 0..1 per region, the same for the same input."""

import numpy as np
import pytest

from tasks.params import methods_of
from tasks.pseudo_label.labellers import Labeller
from tasks.rasters import UNLABELLED, VOID
from tasks.regions import count

METHODS = [method() for method in methods_of(Labeller)]
CLASSES = ("ground", "leaf", "stone")


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
