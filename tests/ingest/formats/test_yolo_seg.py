"""yolo_seg: outlines in shares of the sides, names, splits, mistakes by line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.examples import yolo_seg
from tests.ingest.formats.random_sets import check_round_trip, few, picture_of, read_back
from tests.ingest.runs import run, settings, source_of
from tests.toys import picture, save


def test_pixels_names_and_splits(tmp_path):
    source = source_of(settings("yolo_seg"), yolo_seg(tmp_path))
    assert source.classes == ("background", "cat", "dog")
    assert [(r.id, r.split) for r in source.records] == [
        ("train/0", "train"), ("train/1", "train"), ("train/2", "train"), ("val/3", "val"),
    ]  # fmt: skip
    assert all((labels[2:10, 4:12] == 2).all() and (labels == 2).sum() == 64 for labels in read_back(source).values())


@few
@given(
    st.lists(st.tuples(st.integers(1, 2), *(st.integers(0, 39) for _ in range(4))), min_size=1, max_size=5),
    st.integers(20, 40),
    st.integers(20, 40),
)
def test_boxes_drawn_as_outlines_come_back(boxes, height, width):
    """Rectangles with whole corners, written with Ultralytics' six digits; later over earlier."""
    labels = np.zeros((height, width), np.uint8)
    lines = []
    for label, x, y, right, bottom in boxes:
        x, right = sorted((x % width, right % width))
        y, bottom = sorted((y % height, bottom % height))
        labels[y : bottom + 1, x : right + 1] = label
        corners = [(x, y), (right + 1, y), (right + 1, bottom + 1), (x, bottom + 1)]
        shares = [f"{a / width:.6f} {b / height:.6f}" for a, b in corners]
        lines.append(f"{label - 1} {' '.join(shares)}")

    def write(raw, maps):
        for k, one in enumerate(maps):
            save(picture_of(one, k), raw / "images" / f"im {k}.png")
            (raw / "labels").mkdir(exist_ok=True)
            (raw / "labels" / f"im {k}.txt").write_text("\n".join(lines))
        (raw / "data.yaml").write_text("names: [cat, dog]\n")
        return {f"im {k}": one for k, one in enumerate(maps)}

    check_round_trip("yolo_seg", write, [labels], order="later_over_earlier")


def test_layouts_of_roboflow_and_lists(tmp_path):
    """train/images with paths that lead out of the folder; a list of files in train.txt."""
    for split in ("train", "valid"):
        save(picture(len(split)), tmp_path / "a" / split / "images" / "x.jpg")
        text = tmp_path / "a" / split / "labels" / "x.txt"
        text.parent.mkdir()
        text.write_text("0 0 0 0.5 0 0.5 0.5 0 0.5\n")
    (tmp_path / "a/data.yaml").write_text("train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['leaf']\n")
    source = source_of(settings("yolo_seg"), tmp_path / "a")
    assert [(r.id, r.split) for r in source.records] == [("train/x", "train"), ("valid/x", "val")]
    assert all((labels == 1).sum() == 12 * 16 for labels in read_back(source).values())
    for k in range(2):
        save(picture(k), tmp_path / "b" / "images" / f"{k}.jpg")
        (tmp_path / "b/labels").mkdir(exist_ok=True)
        (tmp_path / f"b/labels/{k}.txt").write_text("")
    (tmp_path / "b/data.yaml").write_text("train: train.txt\nval: val.txt\nnames: {0: leaf}\n")
    (tmp_path / "b/train.txt").write_text("./images/0.jpg\n")
    (tmp_path / "b/val.txt").write_text("./images/1.jpg\n")
    assert [r.split for r in source_of(settings("yolo_seg"), tmp_path / "b").records] == ["train", "val"]


def test_no_file_is_no_mask_and_an_empty_file_is_background(tmp_path):
    raw = yolo_seg(tmp_path)
    (raw / "labels/train/0.txt").unlink()
    (raw / "labels/train/1.txt").write_text("")
    records = source_of(settings("yolo_seg"), raw).records
    assert records[0].mask is None and (records[1].mask() == 0).all()


def test_classes_txt_names_the_classes(tmp_path):
    raw = yolo_seg(tmp_path)
    (raw / "data.yaml").unlink()
    (raw / "classes.txt").write_text("\ufeffcat\ndog\n", encoding="utf-8")
    assert source_of(settings("yolo_seg"), raw).classes == ("background", "cat", "dog")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1 0.5 0.5 0.2 0.2", "line 2: it is a box of five numbers"),
        ("7 0 0 1 0 1 1", "line 2: it has the class 7, and 0 to 1 are named"),
        ("1 0 0 1 0 1.5 1", "line 2: it has a coordinate outside 0 to 1"),
        ("1 0 0 10 0 10 10", "line 2: it has a coordinate outside 0 to 1"),
        ("cat 0 0 1 0 1 1", "line 2: it is not made of numbers"),
        ("1 0 0 1 0 1", r"line 2 \(dog\): its outline has 5 numbers"),
        ("1 0 0 1 1 0 0", r"line 2 \(dog\): it covers no pixel"),
        ("1", r"line 2 \(dog\): its outline has 0 corners"),
    ],
)
def test_mistakes_name_the_file_and_the_line(tmp_path, line, words):
    raw = yolo_seg(tmp_path / "raw")
    (raw / "labels/train/0.txt").write_text(f"0 0 0 1 0 1 1\n{line}\n")
    with pytest.raises(ValueError, match=rf"labels/train/0.txt: {words}"):
        run(settings("yolo_seg"), raw, tmp_path)


def test_text_without_an_image(tmp_path):
    raw = yolo_seg(tmp_path)
    (raw / "images/train/0.jpg").unlink()
    assert "it has no image" in source_of(settings("yolo_seg"), raw).problems[0].reason


def test_all_lines_that_are_wrong_are_reported_at_once(tmp_path):
    raw = yolo_seg(tmp_path / "raw")
    (raw / "labels/train/0.txt").write_text("1 0.5 0.5 0.2 0.2\n7 0 0 1 0 1 1\nnan 0 0 1 0 1 1\n1 0 0 1 0 nan 1\n")
    with pytest.raises(ValueError) as caught:
        run(settings("yolo_seg"), raw, tmp_path)
    assert "raw: 4 problems" in str(caught.value)
