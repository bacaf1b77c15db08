"""The gate's rule on known cases: equal networks, a better one, a class that falls."""

import numpy as np
import pytest

from segmend.metrics.confusion import Confusion
from tasks.gate.settings import Params
from tasks.gate.verdict import counts, draws_of_miou, expanded, judge, share_of_swaps

CLASSES = ("ground", "leaf", "stone")
PAIRED = Params(draws=300, drop=1)


def pixels(random: np.random.Generator, images: int) -> np.ndarray:
    """Pixels of each class in each image; a class may be absent."""
    return random.integers(1, 2000, (images, 3)) * (random.random((images, 3)) < 0.7)


def network(random: np.random.Generator, truth: np.ndarray, accuracy: list[float]) -> np.ndarray:
    """Confusion matrices of a network that is right so often, by class; images differ in how hard they are."""
    matrices = np.zeros((len(truth), 3, 5), np.int64)
    for matrix, row in zip(matrices, truth, strict=True):
        hard = random.normal(0, 0.08)
        for k, total in enumerate(row):
            right = np.clip(accuracy[k] + hard, 0.05, 0.99)
            chances = np.full(3, (1 - right) / 2)
            chances[k] = right
            matrix[k, :3] = random.multinomial(total, chances)
    return matrices


@pytest.mark.parametrize("images", [5, 10, 20])
def test_an_equal_network_is_not_promoted_in_95_of_100_cases(images: int):
    random, promoted = np.random.default_rng(images), 0
    for seed in range(200):
        truth = pixels(random, images)
        first, second = (network(random, truth, [0.8, 0.8, 0.8]) for _ in range(2))
        promoted += judge(first, second, CLASSES, PAIRED, seed).promoted
    assert promoted / 200 <= 0.05 + 2 * (0.05 * 0.95 / 200) ** 0.5  # two standard errors of 200 cases


def test_a_clearly_better_one_is_promoted():
    random = np.random.default_rng(1)
    truth = pixels(random, 40)
    for seed in range(20):
        first, second = (network(random, truth, [accuracy] * 3) for accuracy in (0.7, 0.85))
        verdict = judge(first, second, CLASSES, Params(draws=200), seed)
        assert verdict.promoted and "Better: mIoU" in verdict.sentence and verdict.interval[0] > 0
        assert not judge(second, first, CLASSES, Params(draws=200), seed).promoted


def test_the_same_network_is_never_promoted():
    random = np.random.default_rng(2)
    same = network(random, pixels(random, 10), [0.8, 0.7, 0.9])
    verdict = judge(same, same, CLASSES, PAIRED, 0)
    assert not verdict.promoted and verdict.share_better == 0 and verdict.interval == (0, 0)


def test_a_class_that_falls_stops_the_promotion_if_it_is_listed():
    random = np.random.default_rng(3)
    truth = pixels(random, 60)
    first, second = network(random, truth, [0.5, 0.5, 0.9]), network(random, truth, [0.97, 0.97, 0.5])
    verdict = judge(first, second, CLASSES, Params(draws=200, drop=0.0), 0)
    assert verdict.share_better == 1 and verdict.class_differences["stone"] < 0  # type: ignore[operator]
    assert not verdict.promoted and "the class stone loses" in verdict.sentence
    assert judge(first, second, CLASSES, Params(draws=200, drop=0.0, classes=("leaf",)), 0).promoted
    assert judge(first, second, CLASSES, Params(draws=200, drop=0.5), 0).promoted


def test_one_draw_by_hand():
    """Of two images, drawn twice each or once both: mIoU of what was drawn, by the confusion matrix's own method."""
    random = np.random.default_rng(4)
    truth = pixels(random, 2)
    first, second = network(random, truth, [0.6] * 3), network(random, truth, [0.9] * 3)
    by_hand = set()
    for drawn in ([0, 0], [0, 1], [1, 1]):
        scores = [Confusion(3, stack[drawn].sum(0)).miou_unlabelled_wrong() for stack in (first, second)]
        by_hand.add(round(scores[1] - scores[0], 12))
    found = draws_of_miou(counts(first), counts(second), 100, 0)
    assert {round(float(difference), 12) for difference in found} == by_hand


def test_the_share_of_swaps_by_hand():
    """Of three images second is right and first is wrong: of the eight swaps only the identity does as well."""
    right, wrong = np.zeros((3, 3, 5), np.int64), np.zeros((3, 3, 5), np.int64)
    right[:, 0, 0] = right[:, 1, 1] = wrong[:, 0, 1] = wrong[:, 1, 0] = 10
    share = share_of_swaps(counts(wrong), counts(right), 4000, 0)
    assert share == pytest.approx(1 / 8, abs=0.02)
    assert share_of_swaps(counts(right), counts(wrong), 100, 0) == 1
    assert not judge(wrong, right, CLASSES, PAIRED, 0).promoted  # three images cannot suffice
    assert judge(wrong.repeat(2, 0), right.repeat(2, 0), CLASSES, PAIRED, 0).promoted


def test_few_images_must_agree_in_more_draws():
    assert expanded(0.95, 10**6) == pytest.approx(0.95, abs=1e-4)
    assert expanded(0.95, 10) == pytest.approx(0.9733, abs=1e-3) and expanded(0.95, 2) > 0.99


def test_too_few_swaps_for_the_confidence_are_refused():
    """With them nothing could ever be promoted; with as many as are asked for, what is right everywhere is."""
    with pytest.raises(ValueError, match="draws is 100: a confidence of 0.995 needs 199 at least"):
        Params(confidence=0.995, draws=100)
    wrong, right = np.zeros((2, 20, 3, 5), np.int64)
    wrong[:, :, :3], right[:, :, :3] = 10, np.diag((30, 30, 30))
    assert judge(wrong, right, CLASSES, Params(confidence=0.995, draws=199), 0).promoted


def test_mistakes_are_sentences():
    nothing = np.zeros((1, 3, 5), np.int64)
    with pytest.raises(ValueError, match="1 images have truth"):
        judge(nothing, nothing, CLASSES, PAIRED, 0)
    with pytest.raises(ValueError, match="'rock', which is no class"):
        judge(np.ones((2, 3, 5), np.int64), np.ones((2, 3, 5), np.int64), CLASSES, Params(classes=("rock",)), 0)
