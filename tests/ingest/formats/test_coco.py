"""coco: outlines, run lengths, overlaps, crowds, stuff, and what tools write differently."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as coco_masks

from tasks.ingest.recognition import recognise
from tests.ingest.examples import SQUARE, coco, runs, write
from tests.ingest.formats.random_sets import CLASSES, check_round_trip, few, label_maps, picture_of, read_back
from tests.ingest.runs import run, settings, source_of
from tests.toys import picture, save

BACKGROUND, CAT, DOG = 0, 1, 2


def expected(inner: int = DOG) -> np.ndarray:
    labels = np.full((24, 32), BACKGROUND)
    labels[2:10, 4:12] = CAT
    labels[4:6, 6:9] = inner
    labels[20:] = DOG
    return labels


def edited(raw: Path, edit, name: str = "annotations/instances_train2017.json") -> Path:
    content = json.loads((raw / name).read_text())
    edit(content)
    (raw / name).write_text(json.dumps(content))
    return raw


def exported(raw: Path, content: dict, size: tuple[int, int] = (24, 32), images: int = 4) -> Path:
    """As a labelling tool exports: images/<k>.jpg and annotations/instances_default.json."""
    for k in range(images):
        save(picture(k, size), raw / "images" / f"{k}.jpg")
    write(raw / "annotations/instances_default.json", **content)
    return raw


def plain(outline=(SQUARE,), count: int = 4, **image) -> dict:
    """Four images with one cat each."""
    return {
        "images": [{"id": k + 1, "file_name": f"{k}.jpg", "height": 24, "width": 32, **image} for k in range(count)],
        "annotations": [
            {"id": k + 1, "image_id": k + 1, "category_id": 1, "segmentation": list(outline)} for k in range(count)
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 7, "name": "dog"}],
    }


def test_smaller_lies_over_larger(tmp_path):
    source = source_of(settings("coco"), coco(tmp_path))
    assert source.classes == ("background", "cat", "dog")
    assert [(r.id, r.split) for r in source.records] == [("train2017/000", "train"), ("val2017/001", "test")]
    assert (source.records[0].mask() == expected()).all()
    assert any(entry.path == "annotations/captions_train2017.json" for entry in source.unused)


@pytest.mark.parametrize("order", ["larger_over_smaller", "later_over_earlier"])
def test_other_orders(tmp_path, order):
    mask = source_of(settings("coco", fields={"order": order}), coco(tmp_path)).records[0].mask()
    assert (mask == expected(inner=CAT)).all()  # the cat is larger, and listed later


def test_crowds_as_void(tmp_path):
    mask = source_of(settings("coco", fields={"crowd": "void"}), coco(tmp_path)).records[0].mask()
    assert (mask[20:] == 255).all() and (mask[:20] == expected()[:20]).all()


def test_with_stuff_uncovered_pixels_are_void_and_other_is_not_drawn(tmp_path):
    source = source_of(settings("coco"), coco(tmp_path, stuff=True))
    assert source.classes == ("cat", "dog", "sky")
    mask = source.records[0].mask()
    assert mask[0, 0] == 255 and mask[0, 20] == 2 and mask[3, 5] == 0 and mask[4, 7] == 1
    assert mask[22, 20] == 1  # the crowd (128 pixels) is smaller than the sky


@few
@given(label_maps(), st.sampled_from(["compressed", "list"]))
def test_what_cocoapi_writes_comes_back(maps, kind):
    def write_set(raw: Path, maps) -> dict[str, np.ndarray]:
        images, annotations, found = [], [], {}
        for k, labels in enumerate(maps):
            save(picture_of(labels, k), raw / "images" / f"im {k}.png")
            images.append({"id": k, "file_name": f"im {k}.png", "height": labels.shape[0], "width": labels.shape[1]})
            found[f"images/im {k}"] = labels
            for label in set(np.unique(labels).tolist()) - {0}:
                packed = coco_masks.encode(np.asfortranarray(labels == label))
                outline = {"size": packed["size"], "counts": packed["counts"].decode()}
                outline = outline if kind == "compressed" else runs(labels == label)
                annotations.append(
                    {"id": len(annotations), "image_id": k, "category_id": label, "segmentation": outline, "iscrowd": 1}
                )
        categories = [{"id": k, "name": name} for k, name in enumerate(CLASSES) if k]
        write(raw / "annotations/instances_default.json", images, annotations, categories)
        return found

    assert check_round_trip("coco", write_set, maps).classes == CLASSES


@pytest.mark.parametrize("outline", [SQUARE, [SQUARE]])
def test_a_flat_polygon_is_one_polygon(tmp_path, outline):
    source = source_of(settings("coco"), exported(tmp_path, plain(outline)))
    assert [(labels == CAT).sum() for labels in read_back(source).values()] == [64] * 4


def test_sizes_may_be_missing(tmp_path):
    content = plain()
    for entry in content["images"]:
        del entry["height"], entry["width"]
    maps = read_back(source_of(settings("coco"), exported(tmp_path, content)))
    assert [(labels == CAT).sum() for labels in maps.values()] == [64] * 4


def test_a_wrong_size_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"given as 48 x 64 \(rows x columns\) and the image file has 24 x 32"):
        run(settings("coco"), exported(tmp_path / "raw", plain(height=48, width=64)), tmp_path)


def test_ids_may_be_text_in_one_place_and_numbers_in_another(tmp_path):
    content = plain()
    content["annotations"] = [
        {**entry, "image_id": str(entry["image_id"]), "category_id": "1"} for entry in content["annotations"]
    ]
    maps = read_back(source_of(settings("coco"), exported(tmp_path, content)))
    assert [(labels == CAT).sum() for labels in maps.values()] == [64] * 4


def test_annotations_about_no_image_are_named(tmp_path):
    content = plain()
    content["annotations"][2]["image_id"] = 99
    with pytest.raises(ValueError, match="annotation 3 is about the image 99, which the file does not list"):
        run(settings("coco"), exported(tmp_path / "raw", content), tmp_path)


def test_an_unused_parent_class_is_left_out(tmp_path):
    content = plain()
    content["categories"] = [
        {"id": 0, "name": "pets", "supercategory": "none"},
        {"id": 1, "name": "pets", "supercategory": "pets"},
    ]
    for split in ("train", "valid"):
        write(tmp_path / split / "_annotations.coco.json", **content)
        for k in range(4):
            save(picture(k), tmp_path / split / f"{k}.jpg")
    source = source_of(settings("coco"), tmp_path)
    assert source.classes == ("background", "pets")
    assert sorted({r.split for r in source.records}) == ["test", "train"]  # val is the only other split: test
    assert any("left out: the parent class pets" in note for note in source.notes)
    assert [(labels == 1).sum() for labels in read_back(source).values()] == [64] * 8


def test_images_without_annotations_are_counted(tmp_path):
    content = plain()
    content["annotations"] = content["annotations"][:1]
    source = source_of(settings("coco"), exported(tmp_path, content))
    assert any("3 of 4 images have no annotation" in note for note in source.notes)


@pytest.mark.parametrize("name", ["images\\{}.jpg", "/data/upload/1/{}.jpg", "s3://bucket/{}.jpg", "images/{}.jpg"])
def test_names_of_images_as_tools_write_them(tmp_path, name):
    content = plain()
    for k, entry in enumerate(content["images"]):
        entry["file_name"] = name.format(k)
    assert len(read_back(source_of(settings("coco"), exported(tmp_path, content)))) == 4


def test_a_name_that_two_files_have(tmp_path):
    raw = exported(tmp_path, plain(file_name="folder/0.jpg", count=1))
    for folder in ("a", "b"):
        save(picture(0), raw / folder / "0.jpg")
    (raw / "images/0.jpg").unlink()
    problems = source_of(settings("coco"), raw).problems
    assert "and there are a/0.jpg and b/0.jpg" in problems[0].reason


def turned_set(raw: Path, orientation: int, content: dict) -> Path:
    """Images whose EXIF turns them."""
    exported(raw, content)
    for path in (raw / "images").iterdir():
        exif = Image.Exif()
        exif[0x0112] = orientation
        with Image.open(path) as image:
            image.save(path, exif=exif)
    return raw


TALL = [4, 2, 12, 2, 12, 30, 4, 30]  # fits 32 rows x 24 columns only
WIDE = [4, 2, 30, 2, 30, 10, 4, 10]  # fits 24 rows x 32 columns only


def test_outlines_on_images_that_exif_turns(tmp_path):
    """24 x 32 as stored, 32 x 24 upright; the outline's extent says on which it was drawn."""
    upright = np.zeros((32, 24))
    upright[2:30, 4:12] = CAT
    maps = read_back(source_of(settings("coco"), turned_set(tmp_path / "a", 6, plain([TALL]))))
    assert all((labels == upright).all() for labels in maps.values())
    stored = np.zeros((24, 32))
    stored[2:10, 4:30] = CAT
    maps = read_back(source_of(settings("coco"), turned_set(tmp_path / "b", 6, plain([WIDE]))))
    assert all((labels == np.rot90(stored, -1)).all() for labels in maps.values())  # 6: turn by 90 degrees clockwise
    tall = plain([SQUARE], height=32, width=24)
    maps = read_back(source_of(settings("coco"), turned_set(tmp_path / "c", 6, tall)))
    assert all((labels[2:10, 4:12] == CAT).all() for labels in maps.values())


