"""Early learning: counts by hand, and the stage with and without truth."""

from csv import DictReader
from json import loads

import numpy as np
import pytest

from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import UNLABELLED, VOID, write_maps
from tasks.evaluate.__main__ import evaluate
from tasks.evaluate.early_learning import counts
from tasks.evaluate.settings import Params
from tests import toys


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    for name, value in (("PRECISION", "fp32"), ("WORKERS", "1"), ("DEVICE", "cpu")):
        monkeypatch.setenv(f"SEGMEND_{name}", value)


def row(*ids: int) -> np.ndarray:
    return np.array([ids], np.uint8)


def test_one_row_of_pixels_by_hand():
    truth = row(0, 0, 1, 1, 1, 2, 2, VOID, 1)
    given = row(0, 1, 0, 0, 2, 1, 2, 1, UNLABELLED)  # wrong: the second to the sixth pixel
    said = row(1, 0, 1, 0, 0, 1, 0, 1, 1)
    assert counts(said, given, truth, 3).tolist() == [[1, 0, 0], [1, 1, 1], [0, 1, 0]]


def watched(root) -> None:
    """The network says the truth in epoch 1, the given labels in epoch 2, and what is neither in epoch 3."""
    data, given = Dataset(root / "dataset", root / "truth"), Labels(root / "labels/r0")
    maps = []
    for epoch in (1, 2, 3):
        for k, name in ((0, "a/0"), (1, "a/1")):
            true = toys.disk_truth(k)
            maps.append((f"{epoch}/{name}", (true, given[name], np.full_like(true, 2))[epoch - 1]))
    write_maps(root / "models/r0/early", maps, len(maps))
    assert data.classes


def test_the_stage_writes_table_and_numbers(tmp_path, monkeypatch):
    root = toys.rounds(tmp_path)
    watched(root)
    monkeypatch.setenv("SEGMEND_SPOOL", str(tmp_path))
    numbers = evaluate.stage(Params(), 0, **toys.evaluate_paths(root, 0))
    with (root / "scores/r0/early_learning.csv").open(newline="") as file:
        rows = list(DictReader(file))
    # 20 wrong pixels in each of the two images, all truly ground; the disks do not reach them.
    assert [(r["epoch"], r["class"], r["wrong_pixels"]) for r in rows] == [
        (epoch, name, "40") for epoch in "123" for name in ("", "ground")
    ]
    assert [(r["right"], r["memorised"], r["other"]) for r in rows[::2]] == [
        ("1.0", "0.0", "0.0"), ("0.0", "1.0", "0.0"), ("0.0", "0.0", "1.0")
    ]  # fmt: skip
    assert numbers["early_right_most"] == 1 and numbers["early_right_most_epoch"] == 1
    assert numbers["early_memorised_last"] == 0 and numbers["early_wrong_pixels"] == 40
    series = [loads(line) for line in (tmp_path / "lines.jsonl").read_text().splitlines()]
    sent = [
        (line["step"], line["values"])
        for line in series
        if line["kind"] == "metrics" and "early/right/all" in line["values"]
    ]
    assert [(step, values["early/memorised/ground"]) for step, values in sent] == [(1, 0), (2, 1), (3, 0)]


def test_without_truth_there_is_nothing_but_a_line(tmp_path, capsys):
    root = toys.rounds(tmp_path, truth=("test",))
    watched(root)
    numbers = evaluate.stage(Params(), 0, **toys.evaluate_paths(root, 0))
    assert not [name for name in numbers if "early" in name]
    assert not (root / "scores/r0/early_learning.csv").exists()
    assert capsys.readouterr().out.count("no watched train image has truth") == 1


def test_corrected_labels_are_scored_beside_the_given_ones(tmp_path):
    root = toys.rounds(tmp_path)
    before = evaluate.stage(Params(), 0, **toys.evaluate_paths(root, 0))
    assert "corrected_miou" not in before
    Labels(root / "models/r0/corrected").write("a/0", toys.disk_truth(0), toys.DISK_CARD)
    numbers = evaluate.stage(Params(), 0, **toys.evaluate_paths(root, 0))
    assert numbers["data_miou"] == before["data_miou"] < numbers["corrected_miou"] < 1
    for k, name in ((1, "a/1"), (2, "a/2")):
        Labels(root / "models/r0/corrected").write(name, toys.disk_truth(k), toys.DISK_CARD)
    assert evaluate.stage(Params(), 0, **toys.evaluate_paths(root, 0))["corrected_miou"] == 1
