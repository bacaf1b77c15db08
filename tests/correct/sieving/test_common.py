"""Every sieve keeps a subset, at least one pixel, everything of a single cell; equal input gives equal output."""

import numpy as np
import pytest

from segmend.stage.params import methods_of
from tasks.correct.sieving import Sieving

METHODS = [method() for method in methods_of(Sieving)]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("size", [0, 1, 2, 3, 19, 20, 21, 500])
def test_contract(method, size):
    confidence = np.random.default_rng(size).random(size).astype(np.float32)
    before = confidence.copy()
    kept = method(confidence, 5)
    assert kept.shape == (size,) and kept.dtype == bool and kept.any() == bool(size)
    assert (confidence == before).all() and (method(confidence, 5) == kept).all()
    assert method(confidence, 1).all() and method(np.full(size, 0.5, np.float32), 5).all()
    assert method.rest in ("first", "unlabelled")
