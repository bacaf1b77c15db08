"""Classes whose labels are taken away: by hand, and through the stage."""

import numpy as np
import pytest

from segmend.images.dataset import Dataset
from segmend.images.rasters import UNLABELLED, VOID
from tasks.ingest.noise.hidden import Hidden
from tests.ingest.runs import run, settings
from tests.toys import raw_folders, stripes

RNG = np.random.default_rng(0)


def test_by_hand():
    labels = np.array([[0, 1, 2, 1, VOID, UNLABELLED]], np.uint8)
    before = labels.copy()
    hidden = Hidden(classes=("tree", "sky"))
    assert hidden.ids(("sky", "tree", "road")) == (0, 1)
    assert hidden(labels, (0, 1), RNG).tolist() == [[UNLABELLED, UNLABELLED, 2, UNLABELLED, VOID, UNLABELLED]]
    assert (labels == before).all() and hidden(labels, (1,), RNG).dtype == np.uint8


def test_no_classes_change_nothing():
    labels = np.array([[0, 1, VOID]], np.uint8)
    assert Hidden().ids(("sky",)) == () and (Hidden()(labels, (), RNG) == labels).all()


def test_names_that_do_not_do():
    with pytest.raises(ValueError, match="names 'sea', which is no class of the data set; it has sky, tree"):
        Hidden(classes=("sea",)).ids(("sky", "tree"))
    with pytest.raises(ValueError, match="names every class"):
        Hidden(classes=("tree", "sky")).ids(("sky", "tree"))


def test_the_stage_hides_in_train_and_val_and_keeps_the_truth(tmp_path):
    noise = {"hidden": {"classes": ["tree"]}}
    numbers = run(settings("folders", noise=noise), raw_folders(tmp_path / "raw"), tmp_path)
    dataset = Dataset(tmp_path / "dataset", tmp_path / "truth")
    for sample in dataset.samples:
        assert (dataset.truth(sample.id) == stripes()).all()
        hides = sample.split != "test"
        expected = np.where(hides & (stripes() == 1), UNLABELLED, stripes())
        assert (dataset.mask(sample.id) == expected).all()
    assert numbers["images_with_truth"] == 5 and numbers["wrong_pixels"] == 0
    assert numbers["planted.hidden"] == 4 * int((stripes() == 1).sum())


def test_beside_other_mistakes_nothing_carries_a_hidden_name(tmp_path):
    noise = {"level": "hard", "hidden": {"classes": ["tree"]}}
    run(settings("folders", noise=noise), raw_folders(tmp_path / "raw"), tmp_path)
    dataset = Dataset(tmp_path / "dataset", tmp_path / "truth")
    masks = [dataset.mask(sample.id) for sample in dataset.of("train", "val")]
    assert not any((mask == 1).any() for mask in masks) and any((mask == UNLABELLED).any() for mask in masks)
    assert any(((mask != stripes()) & (mask != UNLABELLED)).any() for mask in masks)


def test_squares_of_any_class_lose_their_labels():
    labels = np.arange(64 * 96).reshape(64, 96).astype(np.uint8) % 3
    labels[:, 40] = VOID
    gone = Hidden(others=0.5, side=16)(labels, (), np.random.default_rng(0)) == UNLABELLED
    squares = gone.reshape(4, 16, 6, 16).sum((1, 3))
    assert set(np.unique(squares)) == {0, 240, 256}  # the column of void stays
    assert 4 <= (squares > 0).sum() <= 20
    assert (Hidden(others=1)(labels, (), RNG)[labels != VOID] == UNLABELLED).all()


def test_squares_do_not_depend_on_other_mistakes(tmp_path):
    for name, level in (("a", "none"), ("b", "hard")):
        noise = {"level": level, "hidden": {"others": 0.5, "side": 4}}
        run(settings("folders", noise=noise), raw_folders(tmp_path / name / "raw"), tmp_path / name)
    one, two = (Dataset(tmp_path / name / "dataset", tmp_path / name / "truth") for name in ("a", "b"))
    for sample in one.of("train"):
        first, second = one.mask(sample.id) == UNLABELLED, two.mask(sample.id) == UNLABELLED
        assert (first == second).all() and 0 < first.mean() < 1
