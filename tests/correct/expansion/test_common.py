"""Every expansion: labels in, labels out; void stays, inputs stay, equal input gives equal bytes. Without answers those that
fill change only what has no label, the others nothing."""

import numpy as np
import pytest

from segmend.images.rasters import UNLABELLED, VOID
from segmend.stage.params import methods_of
from tasks.correct.expansion import Expansion
from tests.correct.expansion.scene import image

METHODS = [method() for method in methods_of(Expansion)]


def run(method, images):
    learned = method.learn([method.measure(seen) for seen in images], [], np.random.default_rng(0))
    return [method.spread(seen, learned) for seen in images]


def seen_by(method, seed):
    """The image with what the method asks for: of three views two turn every third pixel's classes around."""
    seen = image(seed)
    if method.wants_views:
        turned = seen.probabilities.copy()
        turned[:, :, ::3] = turned[::-1, :, ::3]
        seen = seen._replace(views=np.stack([seen.probabilities, turned, turned]))
    if method.fills:
        seen = seen._replace(unseen=(1, 2), round=2)
    return seen if method.wants_features else seen._replace(features=None)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_contract(method):
    images = [seen_by(method, seed) for seed in range(3)]
    before = [(seen.first.copy(), seen.labels.copy(), seen.probabilities.copy()) for seen in images]
    found = run(method, images)
    for seen, labels, (first, was, probabilities) in zip(images, found, before, strict=True):
        assert labels.shape == was.shape and labels.dtype == np.uint8
        assert ((labels == VOID) == (was == VOID)).all() and set(np.unique(labels)) <= {0, 1, 2, UNLABELLED, VOID}
        assert (seen.first == first).all() and (seen.labels == was).all()
        assert (seen.probabilities == probabilities).all()
    assert all((a == b).all() for a, b in zip(found, run(method, images), strict=True))


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_without_answers(method):
    """Nothing changes, or with methods that fill only what had no label."""
    images = [seen._replace(labels=seen.first, answers=[]) for seen in (seen_by(method, 0), seen_by(method, 1))]
    for labels, seen in zip(run(method, images), images, strict=True):
        changed = labels != seen.first
        assert changed.any() == method.fills
        assert (seen.first[changed] == UNLABELLED).all()


@pytest.mark.parametrize("method", [m for m in METHODS if m.fills], ids=lambda method: method.name)
def test_what_fills_touches_no_label(method):
    images = [seen_by(method, seed) for seed in range(3)]
    for labels, seen in zip(run(method, images), images, strict=True):
        assert (labels[seen.labels != UNLABELLED] == seen.labels[seen.labels != UNLABELLED]).all()
    full = [seen._replace(labels=np.where(seen.labels == UNLABELLED, 0, seen.labels)) for seen in images]
    assert all((labels == seen.labels).all() for labels, seen in zip(run(method, full), full, strict=True))


@pytest.mark.parametrize("method", [m for m in METHODS if m.fills], ids=lambda method: method.name)
def test_among_unseen_classes_only_these_are_given(method):
    strict = method.model_copy(update={"against": "unseen", "threshold": 0.0, "rounds": 1})
    images = [seen_by(strict, seed) for seed in range(3)]
    new = np.concatenate([made[made != seen.labels] for made, seen in zip(run(strict, images), images, strict=True)])
    assert set(new.tolist()) == {1, 2}
    none = [seen._replace(unseen=()) for seen in images]
    assert all((made == seen.labels).all() for made, seen in zip(run(strict, none), none, strict=True))
    with pytest.raises(ValueError, match="a single unseen class the arg-max is over one class"):
        run(strict, [seen._replace(unseen=(2,)) for seen in images])


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_no_images_teach_nothing(method):
    method.learn([], [], np.random.default_rng(0))
