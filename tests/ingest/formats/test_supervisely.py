"""supervisely: polygons with holes, bitmaps as its SDK writes them, rectangles, figures without an area."""

import base64
import io
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from PIL import Image

from tests.ingest.examples import as_json, supervisely
from tests.ingest.formats.random_sets import CLASSES, check_round_trip, few, label_maps, picture_of
from tests.ingest.runs import run, settings, source_of
from tests.toys import save


def packed(mask: np.ndarray) -> str:
    """As supervisely.Bitmap.data_2_base64: a palette PNG whose first colour is transparent, by zlib, by base64."""
    picture = Image.fromarray(mask.astype(np.uint8), mode="P")
    picture.putpalette([0, 0, 0, 255, 255, 255])
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", transparency=0, optimize=0)
    return base64.b64encode(zlib.compress(buffer.getvalue())).decode()


def with_objects(raw: Path, objects: list) -> Path:
    """The example, with these objects in its first image."""
    content = json.loads((raw / "ds0/ann/0.jpg.json").read_text())
    as_json(raw / "ds0/ann/0.jpg.json", {**content, "objects": objects})
    return raw


@few
@given(label_maps())
def test_bitmaps_as_the_sdk_writes_them_come_back(maps):
    def write(raw: Path, maps) -> dict[str, np.ndarray]:
        as_json(
            raw / "meta.json",
            {"classes": [{"title": name, "shape": "bitmap", "color": "#0A0B0C"} for name in CLASSES[1:]]},
        )
        for k, labels in enumerate(maps):
            save(picture_of(labels, k), raw / "ds 1" / "img" / f"{k}.png")
            figures = []
            for label in range(1, len(CLASSES)):
                rows, columns = np.nonzero(labels == label)
                if rows.size:
                    top, left = int(rows.min()), int(columns.min())
                    window = (labels == label)[top : rows.max() + 1, left : columns.max() + 1]
                    bitmap = {"origin": [left, top], "data": packed(window)}
                    figures.append({"classTitle": CLASSES[label], "geometryType": "bitmap", "bitmap": bitmap})
            size = {"height": labels.shape[0], "width": labels.shape[1]}
            as_json(raw / "ds 1" / "ann" / f"{k}.png.json", {"size": size, "objects": figures})
        return {f"ds 1/{k}": labels for k, labels in enumerate(maps)}

    source = check_round_trip("supervisely", write, maps)
    assert source.classes == CLASSES and source.colours[1] == (10, 11, 12)


def test_polygons_include_their_border_and_holes_are_taken_out(tmp_path):
    source = source_of(settings("supervisely"), supervisely(tmp_path))
    mask = source.records[0].mask()
    assert source.classes == CLASSES and source.records[0].id == "ds0/0"
    assert (mask == 1).sum() == 9 * 9 - 9 and mask[10, 12] == 1 and mask[5, 7] == 0


def test_a_bitmap_of_the_sdk_by_hand(tmp_path):
    """The example of its documentation: a ring of 3 x 3 pixels; and the same PNG without zlib."""
    text = "eJzrDPBz5+WS4mJgYOD19HAJAtLMIMwIInOeqf8BUmwBPiGuQPr///9Lb86/C2QxlgT5BTM4PLuRBuTwebo4hlTMSa44sKHhISMDuxpTYrr03F6gDIOnq5/LOqeEJgDM5ht6"
    plain = base64.b64encode(zlib.decompress(base64.b64decode(text))).decode()
    for k, data in enumerate((text, plain)):
        figure = {"classTitle": "dog", "geometryType": "bitmap", "bitmap": {"origin": [2, 1], "data": data}}
        raw = with_objects(supervisely(tmp_path / str(k)), [figure])
        mask = source_of(settings("supervisely"), raw).records[0].mask()
        assert (mask[1:4, 2:5] == [[2, 2, 2], [2, 0, 2], [2, 2, 2]]).all() and (mask == 2).sum() == 8


@pytest.mark.parametrize(
    ("corners", "pixels"), [([[2, 1], [6, 4]], 12), ([[6, 4], [2, 1]], 12), ([[1.74, 1.55], [3.76, 4.63]], 8)]
)
def test_rectangles(tmp_path, corners, pixels):
    """The third as in the SDK's comment: columns 2 and 3, rows 1 to 4."""
    figure = {"classTitle": "dog", "geometryType": "rectangle", "points": {"exterior": corners, "interior": []}}
    mask = source_of(settings("supervisely"), with_objects(supervisely(tmp_path), [figure])).records[0].mask()
    assert (mask == 2).sum() == pixels


