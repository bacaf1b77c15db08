"""Confident learning: numbers by hand, planted mistakes, and the same in parts."""

import numpy as np
import pytest
import torch

from segmend.images.rasters import UNLABELLED, VOID
from segmend.metrics.confident_learning import (
    Joint,
    Thresholds,
    border_and_objects,
    confident_class,
    suspected,
)


def estimate(labels, probabilities):
    first = Thresholds(probabilities.shape[0])
    first.add(labels, probabilities)
    joint = Joint(first.compute())
    joint.add(labels, probabilities)
    return first.compute(), joint


def test_by_hand():
    labels = np.array([[0, 0, 0, 1, 1, VOID]], np.uint8)
    one = np.array([[0.1, 0.3, 0.9, 0.8, 0.6, 0.0]], np.float32)  # probability of class 1
    thresholds, joint = estimate(labels, np.stack([1 - one, one]))
    assert thresholds == pytest.approx([(0.9 + 0.7 + 0.1) / 3, 0.7])
    # .9 of label 0 reaches .7: suspected; .6 of label 1 reaches neither .7 nor, with .4, .567
    assert joint.counts.tolist() == [[2, 1], [0, 1]]
    assert joint.rates() == pytest.approx([1 / 3, 0.0])
    assert joint.compute() == pytest.approx(np.array([[0.4, 0.2], [0.0, 0.4]]))
    assert suspected(labels, np.stack([1 - one, one]), thresholds).tolist() == [
        [False, False, True, False, False, False]
    ]


def test_planted_mistakes_are_counted():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, (90, 90)).astype(np.uint8)
    sure = rng.dirichlet([1, 1, 1, 1], truth.shape).astype(np.float32) * 0.4
    probabilities = np.moveaxis(sure, 2, 0)
    np.put_along_axis(
        probabilities, truth[None].astype(int), np.take_along_axis(probabilities, truth[None].astype(int), 0) + 0.6, 0
    )
    labels = truth.copy()
    wrong = (truth == 2) & (rng.random(truth.shape) < 0.3)
    labels[wrong] = 3
    labels[:3] = UNLABELLED
    _, joint = estimate(labels, probabilities)
    rates = joint.rates()
    planted = (wrong[3:].sum()) / (labels[3:] == 3).sum()
    # wrong pixels lower their own label's threshold, so the others pass more often: the estimate is low, not high
    assert 0.4 * planted < rates[3] < planted + 0.02
    assert max(rates[:3]) < 0.01


def test_parts_give_what_the_whole_gives_and_ignored_pixels_nothing():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, (20, 30)).astype(np.uint8)
    labels[:, :4] = VOID
    probabilities = rng.dirichlet([1, 1, 1], labels.shape).transpose(2, 0, 1).astype(np.float32)
    whole, joint = estimate(labels, probabilities)
    parts = Thresholds(3)
    for half in (slice(0, 10), slice(10, 20)):
        parts.add(labels[half], probabilities[:, half])
    assert parts.compute() == pytest.approx(whole)
    cut, alike = estimate(labels[:, 4:], probabilities[:, :, 4:])
    assert cut == pytest.approx(whole)
    assert (alike.counts == joint.counts).all()


def test_a_class_without_pixels_has_no_rate_and_is_never_found():
    labels = np.zeros((2, 2), np.uint8)
    probabilities = np.stack([np.full((2, 2), 0.2), np.full((2, 2), 0.8)]).astype(np.float32)
    thresholds, joint = estimate(labels, probabilities)
    assert np.isnan(joint.rates()[1])
    limits = torch.from_numpy(thresholds)[:, None, None]
    assert (confident_class(torch.from_numpy(probabilities), limits, 0) == 0).all()
    assert joint.rates()[0] == 0


def test_thin_pieces_at_a_border_and_whole_objects():
    labels = np.zeros((40, 40), np.uint8)
    labels[:20] = 1
    wrong = np.zeros((40, 40), bool)
    wrong[20:22, 5:30] = True  # two rows beside the border
    wrong[30:36, 10:20] = True  # an object far from it
    border, objects = border_and_objects(wrong, labels, 3.0)
    assert border[20:22, 5:30].all() and border.sum() == 50
    assert objects[30:36, 10:20].all() and objects.sum() == 60
    assert border_and_objects(wrong, np.zeros_like(labels), 3.0)[1].sum() == 110  # without a border all are objects


def test_the_count_of_cleanlab(monkeypatch):
    cleanlab = pytest.importorskip("cleanlab.segmentation.filter", reason="cleanlab is not installed")
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 3, (2, 40, 40))
    probabilities = rng.dirichlet([0.5, 0.5, 0.5], labels.shape).transpose(0, 3, 1, 2).astype(np.float32)
    issues = cleanlab.find_label_issues(labels, probabilities, n_jobs=1, verbose=False)
    first = Thresholds(3)
    for given, p in zip(labels, probabilities, strict=True):
        first.add(given.astype(np.uint8), p)
    # the library's rule: as many pixels as have an arg-max that is not the label and reaches its threshold, those of lowest
    # self-confidence of the whole set; of these it then takes off the ones whose arg-max is the label
    best, limits = probabilities.argmax(1), first.compute()
    count = int(((best != labels) & (probabilities.max(1) >= limits[best])).sum())
    own = np.take_along_axis(probabilities, labels[:, None], 1)[:, 0]
    lowest = np.zeros(labels.size, bool)
    lowest[np.argsort(own, axis=None, kind="stable")[:count]] = True
    ours = int((lowest.reshape(labels.shape) & (best != labels)).sum())
    assert issues.sum() == pytest.approx(ours, rel=0.001)
