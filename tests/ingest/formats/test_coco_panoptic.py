"""coco_panoptic: numbers in colours, void, segments that do not fit."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from tests.ingest.examples import as_json, coco_panoptic
from tests.ingest.formats.random_sets import check_round_trip, few, label_maps, picture_of
from tests.ingest.runs import run, settings, source_of
from tests.toys import save


def coloured(numbers: np.ndarray) -> np.ndarray:
    """id2rgb of panopticapi."""
    return np.stack([numbers % 256, numbers // 256 % 256, numbers // 65536 % 256], axis=-1).astype(np.uint8)


@few
@given(label_maps(classes=4))
def test_segments_come_back(maps):
    """Id 3 plays what nobody labelled; each class is one segment with a number of three bytes."""

    def write(raw: Path, maps) -> dict[str, np.ndarray]:
        images, annotations, found = [], [], {}
        for k, labels in enumerate(maps):
            save(picture_of(labels, k), raw / "val2017" / f"{k}.png")
            numbers = np.where(labels == 3, 0, 70_001 + 300 * labels.astype(int))
            save(coloured(numbers), raw / "annotations/panoptic_val2017" / f"{k}.png")
            present = sorted(set(np.unique(labels).tolist()) - {3})
            segments = [{"id": 70_001 + 300 * label, "category_id": 10 + label, "iscrowd": 0} for label in present]
            images.append({"id": k, "file_name": f"{k}.png", "height": labels.shape[0], "width": labels.shape[1]})
            annotations.append({"image_id": k, "file_name": f"{k}.png", "segments_info": segments})
            found[f"val2017/{k}"] = np.where(labels == 3, 255, labels)
        names = ("sky", "cat", "dog")
        categories = [
            {"id": 10 + k, "name": name, "isthing": k > 0, "color": [k, 2, 3]} for k, name in enumerate(names)
        ]
        content = {"images": images, "annotations": annotations, "categories": categories}
        as_json(raw / "annotations/panoptic_val2017.json", content)
        return found

    source = check_round_trip("coco_panoptic", write, maps)
    assert source.classes == ("sky", "cat", "dog") and source.colours[2] == (2, 2, 3)


def edited(raw: Path, edit) -> Path:
    path = raw / "annotations/panoptic_train2017.json"
    content = json.loads(path.read_text())
    edit(content)
    as_json(path, content)
    return raw


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (
            lambda c: c["annotations"][0]["segments_info"].pop(),
            "pixels are of segment 513, which segments_info does not list",
        ),
        (
            lambda c: c["annotations"][0]["segments_info"][0].update(category_id=9),
            "segment 1 has the category 9, which no file",
        ),
        (
            lambda c: c["annotations"][0]["segments_info"].append({"id": 7, "category_id": 1}),
            "segment 7: its number is not in",
        ),
        (lambda c: c["annotations"][0].update(image_id=99), "is about the image 99, which the file does not list"),
        (lambda c: c["images"][0].update(file_name="gone.jpg"), "it lists gone.jpg, which is not there"),
        (
            lambda c: c["annotations"][0].update(file_name="gone.png"),
            "annotations/panoptic_train2017/gone.png: the file is missing",
        ),
        (lambda c: c["annotations"].pop(0), "the image 0.jpg has no annotation"),
    ],
)
def test_mistakes_are_named(tmp_path, edit, words):
    with pytest.raises(ValueError, match=words):
        run(settings("coco_panoptic"), edited(coco_panoptic(tmp_path / "raw"), edit), tmp_path)


def test_crowds_as_void(tmp_path):
    raw = edited(coco_panoptic(tmp_path), lambda c: c["annotations"][0]["segments_info"][0].update(iscrowd=1))
    assert (source_of(settings("coco_panoptic"), raw).records[0].mask()[:, :10] == 0).all()
    mask = source_of(settings("coco_panoptic", fields={"crowd": "void"}), raw).records[0].mask()
    assert (mask[:, :10] == 255).all()
