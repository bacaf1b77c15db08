"""Every expansion: labels in, labels out; void stays, inputs stay, equal input gives equal bytes, no answers no change."""

import numpy as np
import pytest

from tasks.correct.expansion import Expansion
from tasks.params import methods_of
from tasks.rasters import UNLABELLED, VOID
from tests.correct.expansion.scene import image

METHODS = [method() for method in methods_of(Expansion)]


def run(method, images):
    learned = method.learn([method.measure(seen) for seen in images], [], np.random.default_rng(0))
    return [method.spread(seen, learned) for seen in images]


def seen_by(method, seed):
    seen = image(seed)
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
def test_without_answers_nothing_changes(method):
    images = [seen._replace(labels=seen.first, answers=[]) for seen in (seen_by(method, 0), seen_by(method, 1))]
    assert all((labels == seen.first).all() for labels, seen in zip(run(method, images), images, strict=True))


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_no_images_teach_nothing(method):
    method.learn([], [], np.random.default_rng(0))
