"""What an image's probabilities say of its labels: numbers by hand, and what holds for any labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from segmend.images.rasters import UNLABELLED, VOID
from segmend.metrics.confident_learning import Joint, Thresholds
from tasks.audit import findings


def probabilities_of(classes: np.ndarray, count: int, sure: float = 0.9) -> np.ndarray:
    """Probabilities that say `classes` with `sure`, the rest evenly on the others."""
    found = np.full((count, *classes.shape), (1 - sure) / (count - 1), np.float32)
    np.put_along_axis(found, classes[None].astype(np.int64), np.float32(sure), 0)
    return found


def looked(labels, probabilities, **more):
    first = Thresholds(len(probabilities))
    first.add(labels, probabilities)
    return findings.look(labels, probabilities, np.minimum(first.compute(), 0.5), **more)


def test_soft_min_by_hand():
    quality = np.array([0.2, 1.0], np.float32)
    weights = np.exp((1 - np.array([0.2, 1.0])) / 0.5)
    assert findings.soft_min(quality, 0.5) == pytest.approx(float((quality * weights).sum() / weights.sum()))
    many = np.concatenate([np.full(100, 0.02), np.full(9900, 0.95)]).astype(np.float32)  # 1 % bad pixels
    assert findings.soft_min(many, 0.1) == pytest.approx(0.028, abs=5e-4)
    assert findings.soft_min(np.zeros(0, np.float32), 0.1) == 1 == findings.soft_min(quality, 0.1, np.zeros(2, bool))
    where = np.arange(10_000) >= 100
    assert findings.soft_min(many, 0.1, where) == pytest.approx(findings.soft_min(many[where], 0.1))


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=30))
def test_soft_min_goes_from_the_minimum_to_the_mean(values):
    quality = np.array(values, np.float32)
    scores = [findings.soft_min(quality, temperature) for temperature in (1e-4, 0.1, 1.0, 1e4)]
    assert scores[0] == pytest.approx(quality.min(), abs=2e-3) and scores[-1] == pytest.approx(quality.mean(), abs=1e-3)
    assert all(low <= high + 1e-5 for low, high in zip(scores, scores[1:], strict=False))


def test_a_dropped_object_is_one_major_finding():
    """16 pixels of class 1 are labelled 0: lead .9 - .1, reliability the root of .9."""
    truth = np.zeros((20, 20), np.uint8)
    truth[8:12, 8:12] = 1
    found = looked(np.zeros((20, 20), np.uint8), probabilities_of(truth, 2))
    (part,) = found.components
    assert (part.label, part.proposed, len(part.pixels), part.severity) == (0, 1, 16, "major")
    assert found.reliability == pytest.approx(0.9**0.5) and part.lead == pytest.approx(0.8)
    assert part.score == pytest.approx(0.9**0.5 * 0.8) and part.gain == found.wrong == pytest.approx(
        0.9**0.5 * 0.8 * 16
    )
    assert part.quality == pytest.approx(1 - 0.9**1.5) and found.confident.tolist() == [[384, 16], [0, 0]]


def test_a_border_that_is_off_by_two_pixels_is_borderline_and_a_thin_piece_with_a_wrong_class_is_not():
    labels, truth = np.zeros((30, 30), np.uint8), np.zeros((30, 30), np.uint8)
    labels[:15], truth[:17] = 1, 1
    found = looked(labels, probabilities_of(truth, 2))
    assert not found.components and found.border == (1, 60) and found.quality > 0.8
    assert looked(labels, probabilities_of(truth, 2), band=1).components  # two pixels reach beyond a band of one
    truth = np.zeros((30, 30), np.uint8)
    labels = truth.copy()
    labels[5:7, 3:20] = 1  # a strip two pixels wide that is not there
    (part,) = looked(labels, probabilities_of(truth, 2)).components
    assert (part.label, part.proposed, len(part.pixels)) == (1, 0, 34)


def test_an_image_of_which_the_network_is_unsure_is_trusted_less():
    truth = np.zeros((20, 20), np.uint8)
    truth[2:5, 2:5] = 1
    sure, unsure = probabilities_of(truth, 3), probabilities_of(truth, 3)
    unsure[:, 10:] = 1 / 3
    labels = np.zeros((20, 20), np.uint8)
    first, second = (looked(labels, p).components[0] for p in (sure, unsure))
    assert first.pixels.tolist() == second.pixels.tolist()
    assert second.score / first.score == pytest.approx(((0.9 + 1 / 3) / 2 / 0.9) ** 0.5)


sizes = st.tuples(st.integers(1, 14), st.integers(1, 14))


@given(sizes, st.integers(2, 4), st.integers(0, 2**16), st.integers(0, 3))
def test_findings_are_the_components_of_equal_pairs_and_void_takes_no_part(size, classes, seed, band):
    rng = np.random.default_rng(seed)
    labels = rng.choice(np.array([*range(classes), UNLABELLED, VOID], np.uint8), size)
    probabilities = rng.dirichlet(np.full(classes, 0.4), size).transpose(2, 0, 1).astype(np.float32)
    thresholds = rng.uniform(0.2, 0.9, classes)
    found = findings.look(labels, probabilities, thresholds, band)
    joint = Joint(thresholds)
    joint.add(labels, probabilities)
    assert (joint.counts.numpy() == found.confident).all()  # the library's slower way
    confident = findings.confident_class(probabilities, thresholds)[0]
    wrong = (labels < UNLABELLED) & (confident != VOID) & (confident != labels)
    assert sum(len(part.pixels) for part in found.components) + found.border.pixels == wrong.sum()
    covered = np.zeros(labels.size, np.int64)
    for part in found.components:
        covered[part.pixels] += 1
        same = (wrong & (labels == part.label) & (confident == part.proposed)).ravel()
        assert same[part.pixels].all()
        numbers, _ = ndimage.label(same.reshape(size), np.ones((3, 3)))
        assert (numbers.ravel() == numbers.ravel()[part.pixels[0]]).sum() == len(part.pixels)
    assert covered.max(initial=0) <= 1 and (band or not found.border.components)
    assert 0 <= found.quality <= 1 and (findings.quality_map(labels, probabilities)[labels >= UNLABELLED] == 1).all()
