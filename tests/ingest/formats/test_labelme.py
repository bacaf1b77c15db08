"""labelme: shapes as its own converter draws them, embedded images, reserved labels."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from PIL import Image

from tests.ingest.examples import as_json, labelme
from tests.ingest.formats.random_sets import CLASSES, check_round_trip, few, label_maps, picture_of, read_back
from tests.ingest.runs import run, settings, source_of
from tests.toys import picture, save


def png(array: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def one_shape(raw: Path, kind: str | None, points: list, label: str = "cat", **more) -> np.ndarray:
    """The mask of one image of 24 x 32 pixels with one shape."""
    save(picture(0), raw / "a.jpg")
    shape = {"label": label, "points": points, "shape_type": kind, **more}
    as_json(raw / "a.json", {"shapes": [shape], "imagePath": "a.jpg", "imageHeight": 24, "imageWidth": 32})
    return source_of(settings("labelme"), raw).records[0].mask()


@few
@given(label_maps())
def test_masks_as_labelme_writes_them_come_back(maps):
    def write(raw: Path, maps) -> dict[str, np.ndarray]:
        found = {}
        for k, labels in enumerate(maps):
            save(picture_of(labels, k), raw / f"im {k}.png")
            shapes = []
            for label in range(1, len(CLASSES)):
                rows, columns = np.nonzero(labels == label)
                if not rows.size:
                    continue
                top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
                window = (labels == label)[top : bottom + 1, left : right + 1]
                points = [[float(left), float(top)], [float(right), float(bottom)]]
                shapes.append(
                    {
                        "label": CLASSES[label],
                        "points": points,
                        "shape_type": "mask",
                        "mask": png(window.astype(np.uint8) * 255),
                    }
                )
            height, width = labels.shape
            content = {"version": "5.5.0", "shapes": shapes, "imagePath": f"im {k}.png", "imageData": None}
            as_json(raw / f"im {k}.json", {**content, "imageHeight": height, "imageWidth": width})
            found[f"im {k}"] = labels
        (raw / "labels.txt").write_text("__ignore__\n_background_\ncat\ndog\n")
        return found

    assert check_round_trip("labelme", write, maps).classes == CLASSES


@pytest.mark.parametrize(
    ("kind", "points", "pixels"),
    [
        ("polygon", [[2, 2], [5, 2], [5, 4]], 7),  # the borders count: 4 + 2 + 1 pixels in its rows
        (None, [[2, 2], [5, 2], [5, 5], [2, 5]], 16),
        ("rectangle", [[5, 5], [2, 2]], 16),
        ("oriented_rectangle", [[2, 2], [5, 2], [5, 5], [2, 5]], 16),
        ("circle", [[10, 10], [10, 13]], 37),
        ("point", [[10, 10]], 97),
        ("line", [[2, 12], [20, 12]], 180),
    ],
)
def test_shapes_by_hand(tmp_path, kind, points, pixels):
    mask = one_shape(tmp_path, kind, points)
    assert abs(int((mask == 1).sum()) - pixels) <= (
        0 if kind in ("polygon", None, "rectangle", "oriented_rectangle") else 12
    )


def test_later_shapes_lie_over_earlier_ones_and_splits_are_dealt(tmp_path):
    source = source_of(settings("labelme"), labelme(tmp_path))
    mask = source.records[0].mask()
    assert source.classes == ("background", "cat", "dog")
    assert (mask == 1).sum() == 81 - 6 and (mask == 2).sum() == 6
    mask = source_of(settings("labelme", fields={"order": "larger_over_smaller"}), tmp_path).records[0].mask()
    assert (mask == 1).sum() == 81


def test_reserved_labels(tmp_path):
    ignored = one_shape(tmp_path / "a", "rectangle", [[2, 2], [5, 5]], "__ignore__")
    assert (ignored == 255).sum() == 16 and (ignored == 0).sum() == 24 * 32 - 16
    assert (one_shape(tmp_path / "b", "rectangle", [[2, 2], [5, 5]], "_background_") == 0).all()


def test_an_image_that_the_file_carries(tmp_path):
    image = picture(3)
    shape = {"label": "cat", "points": [[2, 2], [5, 5]], "shape_type": "rectangle"}
    as_json(tmp_path / "b.json", {"shapes": [shape], "imagePath": "gone.png", "imageData": png(image)})
    record = source_of(settings("labelme"), tmp_path).records[0]
    assert record.id == "b" and (record.image() == image).all() and (record.mask() == 1).sum() == 16


def test_paths_of_other_systems_and_renamed_images(tmp_path):
    save(picture(0), tmp_path / "images" / "a.jpg")
    save(picture(1), tmp_path / "notes" / "b.jpg")
    for name, path in (("a", "..\\images\\a.jpg"), ("b", "IMG_1.jpg")):
        shape = {"label": "cat", "points": [[2, 2], [5, 5]], "shape_type": "rectangle"}
        as_json(tmp_path / "notes" / f"{name}.json", {"shapes": [shape], "imagePath": path, "imageData": None})
    maps = read_back(source_of(settings("labelme"), tmp_path))
    assert set(maps) == {"images/a", "notes/b"} and all((labels == 1).sum() == 16 for labels in maps.values())


def test_images_without_a_file_have_no_mask(tmp_path):
    raw = labelme(tmp_path)
    (raw / "0003.json").unlink()
    records = {record.id: record for record in source_of(settings("labelme"), raw).records}
    assert len(records) == 6 and records["0003"].mask is None


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"points": [[2, 2], [5, 2]]}, r"shape 1 \(cat\): a polygon has 3 or more points, and this has 2"),
        ({"points": [[2, 2], [50, 2], [5, 9]]}, r"shape 1 \(cat\): it reaches from"),
        ({"points": "a"}, r"shape 1 \(cat\): its points are no pairs"),
        ({"shape_type": "spline"}, "of the type 'spline' cannot be drawn"),
        ({"shape_type": [1]}, r"of the type '\[1\]' cannot be drawn"),
        ({"label": "lion"}, r"shape 1 \(lion\): labels.txt"),
        ({"label": None}, "shape 1 has no label"),
        ({"shape_type": "mask", "points": [[2, 2], [5, 5]], "mask": "x"}, "mask cannot be read as a picture"),
        (
            {"shape_type": "mask", "points": [[2, 2], [5, 5]], "mask": png(np.ones((2, 2), np.uint8))},
            "has 2 x 2 pixels",
        ),
    ],
)
def test_mistakes_name_the_file_and_the_shape(tmp_path, edit, words):
    raw = labelme(tmp_path / "raw")
    (raw / "labels.txt").write_text("cat\ndog\n")
    content = json.loads((raw / "0000.json").read_text())
    content["shapes"][0] |= edit
    as_json(raw / "0000.json", content)
    with pytest.raises(ValueError, match=rf"0000.json: .*{words}"):
        run(settings("labelme"), raw, tmp_path)


def test_missing_images_and_double_files(tmp_path):
    raw = labelme(tmp_path)
    (raw / "0000.jpg").unlink()
    content = json.loads((raw / "0001.json").read_text())
    as_json(raw / "again.json", content)
    problems = {problem.file: problem.reason for problem in source_of(settings("labelme"), raw).problems}
    assert "its image 0000.jpg is not there" in problems["0000.json"]
    assert "0001.json is about the same image 0001.jpg" in problems["again.json"]


def test_keys_in_any_order_around_a_large_image(tmp_path):
    """A file whose embedded image lies between what names the format."""
    image = picture(1, (400, 500))
    shape = {"label": "cat", "points": [[2, 2], [5, 5]], "shape_type": "rectangle"}
    as_json(
        tmp_path / "a.json", {"imagePath": "a.png", "imageData": png(image), "shapes": [shape], "tail": "x" * 20_000}
    )
    assert (tmp_path / "a.json").stat().st_size > 600_000
    assert read_back(source_of(settings("labelme"), tmp_path))["a"].sum() == 16
