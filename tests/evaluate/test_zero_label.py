"""Two groups of classes: by hand, through the stage, and carried on from round 0."""

from csv import DictReader

import numpy as np
import pytest

from segmend.images.rasters import UNLABELLED, read_labels, write_labels
from segmend.metrics.confusion import Confusion
from tasks.evaluate.__main__ import evaluate
from tasks.evaluate.settings import Params
from tasks.evaluate.zero_label import GROUPS, group_numbers, harmonic, label_coverage, label_precision
from tests import toys


def rows_of(path) -> list[dict]:
    with path.open(newline="") as file:
        return list(DictReader(file))


def test_harmonic_mean_of_the_paper():
    assert harmonic(82.7, 35.6) == pytest.approx(49.8, abs=0.05)
    assert harmonic(0.5, 0.0) == harmonic(0.0, 0.5) == 0 and np.isnan(harmonic(0.5, float("nan")))


def test_groups_by_hand():
    """Network: IoU 8/12, 4/8 and 0 of classes 0, 1, 2. Labels: of class 2's 10 pixels 4 are right, 1 is said to be 0, 5 have no
    label; one of class 0 is predicted as 2."""
    network = Confusion(3, np.array([[8, 2, 0, 0, 0], [2, 4, 0, 0, 0], [0, 0, 0, 0, 0]]))
    labels = Confusion(3, np.array([[9, 0, 1, 0, 0], [0, 3, 0, 2, 0], [1, 0, 4, 5, 0]]))
    numbers = group_numbers((1,), labels, network)
    assert numbers["model_miou_seen"] == pytest.approx(8 / 12, abs=1e-6) and numbers["model_miou_unseen"] == 0.5
    assert numbers["model_harmonic"] == pytest.approx(2 / (12 / 8 + 2), abs=1e-6)
    numbers = group_numbers((2,), labels, network)
    assert numbers["unseen_coverage"] == 0.5 and numbers["unseen_precision"] == 0.8
    assert numbers["model_miou_unseen"] is None and numbers["model_harmonic"] is None
    assert label_precision(labels).tolist() == [0.9, 1, 0.8] and label_coverage(labels).tolist() == [1, 0.6, 0.5]
    assert group_numbers((), labels, network) == group_numbers((0, 1, 2), labels, network) == {}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Disks lose their labels in round 0; in round 1 those of the first image have them again, 6 pixels of ground too."""
    root = toys.rounds(tmp_path_factory.mktemp("hidden"))
    for path in sorted((root / "labels/r0/maps").rglob("*.png")):
        labels = read_labels(path)
        hidden = np.where(labels == 1, UNLABELLED, labels).astype(np.uint8)
        write_labels(path, hidden, toys.DISK_CARD.palette)
        again = hidden.copy()
        if path.name == "0.png" and path.parent.name == "a":
            true = read_labels(root / "truth/a/0.png")
            again[true == 1] = 1
            again[10, :6] = 1
        write_labels(root / "labels/r1/maps" / path.relative_to(root / "labels/r0/maps"), again, toys.DISK_CARD.palette)
    return root


def test_unseen_classes_are_those_of_round_0_in_later_rounds(root, monkeypatch):
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")
    first, second = (evaluate.stage(Params(pictures=1, strip=0), 0, **toys.evaluate_paths(root, k)) for k in range(2))
    assert first["unseen_coverage"] == 0 and first["unseen_precision"] is None and "unseen_reason" in first
    disks = [int((read_labels(root / f"truth/a/{k}.png") == 1).sum()) for k in range(3)]
    assert second["unseen_coverage"] == pytest.approx(disks[0] / sum(disks), abs=1e-6)
    assert second["unseen_precision"] == pytest.approx(disks[0] / (disks[0] + 6), abs=1e-6)
    table = rows_of(root / "scores/r1/rounds.csv")
    assert [row["unseen_coverage"] for row in table] == ["0.0", str(second["unseen_coverage"])]
    assert set(GROUPS) <= set(table[0])
    classes = rows_of(root / "scores/r1/classes.csv")
    assert [row["unseen"] for row in classes] == ["0", "1", "0"] * 2  # what the truth never holds is no unseen class
    assert classes[4]["data_precision"] == str(second["unseen_precision"])


def test_named_classes_are_the_group(root):
    paths = toys.evaluate_paths(root, 0) | {"out": root / "scores/named"}
    numbers = evaluate.stage(Params(unseen=("ground",), pictures=1, strip=0), 0, **paths)
    assert numbers["unseen_coverage"] > 0.5
    with pytest.raises(
        ValueError, match="evaluate.unseen names 'sea', which is no class of the data set; it has ground"
    ):
        evaluate.stage(Params(unseen=("sea",), pictures=1, strip=0), 0, **paths)


def test_without_such_classes_there_is_no_group(tmp_path):
    numbers = evaluate.stage(Params(pictures=1, strip=0), 0, **toys.evaluate_paths(toys.rounds(tmp_path), 0))
    assert not set(GROUPS) & set(numbers)
    assert not set(GROUPS) & set(rows_of(tmp_path / "scores/r0/rounds.csv")[0])
