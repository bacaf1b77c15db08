"""ADELE: the card's limits, one number by hand, and labels that get better."""

import numpy as np
import pytest

from segmend.images.dataset import Dataset, Labels, write_card, write_samples
from segmend.images.rasters import UNLABELLED, VOID
from segmend.metrics.confusion import Confusion
from tasks.train.corrections._confident_joint import JointCounts
from tasks.train.corrections._memorisation import curve
from tasks.train.corrections._relabelling import Plan
from tasks.train.corrections.adele import Adele
from tests.toys import SHAPE_CARD, draw_shapes, shapes
from tests.train.runs import quick, run, store

NAMES = ("ground", "disc", "square")
ALL_ON = Plan(np.ones(3, bool), np.full(3, 0.6), 0, 0.1)


def maps(*rows: tuple[float, float, float]) -> np.ndarray:
    """One row of pixels with these probabilities."""
    return np.array(rows, np.float32).T[:, None]


def labels(*ids: int) -> np.ndarray:
    return np.array([ids], np.uint8)


def said(iou: tuple[float, float, float]) -> JointCounts:
    """An epoch with these IoU of the classes but the first: of so many pixels hits, and the rest taken for the first class."""
    matrix = np.zeros((3, 5), np.int64)
    for k, value in enumerate(iou):
        pixels = (10_000, 1_000, 1_000)[k]
        matrix[k, k] = round(value * pixels)
        matrix[k, 0] += (pixels - matrix[k, k]) * (k > 0)
    return JointCounts(Confusion(3, matrix), np.diag([1, 1, 1]))


def test_one_row_of_pixels_by_hand():
    given = labels(0, 1, 2, 1, VOID, UNLABELLED, 2, 0)
    seen = maps(
        (0.1, 0.7, 0.2),
        (0.7, 0.2, 0.1),
        (0.2, 0.59, 0.2),
        (0.1, 0.2, 0.7),
        (0, 1, 0),
        (0, 1, 0),
        (0.3, 0.6001, 0.1),
        (1, 0, 0),
    )
    # Above 0.6: the third pixel's 0.59 is not enough, the seventh's is.
    assert Adele().correct(given, seen, ALL_ON).tolist() == [[1, 0, 2, 2, VOID, UNLABELLED, 1, 0]]
    assert Adele(fill=True).correct(given, seen, ALL_ON)[0, 5] == 1
    assert Adele().correct(given, seen, ALL_ON._replace(threshold=np.full(3, 1.0))).tolist() == given.tolist()


def test_only_classes_that_are_on_are_given():
    given, seen = labels(0, 0, 1, 2), maps((0.1, 0.8, 0.1), (0.1, 0.1, 0.8), (0.1, 0.1, 0.8), (0.8, 0.1, 0.1))
    only = ALL_ON._replace(on=np.array([True, False, True]))
    assert Adele().correct(given, seen, only).tolist() == [[0, 2, 2, 0]]
    assert Adele(both_on=True).correct(given, seen, only).tolist() == [
        [0, 2, 1, 0]
    ]  # class 1 is neither on nor background


def test_no_image_gets_a_class_that_it_did_not_have():
    given, seen = labels(0, 0, 1), maps((0.1, 0.1, 0.8), (0.1, 0.8, 0.1), (0.9, 0.05, 0.05))
    assert Adele().correct(given, seen, ALL_ON).tolist() == [[0, 1, 0]]
    assert Adele(only_present=False).correct(given, seen, ALL_ON).tolist() == [[2, 1, 0]]
    foreground, background = labels(1, 1), maps((0.9, 0.1, 0), (0.1, 0.9, 0))
    assert Adele().correct(foreground, background, ALL_ON).tolist() == [[0, 1]]  # the background may always be given


def test_an_image_that_would_be_emptied_stays():
    given = np.zeros((1, 100), np.uint8)
    given[0, :10] = 1
    seen = np.zeros((3, 1, 100), np.float32)
    seen[0] = 1
    assert (Adele().correct(given, seen, ALL_ON) == given).all()
    assert Adele(keep=0).correct(given, seen, ALL_ON).sum() == 0
    seen[:, 0, :5] = [[0], [1], [0]]
    assert Adele().correct(given, seen, ALL_ON).sum() == 5  # half is kept


def test_a_class_comes_on_when_its_curve_flattens_and_stays_on():
    memory: dict = {}
    fast, slow = curve(np.arange(1.0, 21), 0.8, 1.0, 1.5), np.arange(1, 21) / 40
    plans = {}
    for epoch in range(1, 21):
        iou = (0.95, float(fast[epoch - 1]), float(slow[epoch - 1]))
        plans[epoch] = Adele(every=5, start=0).due(memory, epoch, 20, said(iou), NAMES)
        if plans[epoch]:
            memory.setdefault("corrections", []).append({"epoch": epoch})
    # 1 - exp(-(t - 1) / 1.5) > 0.9 from t = 4.45 on
    begin = memory["on"]["1"]
    assert abs(begin - 4.45) <= 2 and [e for e, plan in plans.items() if plan] == list(range(begin, 21, 5))
    assert memory["on"] == {"1": begin} or memory["on"] == {"1": begin, "2": 20}  # a line is not memorised
    assert plans[begin].on.tolist() == [True, True, False] and plans[begin].background == 0


