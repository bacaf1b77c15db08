"""Every judge names one of two masks or neither, and the other one when they change places."""

import numpy as np
import pytest

from segmend.judges import Judge
from segmend.stage.params import methods_of

METHODS = [method() for method in methods_of(Judge)]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("seed", range(5))
def test_contract(method, seed):
    rng = np.random.default_rng(seed)
    image, p = rng.integers(0, 256, (16, 20, 3), dtype=np.uint8), rng.dirichlet(np.ones(2), (16, 20)).transpose(2, 0, 1)
    first, second = rng.random((2, 16, 20)) < 0.3
    forth, back = method.compare(image, first, second, 1, p), method.compare(image, second, first, 1, p)
    assert forth in (0, 1, None) and (back is None if forth is None else back == 1 - forth)
    assert method.compare(image, first, first, 1, p) is None
    assert method.present(image, first | second, 1, p) in (True, False)