@pytest.mark.parametrize("orientation", [3, 6])
def test_where_sizes_do_not_tell_it_is_asked(tmp_path, orientation):
    raw = turned_set(tmp_path / "raw", orientation, plain())
    with pytest.raises(ValueError, match="set ingest.masks_drawn_on to stored"):
        run(settings("coco"), raw, tmp_path)
    upright, stored = (settings("coco", masks_drawn_on=side) for side in ("upright", "stored"))
    maps = read_back(source_of(upright, raw))
    assert all((labels[2:10, 4:12] == CAT).all() for labels in maps.values())
    maps = read_back(source_of(stored, raw))
    place = (slice(14, 22), slice(20, 28)) if orientation == 3 else (slice(4, 12), slice(14, 22))
    assert all((labels[place] == CAT).all() for labels in maps.values())


def test_mistakes_are_named(tmp_path):
    def edit(content):
        content["annotations"][0]["category_id"] = 99
        content["annotations"][1]["segmentation"] = []
        content["images"] += [{"id": 7, "file_name": "gone.jpg", "height": 1, "width": 1}, {"id": 8}]

    with pytest.raises(ValueError) as caught:
        run(settings("coco"), edited(coco(tmp_path / "raw"), edit), tmp_path)
    for words in (
        "annotation 1 has the category 99, which no file declares",
        "annotation 2 (cat) has no segmentation (only a box?)",
        "it lists gone.jpg, which is not there",
        "image 3 of the list has no id or no file_name",
    ):
        assert words in str(caught.value), caught.value


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda c: c.pop("categories"), "no categories"),
        (lambda c: c.update(annotations=None), "no annotations"),
        (lambda c: c["categories"][0].pop("name"), "category 1 of the list has no id or no name"),
    ],
)
def test_files_that_are_not_whole(tmp_path, edit, words):
    with pytest.raises(ValueError, match=words):
        source_of(settings("coco"), edited(coco(tmp_path), edit))


