"""Every cost model: a price for every kind of answer, not negative; more named classes never cost less."""

import pytest

from segmend.answers.answers import KINDS
from segmend.stage.params import methods_of
from tasks.correct.costs import Cost

METHODS = [method() for method in methods_of(Cost)]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [2, 4, 150])
def test_prices(method, kind, classes):
    named = {"skip": 0, "class_set": 2}.get(kind, 1)
    clicks, seconds = method(kind, named, classes)
    assert clicks >= 0 and seconds >= 0
    assert method("class_set", 2, classes) >= method("class_set", 1, classes)
    assert method("class", 1, classes) >= method("confirm", 1, classes)
