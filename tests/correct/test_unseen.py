"""Which classes nobody labelled."""

import numpy as np
import pytest

from tasks.correct.unseen import unseen_classes
from tasks.dataset import Labels
from tests.correct import toy


def test_named_or_found_in_the_first_labels(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    first = Labels(tmp_path)
    for name, held in (("a", [0, 254]), ("b", [2, 255]), ("c", [1, 1])):
        first.write(name, np.array([held], np.uint8), toy.CARD)
    classes = toy.CARD.classes
    assert unseen_classes((), classes, first, ["a", "b"]) == (1,)
    assert unseen_classes((), classes, first, ["a"]) == (1, 2)
    assert unseen_classes((), classes, first, ["a", "b", "c"]) == ()
    assert unseen_classes(("stone", "ground"), classes, first, ["a", "b", "c"]) == (0, 2)
    with pytest.raises(
        ValueError, match="unseen names 'sea', which is no class of the data set; it has ground, leaf, stone"
    ):
        unseen_classes(("sea",), classes, first, [])
