"""What is kept of an image comes back exactly; an unchanged image is not decoded, a changed one is cut anew."""

import numpy as np
import pytest

from segmend.images.dataset import Dataset
from segmend.images.rasters import Maps, pack
from segmend.stage.params import load, validated
from tasks.superpixelize.__main__ import superpixelize
from tasks.superpixelize.kept_cuts import Cut, read
from tasks.superpixelize.scores import Sums
from tasks.superpixelize.settings import Params
from tests import toys


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    toys.leaves(tmp_path)
    return tmp_path


def run(here, out, **more):
    params = validated(Params, load()["superpixelize"] | more, "superpixelize")
    return superpixelize.stage(params, 0, dataset=here / "dataset", truth=here / "truth", out=here / out)


@pytest.mark.parametrize("asked", [None, 7])
def test_a_result_comes_back(here, asked):
    cut = Cut(pack(np.arange(6, dtype=np.int32).reshape(2, 3)), np.array([4, 2]), asked, Sums(6, 5, 4, 3, 2))
    cut.write(here / "kept.cut")
    again = read(here / "kept.cut")
    assert again.packed == cut.packed and (again.asked, again.sums) == (asked, cut.sums)
    assert np.array_equal(again.areas, cut.areas)


def test_an_unchanged_image_is_not_decoded(here, decoded):
    first = run(here, "first")
    assert len(decoded) == 4
    assert run(here, "again") == first and len(decoded) == 4
    assert toys.digests(here / "first") == toys.digests(here / "again")
    assert run(here, "third", tolerance=3) != first and len(decoded) == 8  # another score, the same regions


def test_a_changed_mask_or_truth_counts(here, decoded):
    run(here, "first")
    data = Dataset(here / "dataset", here / "truth")
    mask = data.mask("a/0")
    mask[:5] = 255
    from segmend.images.rasters import write_labels

    write_labels(here / "dataset/masks/a/0.png", mask, data.card.palette)
    figures = run(here, "second")
    assert decoded[4:] == ["a/0"] and (Maps(here / "second")["a/0"][:5] == -1).all()
    truth = data.truth("a/1")
    write_labels(here / "truth/a/1.png", np.roll(truth, 9), data.card.palette)
    assert run(here, "third")["achievable_accuracy"] != figures["achievable_accuracy"] and decoded[5:] == ["a/1"]