def test_figures_without_an_area_are_counted(tmp_path):
    figures = [{"classTitle": "dog", "geometryType": "point", "points": {"exterior": [[3, 3]], "interior": []}}] * 2
    source = source_of(settings("supervisely"), with_objects(supervisely(tmp_path), figures))
    assert any("not drawn, since they have no area: 2 x point 'dog'" in note for note in source.notes)


def test_images_without_annotations_and_the_other_way_round(tmp_path):
    raw = supervisely(tmp_path)
    (raw / "ds0/ann/0.jpg.json").unlink()
    (raw / "ds0/img/1.jpg").unlink()
    source = source_of(settings("supervisely"), raw)
    assert source.records[0].mask is None
    assert [p.reason for p in source.problems] == ["its image img/1.jpg is not there: add it, or remove this file"]


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        ({"classTitle": "lion", "geometryType": "polygon"}, r"object 1 \(lion\): meta.json does not have this class"),
        (
            {"classTitle": "cat", "geometryType": "oriented_bbox", "points": []},
            "it cannot be read as a oriented_bbox|is not read",
        ),
        (
            {
                "classTitle": "cat",
                "geometryType": "polygon",
                "points": {"exterior": [[1, 1], [9, 1], [5, 5]], "interior": [[[1e300, 2], [3, 2], [3, 3]]]},
            },
            "it reaches from x, y = 1, 1 to 1e",
        ),
        ({"classTitle": "cat", "geometryType": "polygon"}, r"object 1 \(cat\): it cannot be read as a polygon"),
        (
            {"classTitle": "cat", "geometryType": "polygon", "points": {"exterior": [[1, 1], [2, 2]]}},
            "fewer than three corners",
        ),
        (
            {"classTitle": "cat", "geometryType": "polygon", "points": {"exterior": [[1, 1], [99, 2], [5, 5]]}},
            "it reaches from x, y = 1, 1 to 99, 5",
        ),
        (
            {"classTitle": "cat", "geometryType": "bitmap", "bitmap": {"origin": [1, 1], "data": "x"}},
            "no PNG in base64",
        ),
        (
            {
                "classTitle": "cat",
                "geometryType": "bitmap",
                "bitmap": {"origin": [30, 1], "data": packed(np.ones((3, 9)))},
            },
            "it reaches from x, y = 30, 1 to 39, 4",
        ),
    ],
)
def test_mistakes_name_the_file_and_the_object(tmp_path, figure, words):
    raw = with_objects(supervisely(tmp_path / "raw"), [figure])
    with pytest.raises(ValueError, match=rf"ds0/ann/0.jpg.json: .*{words}"):
        run(settings("supervisely"), raw, tmp_path)


def test_older_projects_do_not_name_the_geometry(tmp_path):
    bitmap = {"origin": [1, 1], "data": packed(np.ones((2, 2), bool))}
    points = {"exterior": [[10, 10], [12, 10], [12, 12], [10, 12]], "interior": []}
    figures = [
        {"classTitle": "cat", "bitmap": bitmap, "points": {"exterior": [], "interior": []}},
        {"classTitle": "dog", "bitmap": None, "points": points},
    ]
    mask = source_of(settings("supervisely"), with_objects(supervisely(tmp_path), figures)).records[0].mask()
    assert (mask == 1).sum() == 4 and (mask == 2).sum() == 9


def test_multipolygons_and_coordinates_on_the_far_border(tmp_path):
    """As the SDK: a coordinate equal to the width or height belongs to the last pixel."""
    corner = {"exterior": [[30, 22], [32, 22], [32, 24], [30, 24]]}
    square = {"exterior": [[1, 1], [4, 1], [4, 4], [1, 4]], "interior": [[[2, 2], [3, 2], [3, 3], [2, 3]]]}
    figure = {"classTitle": "dog", "geometryType": "multipolygon", "parts": [corner, square]}
    mask = source_of(settings("supervisely"), with_objects(supervisely(tmp_path), [figure])).records[0].mask()
    assert (mask[22:, 30:] == 2).all() and (mask[1:5, 1:5] == 2).sum() == 12 and (mask == 2).sum() == 16
