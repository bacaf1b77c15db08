"""The stage: labels of a round out, with the data card and the list of changes."""

import csv
import json
from shutil import rmtree

import numpy as np
import pytest

from segmend.answers import history
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import UNLABELLED, read_labels
from segmend.stage.params import validated
from tasks.export.__main__ import export
from tasks.export.settings import Params
from tests import toys


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Leaves with their given masks as r0, and r1 in which one train image has another label in four pixels."""
    monkeypatch.chdir(tmp_path)
    toys.leaves(tmp_path)
    data = Dataset(tmp_path / "dataset")
    for sample in data.of("train", "val"):
        mask = (
            data.mask(sample.id) if data.has_mask(sample.id) else np.full((sample.height, sample.width), 254, np.uint8)
        )
        for name in ("r0", "r1"):
            changed = mask.copy()
            if name == "r1" and sample.id == next(data.of("train")).id:
                changed[0, :4] = 1 - changed[0, :4].clip(0, 1)
            Labels(tmp_path / "labels" / name).write(sample.id, changed, data.card)
    row = dict.fromkeys(history.SCHEMA.names) | {"round": "r1", "query": "r1-00001", "image": next(data.of("train")).id}
    row |= {"region": 3, "kind": "class", "who": "ada", "old": data.classes[0], "new": data.classes[1], "changed": 4}
    history.write(tmp_path / "labels/r1", history.table([row]))
    return tmp_path


def run(here, came_as="folders", written_as="", **settings):
    params = validated(Params, settings, "export")
    paths = {"dataset": here / "dataset", "first": here / "labels/r0", "labels": here / "labels/r1"}
    return export.stage(params, 0, **paths, came_as=came_as, out=here / "out", written_as=written_as)


def test_labels_of_the_round_and_given_masks_of_the_test_split(here):
    metrics = run(here)
    data, labels = Dataset(here / "dataset"), Labels(here / "labels/r1")
    for sample in data.samples:
        path = here / "out/masks" / f"{sample.id}.png"
        wanted = labels[sample.id] if sample.split != "test" else data.mask(sample.id) if path.exists() else None
        assert wanted is None or np.array_equal(read_labels(path), wanted)
    assert metrics["changed_pixels"] == 4 and metrics["changes"] == 1 and metrics["lost_label_pixels"] == 0


def test_the_card_and_the_changes(here):
    run(here, licence="CC0")
    card = json.loads((here / "out/about/card.json").read_text())
    assert card["metadata"]["licence"] == "CC0" and card["provenance"]["people"] == ["ada"]
    assert card["statistics"]["changed_pixels"] == card["statistics"]["changed_by_answers"] == 4
    before = sum(row["pixels_before"] for row in card["composition"]["classes"].values())
    assert (
        before == sum(row["pixels"] for row in card["composition"]["classes"].values()) == card["statistics"]["pixels"]
    )
    with (here / "out/about/changes.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["who"], row["round"], row["region"], row["changed"]) == ("ada", "r1", "3", "4")
    assert "4 of" in (here / "out/about/README.md").read_text()
    (quality,) = card["label_quality"]
    assert quality == {"round": "r1", "answered": 1, "wrong": 1, "at_random": 0, "wrong_pixel_share": None}
    assert card["versions"]["label_round"] == "r1" and len(card["versions"]["labels_sha256"]) == 64


def test_what_a_format_loses_is_counted_and_told(here, capsys):
    labels, data = Labels(here / "labels/r1"), Dataset(here / "dataset")
    name = next(data.of("val")).id
    mask = labels[name].copy()
    mask[:3, :2] = UNLABELLED
    labels.write(name, mask, data.card)
    open_ = 6
    assert run(here, written_as="ade20k")["lost_label_pixels"] == open_
    sentence = f"{open_:,} pixels not labelled yet (in "
    assert f"lost in this format: {sentence}" in capsys.readouterr().out
    card = json.loads((here / "out/about/card.json").read_text())
    assert card["lost_in_this_format"]["labels"][0]["pixels"] == open_ and card["known_limits"][0].startswith("Lost in")
    assert sentence in (here / "out/about/README.md").read_text()


def test_the_version_of_labels_changes_with_one_pixel(here):
    def versions():
        run(here)
        card = json.loads((here / "out/about/card.json").read_text())
        rmtree(here / "out")
        return card["versions"]

    data, labels = Dataset(here / "dataset"), Labels(here / "labels/r1")
    first, again = versions(), versions()
    name = next(data.of("val")).id
    mask = labels[name].copy()
    mask[0, 0] = 0 if mask[0, 0] else 1
    labels.write(name, mask, data.card)
    other = versions()
    assert first == again and other["images_sha256"] == first["images_sha256"]
    assert other["labels_sha256"] != first["labels_sha256"]


@pytest.mark.parametrize(
    ("came_as", "written_as", "there"),
    [("coco", "", "annotations"), ("toy", "", "masks"), ("toy", "voc", "JPEGImages")],
)
def test_the_format(here, came_as, written_as, there):
    run(here, came_as, written_as)
    assert (here / "out" / there).is_dir()


def test_an_unknown_format_is_named(here):
    with pytest.raises(ValueError, match="--format: unknown method 'paper'; known: .*coco.*voc"):
        run(here, written_as="paper")
