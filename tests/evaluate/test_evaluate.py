"""The stage on a toy workspace: numbers by hand, rounds carried on, no truth, equal bytes, the command line."""

from csv import DictReader
from json import loads
from pathlib import Path

import numpy as np
import pytest

from segmend.images.dataset import Dataset
from segmend.images.rasters import read_labels
from tasks.evaluate.__main__ import evaluate
from tasks.evaluate.image_strip import strip_samples
from tasks.evaluate.network_scores import ranked_samples, score_network
from tasks.evaluate.settings import Params
from tasks.evaluate.tables import confusion_rows
from tests import toys


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return toys.rounds(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def blind(tmp_path_factory) -> Path:
    return toys.rounds(tmp_path_factory.mktemp("blind"), truth=())


def rows_of(path: Path) -> list[dict]:
    with path.open(newline="") as file:
        return list(DictReader(file))


def test_rounds_are_appended(root):
    numbers = [evaluate.stage(Params(), 0, **toys.evaluate_paths(root, k)) for k in range(2)]
    rounds = loads((root / "scores/r1/rounds.json").read_text())
    assert [row["round"] for row in rounds] == ["r0", "r1"]
    assert [row["clicks"] for row in rounds] == [0, 3.5]
    assert [row["queries"] for row in rounds] == [0, 3]
    assert [row["seconds"] for row in rounds] == [0, 12]
    assert [row["auto_pixels"] for row in rounds] == [0, 7]
    # The wrong pixels are two whole blocks of 2 x 5 in each image, unlabelled rows can be filled: only disks are cut by blocks.
    assert rounds[0]["ceiling_miou"] == rounds[1]["ceiling_miou"] > rounds[1]["data_miou"]
    # Three train images of 24x30, 30x37, 24x30: 20 wrong pixels each, two rows each unlabelled.
    assert [row["wrong_pixels"] for row in rounds] == [60, 30]
    pixels, unlabelled = 2 * 24 * 30 + 30 * 37, 2 * (30 + 37 + 30)
    assert numbers[0]["coverage"] == numbers[0]["labelled_share"] == round(1 - unlabelled / pixels, 6)
    assert numbers[0]["wrong_share"] == round(60 / (pixels - unlabelled), 6)
    assert numbers[0]["data_miou"] > numbers[0]["data_miou_unlabelled_wrong"]
    assert numbers[1]["data_miou"] > numbers[0]["data_miou"]
    assert 0 <= numbers[1]["model_miou"] <= 1 and 0 <= numbers[1]["calibration_error"] <= 1
    assert not any(key.endswith("_reason") for row in numbers for key in row)
    assert all(isinstance(value, int | float) for row in numbers for value in row.values())
    table = rows_of(root / "scores/r1/rounds.csv")
    assert [row["data_miou"] for row in table] == [str(row["data_miou"]) for row in rounds]
    assert [row["round"] for row in rows_of(root / "scores/r1/classes.csv")] == ["r0"] * 3 + ["r1"] * 3


def test_tables_agree_with_each_other(root):
    evaluate.stage(Params(), 0, **toys.evaluate_paths(root, 0))
    out, truth = root / "scores/r0", Dataset(root / "dataset", root / "truth")
    images = rows_of(out / "per_image.csv")
    assert [row["image"] for row in images] and {row["split"] for row in images} == {"test"}
    scores = [float(row["image_miou"]) for row in images]
    assert scores == sorted(scores)
    confusion = loads((out / "confusion.json").read_text())
    network = np.array(confusion["network"])
    assert network.sum() == sum(int(row["pixels"]) for row in images)
    assert network.sum() - network.trace() == sum(int(row["wrong_pixels"]) for row in images)
    worst = loads((out / "shown.json").read_text())["worst"]
    assert worst == [row["image"] for row in images]
    for row in images:
        prediction = read_labels(out / "shown/prediction" / f"{row['image']}.png")
        assert (prediction != truth.truth(row["image"])).sum() == int(row["wrong_pixels"])
    absent = rows_of(out / "per_class.csv")[2]
    assert absent["class"] == "never seen" and absent["data_iou"] == ""


def test_without_truth_every_score_is_null_with_a_reason(blind):
    numbers = evaluate.stage(Params(), 0, **toys.evaluate_paths(blind, 0))
    compared = ("data_miou", "coverage", "data_miou_unlabelled_wrong", "wrong_pixels", "wrong_share")
    of_network = ("model_miou", "model_pixel_accuracy", "model_boundary_miou", "calibration_error")
    assert all(numbers[name] is None for name in (*compared, *of_network))
    assert numbers["data_reason"] == "no image of the train split has truth"
    assert numbers["model_reason"] == "no image of the test split has truth"
    assert 0 < numbers["labelled_share"] < 1
    images = rows_of(blind / "scores/r0/per_image.csv")
    uncertainties = [float(row["uncertainty"]) for row in images]
    assert len(uncertainties) == 3 and uncertainties == sorted(uncertainties, reverse=True)
    assert all(row["image_miou"] == "" for row in images)
    shown = loads((blind / "scores/r0/shown.json").read_text())
    assert shown == {"worst": [], "uncertain": [row["image"] for row in images]}
    assert loads((blind / "scores/r0/confusion.json").read_text())["network"] is None


def test_truth_of_one_split_only(tmp_path):
    numbers = evaluate.stage(Params(), 0, **toys.evaluate_paths(toys.rounds(tmp_path, truth=("test",)), 0))
    assert numbers["data_miou"] is None and "data_reason" in numbers
    assert numbers["model_miou"] is not None and "model_reason" not in numbers


def test_equal_input_gives_equal_bytes(root, monkeypatch):
    evaluate.stage(Params(), 0, **toys.evaluate_paths(root, 0))
    first = toys.digests(root / "scores/r0")
    monkeypatch.setenv("SEGMEND_WORKERS", "2")
    evaluate.stage(Params(), 0, **toys.evaluate_paths(root, 0))
    assert toys.digests(root / "scores/r0") == first
    assert {"rounds.csv", "per_class.csv", "confusion.csv", "strip.png", "shown.json"} <= set(first)


def test_a_perfect_network_scores_one(root):
    data = Dataset(root / "dataset", root / "truth")
    ranked = ranked_samples(data)

    def right():
        for sample in ranked:
            yield sample, np.eye(3, dtype=np.float32)[data.truth(sample.id)].transpose(2, 0, 1)

    scores = score_network(data, right(), Params(pictures=1), frozenset(s.id for s in ranked), frozenset())
    assert scores.confusion.miou() == scores.boundary.miou() == 1
    assert scores.calibration.error() == 0
    assert len(scores.shown) <= 2  # no more than the worst and the most uncertain are held


def test_strip_holds_fixed_images_of_both_splits(root):
    chosen = strip_samples(Dataset(root / "dataset", root / "truth"), 4)
    assert [sample.split for sample in chosen] == ["train", "train", "test", "test"]
    assert strip_samples(Dataset(root / "dataset", root / "truth"), 0) == []


def test_confusion_rows_are_percent_by_true_class():
    rows = confusion_rows(np.array([[2, 1], [0, 0]]), ["a", "b"])
    assert len(rows) == 100
    assert sum(row["predicted"] == "a" for row in rows) == 67


def test_a_missing_round_before_is_named(root, tmp_path):
    with pytest.raises(ValueError, match="rounds.json is missing: evaluate the round before first"):
        evaluate.stage(Params(), 0, **{**toys.evaluate_paths(root, 0), "before": tmp_path})


def test_command_line(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("seed: 0\nevaluate: {pictures: 1, strip: 2}\n")
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setenv("SEGMEND_SPOOL", str(spool))
    words = [word for name, value in toys.evaluate_paths(root, 0).items() for word in (f"--{name}", str(value))]
    assert evaluate([*words, "--metrics", "m.json", "--report", "reports/evaluate/r0.json"]) == 0
    assert loads(Path("m.json").read_text())["wrong_pixels"] == 60
    lines = [loads(line) for line in (spool / "lines.jsonl").read_text().splitlines()]
    assert {"strip.png"} <= {Path(line["path"]).name for line in lines if line["kind"] == "artifact"}
    names = {name for line in lines if line["kind"] == "metrics" for name in line["values"]}
    assert "model_iou/001 disk _b_" in names
