"""The correction module: it learns a planted confusion, and its guards hold."""

import numpy as np
import pytest

from segmend.images.rasters import VOID
from tasks.correct.expansion._base import ImageContext
from tasks.correct.expansion.module import NEVER, SILENT, Module, answered, forward, softmax
from tests.correct.expansion.scene import image, painted, told

QUICK = {"epochs": 60, "lr": 3e-3}
CELLS = (np.arange(16)[:, None] // 4 * 8 + np.arange(32) // 4).astype(np.int32)  # 32 cells of 16 pixels


def confused(asked=range(0, 32, 2), counts=(16, 10, 6)) -> tuple[ImageContext, np.ndarray]:
    """Cells of classes 0, 1, 2; where 1 is true, the network says 2 with .6, and the labels say 2: a regular mistake."""
    rng = np.random.default_rng(0)
    true = rng.permutation(np.repeat(np.arange(3), counts))
    means = np.array([[0.9, 0.05, 0.05], [0.05, 0.35, 0.6], [0.05, 0.05, 0.9]], np.float32)
    probabilities = means[true][CELLS].transpose(2, 0, 1)
    first = np.where(true == 1, 2, true).astype(np.uint8)[CELLS]
    answers = [told(k == CELLS, "class", int(true[k])) for k in asked]
    return ImageContext("a/0", probabilities, None, first, painted(first, answers), CELLS, answers), true.astype(
        np.uint8
    )[CELLS]


def run(method: Module, seen: ImageContext, seed: int = 0):
    return method.spread(seen, method.learn([method.measure(seen)], [], np.random.default_rng(seed)))


def test_a_regular_mistake_is_mended_where_nobody_asked():
    seen, true = confused()
    assert (seen.labels != true).any()
    assert (run(Module(**QUICK, rare=0.0), seen) == true).all()


def test_guards():
    seen, true = confused()
    start = seen.labels
    assert (run(Module(**QUICK, rare=1.0), seen) == start).all()  # every class is too rare
    untrained = Module(epochs=1, lr=1e-9, rare=0.0)
    assert (run(untrained, seen) == start).all()  # no confidence reaches .99
    touched = seen._replace(answers=[*seen.answers, told(CELLS >= 0, "skip")])
    assert (run(Module(**QUICK, rare=0.0), touched) == start).all()  # a pixel somebody was asked about is theirs
    voided = start.copy()
    voided[start != true] = VOID
    assert (run(Module(**QUICK, rare=0.0), seen._replace(labels=voided)) == voided).all()
    one = [answer for answer in seen.answers if answer.classes == (0,)]
    assert (run(Module(**QUICK, rare=0.0), seen._replace(answers=one)) == start).all()  # one class teaches nothing


def test_the_rarest_label_is_never_changed():
    seen, true = confused(counts=(16, 12, 4), asked=range(0, 32, 2))
    labels = seen.labels.copy()
    wrong = (labels == 2) & (true == 1)
    assert wrong.any()
    learned = Module(**QUICK, rare=0.0).learn([Module().measure(seen)], [], np.random.default_rng(0))
    rarest = learned._replace(counts=np.array([100, 90, 10]))  # class 2, which the mistakes carry
    assert (Module(**QUICK, rare=0.0).spread(seen, rarest) == labels).all()
    other = learned._replace(counts=np.array([100, 10, 90]))  # class 1, which they should carry
    assert (Module(**QUICK, rare=0.0).spread(seen, other) == true).all()
    assert (Module(**QUICK, rare=0.5).spread(seen, other) == labels).all()


def test_two_classes_cannot_change():
    seen = image(3, classes=2)
    labels = (seen.first == 1).astype(np.uint8)
    seen = seen._replace(labels=labels, answers=[told(seen.regions == k, "class", k % 2) for k in (0, 1)])
    assert (run(Module(threshold=0.0, epochs=1), seen) == seen.labels).all()


def test_which_cells_are_answered():
    seen, _ = confused(asked=(3,))
    half = told((CELLS == 5) & (np.arange(32) % 4 < 2), "class", 1)
    most = told((CELLS == 6) & (np.arange(32) % 4 < 3), "confirm", 2)
    found = answered(seen._replace(answers=[*seen.answers, half, most, told(CELLS == 7, "class_set", 0, 1)]))
    assert found[5] == NEVER and found[6] == 2 and found[7] == SILENT and found[3] >= 0 and found[4] == NEVER


def test_the_whole_region_of_a_confirm_is_left_alone():
    """The confirm speaks of one row of the cell, and the person saw all of it."""
    seen, true = confused(asked=range(0, 32, 2))
    cell = int(CELLS[(seen.labels != true)][0])
    mask = cell == CELLS
    part = told(mask & (np.arange(16)[:, None] % 4 == 0), "confirm", 2)._replace(footprint=np.flatnonzero(mask))
    method = Module(**QUICK, rare=0.0)
    learned = method.learn([method.measure(seen)], [], np.random.default_rng(0))
    found = method.spread(seen._replace(answers=[*seen.answers, part]), learned)
    assert (found[mask] == seen.labels[mask]).all() and (found[~mask] == true[~mask]).all()


def test_forward_by_hand_and_equal_bytes():
    layers = [(np.array([[1, -1], [0, 2]], np.float32), np.array([0, -1], np.float32)), (np.eye(2, dtype=np.float32), np.zeros(2, np.float32))]  # fmt: skip
    assert forward(layers, np.array([[1.0, 2.0], [3.0, 0.0]])).tolist() == [[0, 3], [3, 0]]
    assert softmax(np.array([[0.0, np.log(3)]]))[0] == pytest.approx([0.25, 0.75])
    seen, _ = confused()
    first, second, other = (
        Module(epochs=2).learn([Module().measure(seen)], [], np.random.default_rng(s)) for s in (0, 0, 1)
    )
    assert all(
        (a == b).all()
        for one, two in zip(first.layers, second.layers, strict=True)
        for a, b in zip(one, two, strict=True)
    )
    assert (first.layers[0][0] != other.layers[0][0]).any()
    assert [one[0].shape for one in first.layers] == [(256, 3), (128, 256), (64, 128), (3, 64)]


def test_two_softmaxes_pass_the_threshold_where_one_does_not():
    """A tenth of the answers about equal regions name another class. One softmax learns about .9; with two the loss ends at
    outputs that are no smaller than 1 / (1 + 2 / e), so the confidences are driven to 1: .99 passes all."""
    true = np.repeat([0, 1, 2], 60)
    means = np.full((180, 3), 0.2, np.float32)
    means[np.arange(180), true] = 0.6
    answers = np.where(np.tile(np.arange(60), 3) < 6, (true + 1) % 3, true)
    confidence = {}
    for softmaxes in (1, 2):
        layers = Module(epochs=60, lr=3e-3, softmaxes=softmaxes).train(means, answers, np.random.default_rng(1))
        confidence[softmaxes] = softmax(forward(layers, means[::60].astype(np.float64))).max(1)
    assert confidence[1].max() < 0.95 < 0.999 < confidence[2].min()


def test_rare_classes_may_be_counted_over_answers():
    """Class 1 has most pixels and one answer, class 0 few pixels and three answers."""
    facts = {
        "means": np.eye(2, dtype=np.float32)[[0, 0, 0, 1]],
        "answers": np.array([0, 0, 0, 1]),
        "pixels": np.array([5, 100]),
    }
    for rarity, counts in (("pixels", [5, 100]), ("answers", [3, 1])):
        learned = Module(epochs=1, rarity=rarity).learn([facts], [], np.random.default_rng(0))
        assert learned.counts.tolist() == counts