def test_one_number_for_two_categories(tmp_path):
    raw = coco(tmp_path)
    path = raw / "annotations/instances_val2017.json"
    path.write_text(path.read_text().replace('"cat"', '"lion"'))
    with pytest.raises(ValueError, match="category 17 is 'lion' here and 'cat'"):
        source_of(settings("coco"), raw)


def test_large_lists_in_any_order_are_recognised(tmp_path):
    """images between two megabytes of annotations and the categories."""
    content = plain()
    content["annotations"] += [{**content["annotations"][0], "id": k, "note": "x" * 400} for k in range(5, 3000)]
    raw = exported(tmp_path, {key: [] for key in content})
    (raw / "annotations/instances_default.json").unlink()
    ordered = {key: content[key] for key in ("annotations", "images", "categories")}
    (raw / "labels.json").write_text(json.dumps(ordered))
    assert recognise(raw).name == "coco" and len(source_of(settings("coco"), raw).records) == 4


def test_data_sets_side_by_side_are_refused_and_splits_are_not(tmp_path):
    for name in ("a", "b"):
        exported(tmp_path / "two" / name, plain())
        exported(tmp_path / "splits" / {"a": "train", "b": "val"}[name], plain())
    with pytest.raises(ValueError, match="holds several data sets: a, b"):
        recognise(tmp_path / "two")
    assert {r.split for r in source_of(settings("coco"), tmp_path / "splits").records} == {"train", "test"}


@pytest.mark.parametrize("kind", ["background", "no_mask", "refuse"])
def test_images_without_any_annotation_are_what_the_setting_says(tmp_path, kind):
    content = plain()
    content["annotations"] = content["annotations"][:3]
    source = source_of(settings("coco", fields={"empty": kind}), exported(tmp_path, content))
    bare = source.records[3]
    notes = [note for note in source.notes if "1 of 4 images have no annotation (images/3.jpg)" in note]
    if kind == "background":
        assert (bare.mask() == 0).all() and notes[0].startswith("warning: ") and "empty: no_mask" in notes[0]
    elif kind == "no_mask":
        assert bare.mask is None and "not labelled yet" in notes[0]
    else:
        assert [(p.id, p.file) for p in source.problems] == [("images/3", "images/3.jpg")] and not notes
