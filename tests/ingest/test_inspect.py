"""What inspect says of a folder, and that it changes nothing."""

import json
from os import environ
from pathlib import Path

import numpy as np
import pytest

from tasks.ingest.inspect import main, ranges
from tasks.ingest.recognition import recognise
from tests.toys import picture, raw_folders, save, stripes

BENCH = Path(environ.get("SEGMEND_BENCH_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


def test_it_says_what_it_understood(tmp_path, capsys):
    raw = raw_folders(tmp_path / "raw")
    save(stripes(), raw / "masks_old/train_0.png")
    before = sorted(path.as_posix() for path in tmp_path.rglob("*"))
    assert main([str(raw)]) == 0
    text = capsys.readouterr().out
    for words in (
        "format folders (it has a folder images)",
        "images    5 (train 3, val 1, test 1); 5 with a mask, 0 with truth",
        "24 x 32 (5)",
        "PNG, 8-bit RGB (5)",
        "0  sky    34.38%  #000000",
        "void      ids 255: 0.00% of all pixels",
        "given masks are never taken for truth",
        "0 images stand in two splits",
        "not used: masks_old/train_0.png: ingest.format.folders.masks and .truth choose other folders",
        "Ingest would accept this folder.",
    ):
        assert words in text, text
    assert sorted(path.as_posix() for path in tmp_path.rglob("*")) == before


def test_it_says_what_void_costs(tmp_path, capsys):
    """A sixth of the columns is void: more than no class but the last, which has two columns."""
    raw = raw_folders(tmp_path / "raw")
    for k, path in enumerate((raw / "masks").iterdir()):
        mask = stripes()
        mask[:, :6], mask[mask == 2] = 255, 1
        mask[:, -2:] = 2
        save(np.full_like(mask, 255) if k == 0 else mask, path)
    assert main([str(raw)]) == 0
    text = capsys.readouterr().out
    assert (
        "scored there, more than sky, road each; 1 images are mostly void; ingest.fill_void: true opens it" in text
    ), text


def test_json_for_programs(tmp_path, capsys):
    raw = raw_folders(tmp_path / "raw")
    save(picture(3), raw / "images/test_4.png")
    assert main([str(raw), "--json"]) == 2
    caught = capsys.readouterr()
    seen = json.loads(caught.out)
    assert seen["format"] == "folders" and seen["splits"] == {"train": 3, "val": 1, "test": 1}
    assert seen["duplicates_across_splits"] == 1 and len(seen["problems"]) == 1
    assert "1 problem\n" in caught.err and "the same image as" in caught.err


def test_missing_class_names_are_asked_for_with_the_ids_found(tmp_path, capsys):
    raw = raw_folders(tmp_path / "raw")
    (raw / "classes.json").unlink()
    assert main([str(raw)]) == 2
    assert (
        "nothing names the classes; the masks hold id 0 (34.4%), id 1 (34.4%), id 2 (31.2%). Add classes.json"
        in capsys.readouterr().err
    )
    assert main([str(raw), "--classes", "sky,tree,road"]) == 0
    assert main([str(raw), "--classes", "sky,tree", "--void", "2"]) == 0


def test_a_folder_like_no_format(tmp_path, capsys):
    (tmp_path / "notes").mkdir()
    assert main([str(tmp_path)]) == 2
    assert "looks like none of the formats brain, toy, voc" in capsys.readouterr().err
    assert main([str(tmp_path / "gone")]) == 2
    assert main([str(tmp_path), "--format", "voc"]) == 2
    assert "not laid out as voc" in capsys.readouterr().err


def test_the_embedded_sets_are_recognised():
    assert recognise(Path("data/raw/brain"))[0] == "brain" and recognise(Path("data/raw/toy"))[0] == "toy"


def test_ranges():
    assert ranges([0, 1, 2, 9, 255]) == "0-2, 9, 255" and ranges([]) == "none"


@pytest.mark.parametrize(
    ("name", "images", "classes"),
    [
        ("superalloy", 92, ["matrix", "tertiary precipitate", "secondary precipitate"]),
        ("nuclei", 334, ["background", "nucleus", "rim"]),
    ],
)
def test_real_data(name, images, classes, capsys):
    if not (BENCH / name).is_dir():
        pytest.skip(f"{BENCH / name} is not here: set SEGMEND_BENCH_DATA to the folder of the benchmark data")
    assert main([str(BENCH / name), "--json"]) == 0
    seen = json.loads(capsys.readouterr().out)
    assert seen["images"] == images and [one["name"] for one in seen["classes"]] == classes and seen["problems"] == []
    assert any("masks_original" in note for note in seen["notes"]) == (name == "nuclei")
