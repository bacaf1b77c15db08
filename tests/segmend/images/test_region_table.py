"""One image's measures by hand and against plain loops; rows joined into a table."""

import numpy as np
import pytest

from segmend.images.rasters import UNLABELLED, VOID
from segmend.images.region_table import Scene, joined, rows_of


def scene(seed: int = 0, shape=(14, 18), classes: int = 4, ids: int = 9) -> Scene:
    rng = np.random.default_rng(seed)
    p = rng.random((classes, *shape)).astype(np.float32) ** 3
    labels = rng.choice(np.array([*range(classes), UNLABELLED, VOID], np.uint8), shape)
    return Scene(p / p.sum(0), labels, rng.integers(-1, ids, shape).astype(np.int32))


def test_margins_by_hand():
    p = np.array([[[0.5, 0.1]], [[0.3, 0.8]], [[0.2, 0.1]]], np.float32)
    one = Scene(p, np.zeros((1, 2), np.uint8), np.zeros((1, 2), np.int32))
    assert one.margins == pytest.approx(np.array([[0.2, 0.7]])) and one.predicted.tolist() == [[0, 1]]


@pytest.mark.parametrize("seed", range(4))
def test_measures_equal_a_plain_loop(seed):
    one = scene(seed)
    flat = one.probabilities.reshape(one.classes, -1).T.astype(float)
    assert one.margins.ravel() == pytest.approx(np.sort(flat)[:, -1] - np.sort(flat)[:, -2], abs=1e-6)
    for k in range(len(one.areas)):
        inside = np.flatnonzero(one.regions.ravel() == k)
        best = flat[inside].argmax(1)
        dominant = np.bincount(best).argmax()
        core = inside[best == dominant]
        mean = flat[core].mean(0)
        cosines = flat[core] @ mean / np.linalg.norm(flat[core], axis=1) / np.linalg.norm(mean)
        assert one.dominant[k] == dominant and one.means[k] == pytest.approx(flat[inside].mean(0), abs=1e-6)
        found = one.representative[k]
        assert found in core and cosines[core == found][0] == pytest.approx(cosines.max(), abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_more_measures_equal_a_plain_loop(seed):
    one = scene(seed)
    flat = one.probabilities.reshape(one.classes, -1).T.astype(float)
    ordered = np.sort(flat)
    assert (one.predicted.ravel() == flat.argmax(1)).all() and one.confidence.ravel() == pytest.approx(ordered[:, -1])
    assert one.ratio.ravel() == pytest.approx(ordered[:, -2] / ordered[:, -1], rel=1e-5)
    labels = one.labels.ravel()
    named = np.where(labels < UNLABELLED, labels, flat.argmax(1))
    assert (one.named.ravel() == named).all()
    doubt = np.where(labels == VOID, 0, 1 - flat[np.arange(len(flat)), named])
    assert one.doubt.ravel() == pytest.approx(doubt, abs=1e-6)
    for x in np.flatnonzero(one.regions.ravel() >= 0):
        r = flat[one.representative[one.regions.ravel()[x]]]
        cosine = flat[x] @ r / np.linalg.norm(flat[x]) / np.linalg.norm(r)
        assert one.resemblance.ravel()[x] == pytest.approx(cosine, abs=1e-6)


def test_equal_probabilities_are_predicted_as_the_first_class():
    p = np.array([[[0.2, 0.4]], [[0.4, 0.2]], [[0.4, 0.4]]], np.float32)
    one = Scene(p, np.zeros((1, 2), np.uint8), np.zeros((1, 2), np.int32))
    assert one.predicted.tolist() == [[1, 0]] and one.margins.tolist() == [[0, 0]] and one.ratio.tolist() == [[1, 1]]


def test_images_larger_than_a_strip_are_measured_alike(monkeypatch):
    whole = rows_of(0, scene(2), np.zeros(9), {"doubt": scene(2).resemblance.ravel()[:9]})
    monkeypatch.setattr("segmend.images.region_table.STRIP", 50)  # 252 pixels: five strips and a rest
    strips = rows_of(0, scene(2), np.zeros(9), {"doubt": scene(2).resemblance.ravel()[:9]})
    assert all((whole[name] == strips[name]).all() for name in whole)


@pytest.mark.parametrize("seed", range(3))
def test_the_representative_is_always_reached(seed):
    one = scene(seed)
    reached = one.reached(1.0)
    assert reached.ravel()[one.representative].all() and not reached.all()
    assert one.reached(0.0)[one.regions >= 0].all()


def test_other_regions_over_the_same_image():
    one = scene(0)
    assert one.doubt is not None and one.representative is not None
    other = one.over(scene(5).regions)
    fresh = Scene(one.probabilities, one.labels, scene(5).regions)
    assert other.doubt is one.doubt and (other.representative == fresh.representative).all()
    assert other.means == pytest.approx(fresh.means) and (other.areas == fresh.areas).all()
    assert (other.shown == fresh.shown).all() and not np.array_equal(other.areas, one.areas)


def test_of_equal_pixels_the_first_represents():
    p = np.full((2, 2, 3), 0.5, np.float32)
    one = Scene(p, np.zeros((2, 3), np.uint8), np.array([[-1, 0, 0], [1, 1, 0]], np.int32))
    assert one.representative.tolist() == [1, 3]


def test_invalid_pixels_change_nothing():
    one = scene(1)
    p = one.probabilities.copy()
    p[:, one.regions < 0] = 0.25
    other = Scene(p, one.labels, one.regions)
    assert (one.representative == other.representative).all() and one.means == pytest.approx(other.means)


def test_an_image_without_regions():
    one = Scene(np.full((2, 3, 3), 0.5, np.float32), np.zeros((3, 3), np.uint8), np.full((3, 3), -1, np.int32))
    assert len(rows_of(0, one, np.zeros(0), {})["region"]) == 0


def test_rows_are_joined_with_the_acquisitions_columns():
    parts = [
        rows_of(k, one, np.zeros(len(one.areas)), {"reach": one.areas * 2.0})
        for k, one in enumerate((scene(0), scene(1)))
    ]
    sizes = [len(part["region"]) for part in parts]
    table = joined(("a", "b"), parts)
    assert len(table) == sum(sizes) and table.columns["reach"].tolist() == (2 * table.area).tolist()
    assert table.image.tolist() == [0] * sizes[0] + [1] * sizes[1]
    assert table.means.shape == (len(table), 4) and table.means.sum(1) == pytest.approx(1)


def test_an_acquisitions_column_may_hold_a_row_per_region():
    one = scene(0)
    parts = [rows_of(0, one, np.zeros(len(one.areas)), {"moved": one.means})]
    assert joined(("a",), parts).columns["moved"].shape == (len(one.areas), 4)