def test_the_threshold_follows_the_estimated_noise():
    one = said((0.9, 0.7, 0.7))._replace(joint=np.array([[100, 0, 0], [0, 70, 0], [0, 30, 100]]))
    memory = {"background": 0, "curves": [[0.9, 0.7, 0.7]] * 3, "on": {}}
    plan = Adele(start=0).due(memory, 4, 10, one, NAMES)
    matrix = one.confusion.square.sum(1)
    wrong = matrix[2] * 30 / 130 / (matrix[1] + matrix[2] * 30 / 130)
    assert plan.threshold == pytest.approx([0.8, 1 - wrong - 0.2, 0.8])
    memory = {"background": 0, "curves": [[0.9, 0.7, 0.7]] * 3, "on": {}}
    assert Adele(threshold=0.7, start=0).due(memory, 4, 10, one, NAMES).threshold.tolist() == [0.7] * 3


def test_nothing_is_corrected_before_the_start_and_then_all_that_came_on():
    fast, memory, plans = curve(np.arange(1.0, 21), 0.8, 1.0, 1.5), {}, {}
    for epoch in range(1, 21):
        value = float(fast[epoch - 1])
        plans[epoch] = Adele(start=0.5).due(memory, epoch, 20, said((0.95, value, value)), NAMES)
        if plans[epoch]:
            memory.setdefault("corrections", []).append({"epoch": epoch})
    assert max(memory["on"].values()) < 10
    assert [epoch for epoch, plan in plans.items() if plan] == [10, 20]
    assert plans[10].on.all()


def test_no_threshold_is_lower_than_the_least():
    one = said((0.9, 0.7, 0.7))._replace(joint=np.array([[100, 0, 0], [0, 20, 0], [0, 80, 100]]))
    memory = {"background": 0, "curves": [[0.9, 0.7, 0.7]] * 3, "on": {}}
    low = Adele(start=0, least=0).due(dict(memory, on={}), 4, 10, one, NAMES).threshold
    assert low.min() < 0.5
    assert Adele(start=0, least=0.6).due(memory, 4, 10, one, NAMES).threshold == pytest.approx(np.maximum(low, 0.6))


def test_the_background_may_be_named():
    memory: dict = {}
    Adele(background="square").due(memory, 1, 10, said((0.9, 0.5, 0.5)), NAMES)
    assert memory["background"] == 2
    with pytest.raises(ValueError, match="background is 'sky'.*ground, disc, square"):
        Adele(background="sky").check(NAMES)


def swapped(root, truth: dict) -> None:
    """Every fourth image says disc for square and square for disc."""
    generator, samples = np.random.default_rng(1), []
    for split, count in (("train", 16), ("val", 2)):
        for k in range(count):
            image, true = draw_shapes(generator, 40, 48)
            truth[f"{split}/{k:04d}"] = true
            given = np.array([0, 2, 1], np.uint8)[true] if k % 4 == 0 else true
            samples.append(store(root, f"{split}/{k:04d}", split, image, given))
    write_card(root / "dataset", SHAPE_CARD)
    write_samples(root / "dataset", samples)


@pytest.fixture
def small(monkeypatch, tmp_path):
    for name, value in (("PRECISION", "fp32"), ("WORKERS", "1"), ("DEVICE", "cpu")):
        monkeypatch.setenv(f"SEGMEND_{name}", value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_wrong_labels_become_fewer(small, capsys):
    truth: dict = {}
    swapped(small, truth)
    settings = quick(
        network={"name": "unet", "unet": {"widths": [8, 16]}},
        correction={"name": "adele"},
        augmentations=[{"name": "flip"}],
        epochs=12,
        watch=0,
        use="last",
    )
    metrics = run(small, settings)
    assert metrics["corrections"] >= 1 and 0 < metrics["corrected_share"] < 1
    assert metrics["memorised_from.ground"] is None and metrics["memorised_from.square"] >= 2
    assert "pixels changed" in capsys.readouterr().out
    wrong = [0, 0]
    for sample in Dataset(small / "dataset").of("train"):
        for k, folder in enumerate(("labels", "models/r0/corrected")):
            wrong[k] += int((Labels(small / folder)[sample.id] != truth[sample.id]).sum())
    assert wrong[1] < wrong[0]
    assert not (small / "models/r0/early").exists()


def test_it_is_loud_where_nothing_or_too_much_changes(small, capsys):
    shapes(small, train=4, val=1, test=0)
    common = {"change": 0.05, "scales": [1.0], "flip": False, "keep": 0}
    for threshold, word in ((1.0, "changed nothing"), (0.0, "changed more than 20%")):
        adele = {"name": "adele", "adele": {**common, "threshold": threshold}}
        run(small, quick(correction=adele, epochs=4, watch=0, use="last"))
        assert "WARNING: correction after epoch" in (said := capsys.readouterr().out) and word in said
