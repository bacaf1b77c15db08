"""cvat_images: every kind of shape, layers, subsets, mistakes by image and shape."""

from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest
from hypothesis import given

from tasks.ingest.reading.source import Hints
from tests.ingest.examples import cvat_images
from tests.ingest.formats.random_sets import CLASSES, check_round_trip, few, label_maps, picture_of
from tests.ingest.runs import run, settings, source_of
from tests.toys import picture, save

LABELS = "".join(f"<label><name>{name}</name><color>#0a0b0c</color><type>any</type></label>" for name in CLASSES[1:])


def xml(entries: str, where: str = "task") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>'
        f"<meta><{where}><labels>{LABELS}</labels></{where}></meta>{entries}</annotations>"
    )


def one_image(raw: Path, shapes: str) -> Path:
    save(picture(0), raw / "images" / "a.jpg")
    (raw / "annotations.xml").write_text(xml(f'<image id="0" name="a.jpg" width="32" height="24">{shapes}</image>'))
    return raw


def mask_of(raw: Path, shapes: str, **fields) -> np.ndarray:
    return source_of(settings("cvat_images", fields=fields or None), one_image(raw, shapes)).records[0].mask()


def mask_element(inside: np.ndarray, label: str, layer: int = 0) -> str:
    """As CVAT dumps a mask: run lengths of its window, row by row, from outside on."""
    rows, columns = np.nonzero(inside)
    top, left = rows.min(), columns.min()
    window = inside[top : rows.max() + 1, left : columns.max() + 1]
    runs = [(bool(value), len(list(group))) for value, group in groupby(window.ravel().tolist())]
    counts = [count for _, count in runs]
    text = ", ".join(map(str, [0, *counts] if runs[0][0] else counts))
    return (
        f'<mask label="{label}" source="manual" occluded="0" rle="{text}" left="{left}" top="{top}" '
        f'width="{window.shape[1]}" height="{window.shape[0]}" z_order="{layer}"></mask>'
    )


@few
@given(label_maps())
def test_masks_as_cvat_dumps_them_come_back(maps):
    def write(raw: Path, maps) -> dict[str, np.ndarray]:
        entries = ""
        for k, labels in enumerate(maps):
            name = f"im & {k}.png"
            save(picture_of(labels, k), raw / "images" / name)
            shapes = "".join(mask_element(labels == k, CLASSES[k]) for k in (1, 2) if (labels == k).any())
            entries += f'<image id="{k}" name={quoteattr(name)} width="{labels.shape[1]}" height="{labels.shape[0]}">{shapes}</image>'
        (raw / "annotations.xml").write_text(xml(entries, "job"))
        return {f"images/im & {k}": labels for k, labels in enumerate(maps)}

    source = check_round_trip("cvat_images", write, maps)
    assert source.classes == CLASSES and source.colours == ((0, 0, 0), (10, 11, 12), (10, 11, 12))


@pytest.mark.parametrize(
    ("shape", "pixels"),
    [
        ('<polygon label="dog" points="4,2;12,2;12,10;4,10"/>', 64),
        ('<box label="dog" xtl="4" ytl="2" xbr="12" ybr="10"/>', 64),
        ('<box label="dog" xtl="4" ytl="5" xbr="12" ybr="7" rotation="90"/>', 16),
        ('<ellipse label="dog" cx="10" cy="10" rx="3" ry="3"/>', 32),
        ('<ellipse label="dog" cx="10" cy="10" rx="6" ry="2" rotation="90"/>', 40),
        ('<mask label="dog" rle="1, 2, 1" left="6" top="4" width="2" height="2"/>', 2),
    ],
)
def test_areas_by_hand(tmp_path, shape, pixels):
    assert (mask_of(tmp_path, shape) == 2).sum() == pixels


def test_layers_and_orders(tmp_path):
    low = '<polygon label="cat" points="4,2;12,2;12,10;4,10" z_order="0"/>'
    small = '<polygon label="dog" points="6,4;8,4;8,6;6,6" z_order="{}"/>'
    assert (mask_of(tmp_path, small.format(1) + low) == 2).sum() == 4  # a higher layer, though listed first
    assert (mask_of(tmp_path, small.format(0) + low) == 2).sum() == 0
    assert (mask_of(tmp_path, small.format(0) + low, order="smaller_over_larger") == 2).sum() == 4


