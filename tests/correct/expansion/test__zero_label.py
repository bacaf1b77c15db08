"""Which classes nobody labelled, and whether a network can say them."""

from json import dumps

import numpy as np
import pytest

from segmend.images.dataset import Labels
from tasks.correct.expansion._zero_label import unprotected, unseen_classes
from tasks.correct.expansion.strict import Strict
from tests import toys


def test_named_or_found_in_the_first_labels(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    first = Labels(tmp_path)
    for name, held in (("a", [0, 254]), ("b", [2, 255]), ("c", [1, 1])):
        first.write(name, np.array([held], np.uint8), toys.LEAF_CARD)
    classes = toys.LEAF_CARD.classes
    assert unseen_classes((), classes, first, ["a", "b"]) == (1,)
    assert unseen_classes((), classes, first, ["a"]) == (1, 2)
    assert unseen_classes((), classes, first, ["a", "b", "c"]) == ()
    assert unseen_classes(("stone", "ground"), classes, first, ["a", "b", "c"]) == (0, 2)
    with pytest.raises(
        ValueError, match="unseen names 'sea', which is no class of the data set; it has ground, leaf, stone"
    ):
        unseen_classes(("sea",), classes, first, [])


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({}, "train.network.unet has no head that can predict a class without labels"),
        ({"head": "cosine", "unseen": ["leaf"], "calibration": 0.4}, "has no head that can predict"),
        (
            {"head": "embedding", "calibration": 0.4},
            "train.network.unet.unseen does not name leaf, so training lowered",
        ),
        ({"head": "embedding", "unseen": ["leaf"]}, "train.network.unet.calibration is 0"),
        ({"head": "embedding", "unseen": ["leaf"], "calibration": 0.4}, None),
    ],
)
def test_a_network_that_was_taught_not_to_say_a_class(tmp_path, block, told):
    (tmp_path / "config.json").write_text(dumps({"network": {"name": "unet", "unet": block}}))
    said = unprotected(tmp_path, Strict(), (1,), toys.LEAF_CARD.classes)
    if told is None:
        assert said is None
    else:
        assert said and told in said and said.startswith("correct.expansion.strict: ") and "become leaf, for" in said
    assert unprotected(tmp_path, Strict(against="unseen"), (1, 2), toys.LEAF_CARD.classes) is None
    assert unprotected(tmp_path, Strict(), (), toys.LEAF_CARD.classes) is None
