"""Two label sets compared: counts by hand, both ways of naming a set, refusals."""

import json
import sys

import numpy as np
import pytest

from segmend.answers import history
from segmend.images.dataset import Dataset, Labels, write_card
from segmend.images.rasters import write_labels
from tasks.report import compare
from tests import toys


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Labels r0 and r1 of the leaves; r1 differs in 3 pixels of a/0 (0 -> 1) and 2 of a/1 (1 -> 255)."""
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    toys.leaves(tmp_path)
    card = Dataset(tmp_path / "dataset").card
    for name in ("r0", "r1"):
        labels = Labels(tmp_path / name)
        first, second = np.zeros((40, 48), np.uint8), np.ones((40, 48), np.uint8)
        if name == "r1":
            first[0, :3], second[1, :2] = 1, 255
        labels.write("a/0", first, card)
        labels.write("a/1", second, card)
        labels.write("a/2", second * 0, card)
    row = dict.fromkeys(history.SCHEMA.names) | {"round": "r1", "query": "r1-1", "image": "a/0", "kind": "class"}
    rows = [row | {"who": "ada", "changed": 3}, row | {"who": "evidence", "query": "", "kind": "auto", "changed": 2}]
    history.write(tmp_path / "r0", history.empty())
    history.write(tmp_path / "r1", history.table(rows))
    return tmp_path


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["compare", *map(str, words)])
    return compare.main()


def test_counts_by_class_pair_image_person_and_method(here, monkeypatch):
    assert run(monkeypatch, here / "r0", here / "r1", "--dataset", here / "dataset", "--out", here / "out") == 0
    found = json.loads((here / "out/diff.json").read_text())
    names = Dataset(here / "dataset").classes
    assert found["class_pairs"] == [
        {"before": names[0], "after": names[1], "pixels": 3},
        {"before": names[1], "after": "void", "pixels": 2},
    ]
    assert found["changed_pixels"] == 5 and found["changed_images"] == 2 and found["images"] == 3
    assert (here / "out/images.csv").read_text() == "image,changed_pixels\na/0,3\na/1,2\na/2,0\n"
    assert [(row["who"], row["kind"], row["answers"], row["changed_pixels"]) for row in found["who"]] == [
        ("ada", "person", 1, 3),
        ("evidence", "method", 0, 2),
    ]
    page = (here / "out/index.html").read_text()
    assert page.count("<img") == 6 and "a/0" in page and "5 of 5,760 pixels differ" in page


def test_the_other_way_round_and_an_exported_folder(here, monkeypatch):
    for name in ("a/0", "a/2"):
        write_labels(here / "export/masks" / f"{name}.png", np.zeros((40, 48), np.uint8), [[0, 0, 0], [9, 9, 9]])
    (here / "export/classes.json").write_text('{"classes": ["ground", "leaf"]}')
    assert run(monkeypatch, here / "r1", here / "export", "--out", here / "out") == 0
    found = json.loads((here / "out/diff.json").read_text())
    assert found["class_pairs"] == [{"before": "leaf", "after": "ground", "pixels": 3}]
    assert found["only_before"] == ["a/1"] and found["only_after"] == [] and found["who"] == []


def test_what_cannot_be_compared_is_told(here, monkeypatch, capsys):
    write_labels(here / "other/a/0.png", np.zeros((4, 4), np.uint8), [[0, 0, 0]])
    (here / "empty").mkdir()
    write_card(here / "tasks/dataset", Dataset(here / "dataset").card)
    for second, words in (
        ("other", "compare label maps of equal size"), ("empty", "holds no label maps"), ("tasks/dataset", "tasks was read, and none of its"),
    ):  # fmt: skip
        assert run(monkeypatch, here / "r0", here / second, "--out", here / "out") == 2
        assert words in capsys.readouterr().err


def test_ids_are_compared_by_the_names_of_images_and_classes(here, monkeypatch):
    """An export that ingest read back: other ids of images, the classes in another order, and one more."""
    data = Dataset(here / "dataset")
    names = data.classes
    back = here / "back/dataset"
    card = data.card.model_copy(
        update={"classes": ("background", *reversed(names)), "colours": ((0, 0, 0), *data.card.colours)}
    )
    write_card(back, card)
    labels = Labels(here / "r1")
    for name in ("a/0", "a/1", "a/2"):
        table = np.full(256, 0, np.uint8)
        table[: len(names)] = np.arange(len(names))[::-1] + 1
        write_labels(back / "masks/images" / f"{name}_leftImg8bit.png", table[labels[name]], card.palette)
    assert run(monkeypatch, here / "r1", back, "--dataset", here / "dataset", "--out", here / "out") == 0
    found = json.loads((here / "out/diff.json").read_text())
    assert found["images"] == 3 and found["only_before"] == found["only_after"] == [] and found["after"] == "back"
    assert found["class_pairs"] == [{"before": "void", "after": "background", "pixels": 2}]
