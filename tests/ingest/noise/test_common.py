"""What every kind of planted mistake owes."""

import numpy as np
import pytest
from scipy import ndimage

from segmend.images.rasters import UNLABELLED, VOID
from segmend.stage.params import methods_of
from tasks.ingest.noise import KINDS, Kind
from tests.ingest.runs import settings, source_of

CLASSES = (0, 1, 2, 3)


def scene(seed: int = 0, size: int = 96) -> np.ndarray:
    """A toy label map with a void frame and an unlabelled patch."""
    from pathlib import Path

    fields = {"size": [size, size], "shapes": 12}
    labels = source_of(settings("toy", fields=fields), Path("data/raw/toy"), seed).records[0].mask().copy()
    labels[:3], labels[40:44, 40:44] = VOID, UNLABELLED
    return labels


@pytest.fixture(params=methods_of(Kind), ids=lambda kind: kind.__name__)
def kind(request):
    return request.param()


def plant(kind, labels, wanted, seed=0, classes=CLASSES):
    return kind(labels, wanted, classes, np.random.default_rng(seed))


def test_the_union_holds_every_kind():
    assert set(methods_of(Kind)) == set(KINDS)


def test_void_and_unlabelled_stay_and_only_known_classes_come(kind):
    labels = scene()
    before = labels.copy()
    new = plant(kind, labels, 800)
    assert (labels == before).all()  # the input is not modified
    assert new.dtype == np.uint8 and new.shape == labels.shape
    assert ((new >= UNLABELLED) == (labels >= UNLABELLED)).all()
    assert (new[labels >= UNLABELLED] == labels[labels >= UNLABELLED]).all()
    assert set(np.unique(new).tolist()) <= {*CLASSES, UNLABELLED, VOID}


def test_nothing_wanted_nothing_changed(kind):
    labels = scene()
    assert (plant(kind, labels, 0) == labels).all()


def test_one_class_leaves_nothing_to_mistake(kind):
    labels = np.zeros((32, 32), np.uint8)
    assert (plant(kind, labels, 100, classes=(0,)) == labels).all()


def test_only_void_is_left_alone(kind):
    labels = np.full((32, 32), VOID, np.uint8)
    assert (plant(kind, labels, 100) == labels).all()


def test_same_generator_same_mistakes(kind):
    labels = scene()
    assert (plant(kind, labels, 500, seed=3) == plant(kind, labels, 500, seed=3)).all()


def test_the_expected_number_is_what_was_wanted(kind):
    """Over many images and draws the mean is near `wanted`: 2.5 standard errors, and 10 % for what runs into edges."""
    wanted = 300
    counts = [
        int((plant(kind, labels, wanted, seed) != labels).sum()) for seed in range(60) for labels in (scene(seed),)
    ]
    error = 2.5 * np.std(counts) / 60**0.5
    assert abs(np.mean(counts) - wanted) < max(error, 0.1 * wanted), (np.mean(counts), error)


def test_mistakes_are_pieces_not_dust(kind):
    """All kinds but flips: most wrong pixels stand in connected pieces of at least four."""
    labels = scene()
    for seed in range(8):
        wrong = plant(kind, labels, 600, seed) != labels
        pieces, count = ndimage.label(wrong)
        if not count:
            continue
        areas = np.bincount(pieces.ravel())[1:]
        share = areas[areas >= 4].sum() / areas.sum()
        assert (share < 0.5) == (kind.name == "flips"), (kind.name, share)


def test_names_of_classes_do_not_matter(kind):
    """Shifting all class ids shifts the result: ids are names."""
    labels = scene()
    shifted = np.where(labels < UNLABELLED, labels + 10, labels).astype(np.uint8)
    new, other = plant(kind, labels, 500), plant(kind, shifted, 500, classes=tuple(c + 10 for c in CLASSES))
    assert (np.where(new < UNLABELLED, new + 10, new) == other).all()
