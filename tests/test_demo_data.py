"""The data of `make run`: what is shipped, and that the tool makes such a folder."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import toys
from tools import demo_data


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "splits.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def pixels(folder: Path, kind: str, name: str) -> np.ndarray:
    return np.asarray(Image.open(folder / kind / f"{name}.png"))


def test_what_is_shipped():
    """No tile of the alloys that the labelling network learned from; true labels of all; a stated share of wrong ones in train."""
    tiles = rows(demo_data.HERE)
    counts = {split: sum(row["split"] == split for row in tiles) for split in demo_data.TILES}
    assert counts == demo_data.TILES and all(row["id"].startswith("super1_") for row in tiles)
    for kind in ("images", "masks", "truth"):
        assert {path.stem for path in (demo_data.HERE / kind).iterdir()} == {row["id"] for row in tiles}
    wrong = {
        split: np.mean([pixels(demo_data.HERE, "masks", row["id"]) != pixels(demo_data.HERE, "truth", row["id"])
                        for row in tiles if row["split"] == split])
        for split in demo_data.TILES
    }  # fmt: skip
    assert wrong["test"] == 0
    about = (demo_data.HERE / "README.md").read_text()
    assert f"train: {wrong['train']:.0%} of the pixels are wrong" in about.replace(" %", "%")
    assert f"val: {wrong['val']:.0%}" in about.replace(" %", "%")
    assert "MIT License" in (demo_data.HERE / "LICENSE").read_text() and "MIT License" in about


@pytest.mark.slow
def test_the_tool_labels_one_alloy_by_a_network_of_the_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # stages keep what they work on in .work
    monkeypatch.setattr(demo_data, "TRAIN", {**demo_data.TRAIN, "epochs": 1})
    monkeypatch.setattr(demo_data, "TILES", {"train": 2, "val": 1, "test": 1})
    source, listed = tmp_path / "source", []
    for k in range(8):
        name, alloy = (f"super1_{k}", "Super1") if k < 6 else (f"super4_{k}", "Super4")
        toys.save(toys.picture(k)[..., 0], source / f"images/{name}.png")
        toys.save(toys.stripes(), source / f"masks/{name}.png")
        listed.append(f"{name},{('train', 'train', 'train', 'val', 'val', 'test', 'test', 'test')[k]},{alloy},x\n")
    (source / "splits.csv").write_text("".join(["id,split,set,source\n", *listed]))
    (source / "classes.json").write_text(json.dumps({"classes": ["sky", "tree", "road"]}))
    wrong, every = demo_data.make(source, tmp_path / "out")
    made = {row["id"]: row["split"] for row in rows(tmp_path / "out")}
    assert made == {"super1_0": "train", "super1_2": "train", "super1_3": "val", "super1_5": "test"}
    assert every == 3 * toys.stripes().size and 0 < wrong < every
    for name, split in made.items():
        given, truth = (pixels(tmp_path / "out", kind, name) for kind in ("masks", "truth"))
        assert (truth == toys.stripes()).all() and ((given == truth).all() == (split == "test"))