def test_shapes_without_an_area_and_empty_images_are_counted(tmp_path):
    source = source_of(
        settings("cvat_images"), one_image(tmp_path, '<points label="dog" points="3,3"/><tag label="cat"/>')
    )
    assert any("not drawn, since they have no area: 1 x points 'dog', 1 x tag 'cat'" in note for note in source.notes)
    assert any("1 of 1 images have no annotation" in note for note in source.notes)


def test_subsets_are_splits_and_unlisted_images_have_no_mask(tmp_path):
    entries = ""
    for k, subset in enumerate(("Train", "Validation", "Test", "default")):
        save(picture(k), tmp_path / "images" / subset / "same.jpg")
        entries += f'<image id="{k}" name="same.jpg" subset="{subset}" width="32" height="24"></image>'
    save(picture(9), tmp_path / "images" / "more.jpg")
    (tmp_path / "annotations.xml").write_text(xml(entries, "project"))
    source = settings("cvat_images").format(tmp_path, Hints(), 0)
    assert {r.id: (r.split, r.mask is None) for r in source.records} == {
        "images/Train/same": ("train", False), "images/Validation/same": ("val", False),
        "images/Test/same": ("test", False), "images/default/same": (None, False), "images/more": (None, True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ('<polygon label="lion" points="4,2;12,2;12,10"/>', r"image a.jpg: polygon 1 \(lion\): the list of labels"),
        ('<polygon label="cat" points="4,2;12"/>', r"polygon 1 \(cat\): its outline has 3 numbers"),
        ('<polygon label="cat" points="a,2;12,2;4,4"/>', "it cannot be read"),
        ('<polygon label="cat"/>', "it cannot be read"),
        ('<polygon label="cat" points="4,2;12,2"/>', "has 2 corners"),
        ('<polygon label="cat" points="4,2;99,2;5,9"/>', "it reaches from"),
        ('<mask label="cat" rle="3" left="6" top="4" width="2" height="2"/>', "run lengths add up to 3, not to 2 x 2"),
        ('<mask label="cat" rle="4" left="6" top="4" width="2" height="2"/>', "covers no pixel"),
        ('<ellipse label="cat" cx="10" cy="10" rx="0" ry="3"/>', "covers no pixel"),
    ],
)
def test_mistakes_name_the_image_and_the_shape(tmp_path, shape, words):
    with pytest.raises(ValueError, match=words):
        run(settings("cvat_images"), one_image(tmp_path / "raw", shape), tmp_path)


def test_files_that_are_refused(tmp_path):
    raw = cvat_images(tmp_path)
    text = (raw / "annotations.xml").read_text()
    (raw / "annotations.xml").write_text(
        text.replace("</annotations>", '<track id="0" label="cat"></track></annotations>')
    )
    with pytest.raises(ValueError, match="is 'CVAT for video'"):
        source_of(settings("cvat_images"), raw)
    (raw / "annotations.xml").write_text(text[:-20])
    with pytest.raises(ValueError, match="cannot be read as XML"):
        source_of(settings("cvat_images"), raw)
    bomb = '<!DOCTYPE a [<!ENTITY b "cc">]>'
    (raw / "annotations.xml").write_text(text.replace("<annotations>", f"{bomb}<annotations>").replace("cat", "&b;", 1))
    with pytest.raises(ValueError, match="cannot be read as XML"):
        source_of(settings("cvat_images"), raw)


def test_missing_and_doubled_images(tmp_path):
    raw = cvat_images(tmp_path)
    (raw / "images/frame 0.jpg").unlink()
    text = (raw / "annotations.xml").read_text().replace("frame 2.jpg", "frame 1.jpg")
    (raw / "annotations.xml").write_text(text)
    reasons = [problem.reason for problem in source_of(settings("cvat_images"), raw).problems]
    assert any("it lists frame 0.jpg, which is not there" in reason for reason in reasons)
    assert any("it lists frame 1.jpg twice" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("file", "name"), [("frame_000000.PNG", "frame_000000"), ("a.JPG", "a.jpg"), ("v.1.png", "v.1")]
)
def test_names_without_a_suffix_or_with_other_capitals(tmp_path, file, name):
    save(picture(0), tmp_path / "images" / file, format="PNG")
    shape = '<box label="dog" xtl="4" ytl="2" xbr="12" ybr="10"/>'
    (tmp_path / "annotations.xml").write_text(
        xml(f'<image id="0" name="{name}" width="32" height="24">{shape}</image>')
    )
    source = source_of(settings("cvat_images"), tmp_path)
    assert len(source.records) == 1 and (source.records[0].mask() == 2).sum() == 64
