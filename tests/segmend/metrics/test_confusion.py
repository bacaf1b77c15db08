"""The confusion matrix: by hand, against scikit-learn, and its policy for what is not there."""

from re import fullmatch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, jaccard_score

from segmend.images.rasters import UNLABELLED, VOID
from segmend.metrics.confusion import Confusion, metric_names


def counted(truth, prediction, classes: int) -> Confusion:
    confusion = Confusion(classes)
    confusion.update(np.array(truth, np.uint8), np.array(prediction, np.uint8))
    return confusion


def random_maps(seed: int, classes: int = 5, shape: tuple[int, int] = (40, 50)):
    random = np.random.default_rng(seed)
    ids = np.array([*range(classes), UNLABELLED, VOID], np.uint8)
    return random.choice(ids, shape), random.choice(ids, shape)


def test_by_hand():
    # 2x4 pixels, two classes; the last pixel has no truth.
    confusion = counted([[0, 0, 0, 1], [1, 1, 1, VOID]], [[0, 0, 1, 1], [1, 0, UNLABELLED, 0]], classes=2)
    assert confusion.matrix.tolist() == [[2, 1, 0, 0], [1, 2, 1, 0]]
    assert (confusion.pixels, confusion.labelled, confusion.wrong) == (7, 6, 2)
    assert confusion.iou().tolist() == [2 / 4, 2 / 4]  # 2 both, 1 missed, 1 too many
    assert confusion.miou() == 0.5
    assert confusion.iou_unlabelled_wrong().tolist() == [2 / 4, 2 / 5]  # class 1 misses the unlabelled
    assert confusion.miou_unlabelled_wrong() == pytest.approx(0.45)
    assert confusion.pixel_accuracy() == 4 / 6
    assert confusion.coverage() == 6 / 7


@pytest.mark.parametrize("seed", range(3))
def test_as_scikit_learn_counts(seed):
    truth, prediction = random_maps(seed)
    ours = counted(truth, prediction, 5)
    both = (truth < UNLABELLED) & (prediction < UNLABELLED)
    expected = confusion_matrix(truth[both], prediction[both], labels=range(5))
    assert (ours.square == expected).all()
    scores = jaccard_score(truth[both], prediction[both], labels=range(5), average=None)
    np.testing.assert_allclose(ours.iou(), scores, rtol=0, atol=1e-15)
    assert ours.matrix[:, 5].sum() == ((truth < UNLABELLED) & (prediction == UNLABELLED)).sum()
    assert ours.matrix[:, 6].sum() == ((truth < UNLABELLED) & (prediction == VOID)).sum()


def test_merging_is_one_pass():
    truth, prediction = random_maps(7)
    pieces = [counted(truth[rows], prediction[rows], 5) for rows in (slice(0, 13), slice(13, 40))]
    merged = pieces[0] + pieces[1]
    assert (merged.matrix == counted(truth, prediction, 5).matrix).all()
    streamed = Confusion(5)
    for row in range(40):
        streamed.update(truth[row], prediction[row])
    assert (streamed.matrix == merged.matrix).all()


def test_renaming_classes_changes_nothing():
    truth, prediction = random_maps(3)
    names = np.arange(256, dtype=np.uint8)
    names[:5] = [3, 0, 4, 1, 2]
    renamed, plain = counted(names[truth], names[prediction], 5), counted(truth, prediction, 5)
    assert renamed.miou() == pytest.approx(plain.miou(), abs=1e-15)
    assert (renamed.iou()[names[:5]] == plain.iou()).all()


def test_absent_classes_are_nan_and_left_out_of_the_mean():
    confusion = counted([0, 0, 1], [0, 0, 1], classes=4)
    assert np.isnan(confusion.iou()[2:]).all()
    assert confusion.miou() == 1
    said_never_true = counted([0, 0, 1], [0, 2, 1], classes=4)
    assert said_never_true.iou()[2] == 0
    assert said_never_true.miou() == pytest.approx((1 / 2 + 1 + 0) / 3)


def test_nothing_counted_has_no_score():
    empty = counted([VOID, UNLABELLED], [0, 1], classes=2)
    assert empty.pixels == 0
    for score in (empty.miou(), empty.miou_unlabelled_wrong(), empty.pixel_accuracy(), empty.coverage()):
        assert np.isnan(score)


@pytest.mark.parametrize("truth, prediction, name", [([2, 0], [0, 0], "truth"), ([0, VOID], [0, 253], "prediction")])
def test_undeclared_ids_raise(truth, prediction, name):
    with pytest.raises(ValueError, match=f"{name} holds 1 pixels of id (2|253), which is not declared"):
        counted(truth, prediction, classes=2)


def test_all_254_classes_fit():
    ids = np.arange(254, dtype=np.uint8)
    assert counted(ids, ids, 254).miou() == 1


def test_unequal_shapes_raise():
    with pytest.raises(ValueError, match="must be equal"):
        counted([0, 1], [0], classes=2)
    with pytest.raises(ValueError, match="cannot be added"):
        Confusion(2) + Confusion(3)
    with pytest.raises(ValueError, match="has shape"):
        Confusion(2, np.zeros((2, 2), np.int64))


def test_metric_names_keep_letters_of_every_script():
    assert metric_names(["leaf", "disk <b>", "road/lane", "Straße", "树"]) == [
        "leaf",
        "disk _b_",
        "road_lane",
        "Straße",
        "树",
    ]
    assert metric_names(["a?", "b", "a!"]) == ["000 a_", "001 b", "002 a_"]


@given(st.lists(st.text(), unique=True, max_size=8))
def test_metric_names_are_different_and_allowed(classes):
    names = metric_names(classes)
    assert len(set(names)) == len(classes) and all(fullmatch(r"[/\w.\- :]*", name) for name in names)
