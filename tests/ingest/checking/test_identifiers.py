"""Ids that could lead out of the data set are refused, whatever the format."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.checking.identifiers import inside, unsafe
from tests.ingest.examples import write
from tests.ingest.runs import run, settings
from tests.toys import picture, raw_folders, save

BAD = [
    "..",
    "../x",
    "a/../../x",
    "/etc/x",
    "C:/x",
    "c:x",
    "a\\b",
    "a\x00b",
    "a\nb",
    "con",
    "x/NUL.txt/y",
    "a//b",
    "./a",
    "",
    "a./b",
]
GOOD = ["a", "city/000012", "My masks (v2) & more/x 1", "a.b", "größe/图", "it's", "100%", "$(x)", "icon", "12:30"]


@pytest.mark.parametrize("identifier", BAD)
def test_refused(identifier):
    assert unsafe(identifier)
    with pytest.raises(ValueError, match="nothing is written"):
        inside(Path("data"), identifier)


@pytest.mark.parametrize("identifier", GOOD)
def test_allowed(identifier):
    assert unsafe(identifier) == ""


@given(st.lists(st.sampled_from([*"ab./\\: \n\0", "..", "nul", "ü"]), max_size=12).map("".join))
def test_whatever_passes_stays_inside(identifier):
    """A path made of an accepted id lies under its folder, is reached by no other id, and is one that systems can make."""
    if unsafe(identifier):
        return
    path = inside(Path("/top/folder"), identifier)
    assert path.is_relative_to("/top/folder") and ".." not in path.parts
    assert path.relative_to("/top/folder").as_posix() == f"{identifier}.png"


def test_names_that_differ_in_capitals_only_are_refused(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    save(picture(50), raw / "images/TRAIN_0.png")
    with (raw / "splits.csv").open("a") as file:
        file.write("TRAIN_0,train\n")
    with pytest.raises(ValueError, match=r"its id '\w+_0' is also that of images/\w+_0.png"):
        run(settings("folders"), raw, tmp_path)


@pytest.mark.parametrize("name", ["../../../x.png", "/tmp/x.png", "..\\..\\x.png"])
def test_file_names_of_annotations_lead_nowhere_else(tmp_path, name):
    """COCO entries that point out of the folder: refused or taken for the file of that name inside, never written outside."""
    raw = tmp_path / "a" / "b" / "raw"
    save(picture(0), tmp_path / "x.png")
    save(picture(1), raw / "images/y.png")
    images = [
        {"id": 1, "file_name": name, "height": 24, "width": 32},
        {"id": 2, "file_name": "y.png", "height": 24, "width": 32},
    ]
    square = {"id": 1, "image_id": 2, "category_id": 1, "segmentation": [[4, 2, 12, 2, 12, 10, 4, 10]]}
    write(raw / "annotations/instances_train.json", images, [square], [{"id": 1, "name": "cat"}])
    before = {path for path in tmp_path.rglob("*") if "raw" not in path.parts}
    with pytest.raises(ValueError, match="instances_train.json: it lists"):
        run(settings("coco"), raw, tmp_path / "out")
    assert {path for path in tmp_path.rglob("*") if "raw" not in path.parts} == before


def test_an_annotator_list_cannot_point_outside(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    save(picture(0)[..., 0], tmp_path / "secret.png")
    (raw / "annotators.csv").write_text("image,annotator,file\ntrain_0,ann,../secret.png\n")
    with pytest.raises(ValueError, match=r"line 2: the file ../secret.png lies outside raw/"):
        run(settings("folders"), raw, tmp_path)
