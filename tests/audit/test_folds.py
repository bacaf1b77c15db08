"""Folds: every image in one, equal images and slices of a volume together, and training sees none of its own fold."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmend.images.dataset import Dataset, Labels, write_card, write_samples
from segmend.images.rasters import write_labels
from segmend.network.inference import grouped
from tasks.audit import folds
from tests import toys


@pytest.fixture
def data(tmp_path):
    toys.leaves(tmp_path)
    return Dataset(tmp_path / "dataset")


@given(
    st.dictionaries(st.integers(0, 40).map(str), st.integers(0, 12).map(str), min_size=13),
    st.integers(2, 4),
    st.integers(0, 9),
)
def test_groups_stay_together_and_folds_are_even(groups, count, seed):
    if len(set(groups.values())) < count:
        return
    chosen = folds.dealt(groups, count, seed)
    assert chosen == folds.dealt(dict(reversed(groups.items())), count, seed)  # whatever the order
    assert set(chosen) == set(groups) and len({(g, chosen[i]) for i, g in groups.items()}) == len(set(groups.values()))
    sizes = np.bincount(list(chosen.values()), minlength=count)
    largest = max(np.unique(list(groups.values()), return_counts=True)[1])
    assert sizes.min() > 0 and sizes.max() - sizes.min() <= largest


def test_a_fold_is_a_data_set_whose_train_split_lacks_its_own_images(data, tmp_path, monkeypatch):
    monkeypatch.setattr(folds, "MIN_IMAGES", 2)
    files = folds.label_files(data, None)
    chosen = folds.make(data, None, tmp_path / "out", 2, 0, None)
    assert set(chosen) == set(files) == {s.id for s in data.samples if data.has_mask(s.id)}
    for fold in (0, 1):
        part = Dataset(tmp_path / f"out/fold_{fold}/dataset")
        assert {s.id for s in part.of("train")} == {name for name, place in chosen.items() if place != fold}
        assert {s.id for s in part.of("test")} == {name for name, place in chosen.items() if place == fold}
        first = part.samples[0].id
        assert (part.image(first) == data.image(first)).all() and part.classes == data.classes
        assert (Labels(tmp_path / "out/labels")[first] == data.mask(first)).all()
    assert next(grouped(part.of("train")))


def test_what_is_there_stays_until_labels_or_training_change(data, tmp_path, monkeypatch):
    monkeypatch.setattr(folds, "MIN_IMAGES", 2)
    out = tmp_path / "out"
    folds.make(data, None, out, 2, 0, {"epochs": 3})
    (out / "fold_0/model").mkdir()
    folds.make(data, None, out, 2, 0, {"epochs": 3})
    assert (out / "fold_0/model").is_dir()
    folds.make(data, None, out, 2, 0, {"epochs": 4})
    assert not (out / "fold_0/model").exists()
    (out / "fold_0/model").mkdir()
    name = next(iter(folds.label_files(data, None)))
    write_labels(data.folder / f"masks/{name}.png", 1 - data.mask(name).clip(0, 1), data.card.palette)
    folds.make(data, None, out, 2, 0, {"epochs": 4})
    assert not (out / "fold_0/model").exists()


def test_slices_of_a_volume_and_equal_images_are_one_group(data):
    samples = [s._replace(id=f"v/axial_{k}", image_sha256=str(k)) for k, s in enumerate(data.samples[:2])]
    samples += [data.samples[0]._replace(id=name, image_sha256="same") for name in ("a", "b/c")]
    (data.folder / "volumes.json").write_text(json.dumps({"v": {}}))
    groups = folds.groups_of(data, samples)
    assert groups["v/axial_0"] == groups["v/axial_1"] == "v" and groups["a"] == groups["b/c"] == "same"


def test_too_little_is_said(data, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("train: {}\n")
    words = ["--dataset", str(data.folder), "--out", str(tmp_path / "out")]
    assert folds.main([*words, "--folds", "1"]) == 2 and "at least 2" in capsys.readouterr().err
    write_card(tmp_path / "few", data.card)
    write_samples(tmp_path / "few", list(data.samples[:1]))
    assert folds.main(["--dataset", str(tmp_path / "few"), "--out", str(tmp_path / "out")]) == 2
    assert "holds no label maps" in capsys.readouterr().err
