"""label_studio: brush run lengths as its converter packs them, outlines in percent, several annotators, short form."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmend.images.brush import cover_brush, unpacked_values
from tasks.ingest.recognition import recognise
from tests.ingest.examples import as_json, label_studio
from tests.ingest.formats.random_sets import CLASSES, check_round_trip, few, label_maps, picture_of, read_back
from tests.ingest.runs import run, settings, source_of
from tests.toys import picture, save


def packed(values: np.ndarray) -> list[int]:
    """Run lengths as label_studio_sdk.converter.brush.encode_rle packs them: 8-bit values, sizes 3, 4, 8 and 16 bits."""
    edges = np.flatnonzero(np.diff(values.astype(int))) + 1
    starts = [0, *edges.tolist()]
    bits = f"{len(values):032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    for start, end in zip(starts, [*starts[1:], len(values)], strict=True):
        length, value = end - start, int(values[start])
        if length == 1:
            bits += f"000000{value:08b}"
        while length > 1:
            part = min(length, 1 << 16)
            kind = next(k for k, size in enumerate((3, 4, 8, 16)) if part <= 1 << size)
            bits += f"1{kind:02b}{part - 1:0{(3, 4, 8, 16)[kind]}b}{value:08b}"
            length -= part
    bits += "0" * (8 - len(bits) % 8)
    return [int(bits[k : k + 8], 2) for k in range(0, len(bits), 8)]


def brush(mask: np.ndarray, label: str, key: str = "1") -> dict:
    height, width = mask.shape
    rle = packed(np.repeat(mask.astype(np.uint8).ravel() * 255, 4))
    value = {"format": "rle", "rle": rle, "brushlabels": [label]}
    sides = {"original_width": width, "original_height": height}
    return {"id": key, "type": "brushlabels", "from_name": "tag", "to_name": "image", "value": value, **sides}


def region(kind: str, value: dict, label: str = "cat", size: tuple[int, int] = (24, 32)) -> dict:
    sides = {"original_width": size[1], "original_height": size[0]}
    return {"id": "r", "type": kind, "value": {**value, kind: [label]}, **sides}


def one_task(raw: Path, results: list, **annotation) -> Path:
    save(picture(0), raw / "a.jpg")
    entry = {"id": 7, "completed_by": 1, "result": results, **annotation}
    as_json(raw / "export.json", [{"id": 3, "data": {"image": "/data/upload/1/a.jpg"}, "annotations": [entry]}])
    return raw


def test_bytes_that_the_converter_wrote():
    """mask2rle of label_studio_sdk 2.1.2 for a 3 x 5 mask, and for 11 x 13 pixels in blocks."""
    small = bytes([0, 0, 0, 60, 57, 27, 254, 23, 0, 183, 255, 132, 192, 35, 255, 0])
    mask = cover_brush(small, 3, 5, 3, 5)
    assert mask.astype(int).tolist() == [[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 1]]
    blocks = bytes(
        [0, 0, 2, 60, 57, 27, 254, 19, 255, 195, 224, 24, 79, 255, 15, 128, 97, 63, 252, 62, 1, 132, 255, 241, 152, 6]
        + [31, 255, 194, 96, 24, 127, 255, 9, 128, 97, 255, 252, 38, 1, 174, 255, 192]
    )
    mask = cover_brush(blocks, 11, 13, 11, 13)
    assert mask[:4, :5].all() and mask[4:8, 5:].all() and mask[8:].all() and mask.sum() == 91
    assert packed(np.repeat((mask * 255).astype(np.uint8).ravel(), 4)) == list(blocks)


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(1, 400)), min_size=1, max_size=20))
@few
def test_values_come_back(runs):
    values = np.concatenate([np.full(length, value, np.uint8) for value, length in runs])
    assert (unpacked_values(bytes(packed(values)), len(values)) == values).all()


def test_blocks_of_single_values():
    """Runs of different values, which the converter does not write and Label Studio's page does."""
    bits = f"{4:032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16)) + f"000{3:03b}"
    bits += "".join(f"{value:08b}" for value in (9, 8, 7, 6))
    bits += "0" * (-len(bits) % 8)
    data = bytes(int(bits[k : k + 8], 2) for k in range(0, len(bits), 8))
    assert unpacked_values(data, 4).tolist() == [9, 8, 7, 6]


@pytest.mark.parametrize(
    ("data", "words"), [(b"", "cut off"), (b"\0" * 9, "hold 0 values, not 16"), (packed(np.zeros(16))[:8], "cut off")]
)
def test_broken_run_lengths(data, words):
    with pytest.raises(ValueError, match=words):
        unpacked_values(bytes(data), 16)


@few
@given(label_maps())
def test_brushed_masks_come_back(maps):
    def write(raw: Path, maps) -> dict[str, np.ndarray]:
        tasks = []
        for k, labels in enumerate(maps):
            labels[0, :2] = (1, 2)  # every class somewhere, so that names are known
            save(picture_of(labels, k), raw / "images" / f"0a1b2c3{k}-im {k}.png")
            results = [
                brush(labels == label, CLASSES[label], f"{label}") for label in (1, 2) if (labels == label).any()
            ]
            annotation = {"id": 10 + k, "completed_by": {"id": 1, "email": "a@b.org"}, "result": results}
            tasks.append(
                {"id": k, "data": {"image": f"/data/upload/1/0a1b2c3{k}-im%20{k}.png"}, "annotations": [annotation]}
            )
        as_json(raw / "project.json", tasks)
        return {f"images/0a1b2c3{k}-im {k}": labels for k, labels in enumerate(maps)}

    assert check_round_trip("label_studio", write, maps).classes == CLASSES


@pytest.mark.parametrize(
    ("kind", "value", "pixels"),
    [
        ("polygonlabels", {"points": [[12.5, 25], [37.5, 25], [37.5, 75], [12.5, 75]]}, 96),
        ("rectanglelabels", {"x": 12.5, "y": 25, "width": 25, "height": 50, "rotation": 0}, 96),
        ("rectanglelabels", {"x": 50, "y": 25, "width": 25, "height": 25, "rotation": 90}, 48),
        ("ellipselabels", {"x": 50, "y": 50, "radiusX": 9.375, "radiusY": 12.5, "rotation": 0}, 32),
    ],
)
def test_outlines_in_percent(tmp_path, kind, value, pixels):
    source = source_of(settings("label_studio"), one_task(tmp_path, [region(kind, value)]))
    assert (source.records[0].mask() == 1).sum() == pixels


def test_the_example_and_its_order(tmp_path):
    source = source_of(settings("label_studio"), label_studio(tmp_path))
    assert source.classes == ("background", "cat", "dog")
    assert all((labels == 1).sum() == 64 - 4 and (labels == 2).sum() == 4 for labels in read_back(source).values())


def test_names_with_and_without_what_an_upload_adds(tmp_path):
    save(picture(0), tmp_path / "photo.jpg")
    save(picture(1), tmp_path / "sub" / "b.jpg")
    tasks = [
        {"id": 1, "data": {"image": "/data/upload/1/0123abcd-photo.jpg"}, "annotations": []},
        {
            "id": 2,
            "data": {"picture": "/data/local-files/?d=sub/b.jpg"},
            "annotations": [{"completed_by": 1, "result": []}],
        },
    ]
    as_json(tmp_path / "p.json", tasks)
    source = source_of(settings("label_studio", classes=["cat"]), tmp_path)
    assert {r.id: r.mask is None for r in source.records} == {"photo": True, "sub/b": False}


def test_several_annotators(tmp_path):
    raw = label_studio(tmp_path / "raw")
    tasks = json.loads((raw / "project.json").read_text())
    tasks[0]["annotations"].append({"completed_by": 2, "result": [], "ground_truth": True})
    tasks[1]["annotations"].append({"completed_by": 3, "result": [], "was_cancelled": True})
    as_json(raw / "project.json", tasks)
    source = source_of(settings("label_studio"), raw)
    assert source.annotators == ("gold", "user1")
    assert [len(record.annotations) for record in source.records] == [2, 1, 1, 1, 1, 1]
    assert (source.records[0].annotations[0].mask() == 0).all()
    assert any("1 cancelled annotations" in note for note in source.notes)
    assert run(settings("label_studio"), raw, tmp_path)["annotations"] == 7


def test_the_short_form(tmp_path):
    save(picture(0), tmp_path / "a.jpg")
    mask = np.zeros((24, 32), bool)
    mask[3:5, 3:5] = True
    full = brush(mask, "cat")
    item = {**full["value"], "original_width": 32, "original_height": 24}
    as_json(
        tmp_path / "min.json",
        [{"image": "/data/upload/a.jpg", "id": 1, "tag": [item], "annotator": 1, "annotation_id": 2}],
    )
    assert (source_of(settings("label_studio"), tmp_path).records[0].mask() == mask).all()


def test_results_without_an_area_are_counted(tmp_path):
    raw = one_task(
        tmp_path,
        [region("keypointlabels", {"x": 5, "y": 5, "width": 1}), {"type": "choices", "value": {"choices": ["a"]}}],
    )
    source = source_of(settings("label_studio"), raw)
    assert any("not drawn, since they have no area: 1 x keypointlabels 'cat'" in note for note in source.notes)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (region("polygonlabels", {"points": [[10, 10], [20, 20]]}), r"region r \(cat\): its outline has 2 corners"),
        (region("polygonlabels", {"points": [[10, 10], [20, 20], [140, 5]]}), "it reaches from"),
        (region("polygonlabels", {"points": [[10], 3]}), r"task 3: region r \(cat\): it cannot be read"),
        (
            {**region("polygonlabels", {"points": []}), "value": {"points": [[1, 1]], "polygonlabels": []}},
            "it has no label or several",
        ),
        (region("polygonlabels", {"points": [[10, 10], [20, 10], [20, 20]]}, size=(50, 50)), "given as 50 x 50"),
        (brush(np.zeros((24, 32), bool), "cat"), "it covers no pixel"),
    ],
)
def test_mistakes_name_the_task_or_the_region(tmp_path, result, words):
    with pytest.raises(ValueError, match=words):
        run(settings("label_studio"), one_task(tmp_path / "raw", [result]), tmp_path)


def test_tasks_that_fit_no_image(tmp_path):
    raw = label_studio(tmp_path)
    tasks = json.loads((raw / "project.json").read_text())
    tasks[0]["data"]["image"] = "gone.jpg"
    tasks[1]["data"]["image"] = tasks[2]["data"]["image"]
    tasks[3]["annotations"] *= 2
    as_json(raw / "project.json", tasks)
    reasons = " ".join(problem.reason for problem in source_of(settings("label_studio"), raw).problems)
    for words in (
        "task 1 is about gone.jpg, which is not there",
        "task 3: another task is about",
        "task 4 has two annotations by user1",
    ):
        assert words in reasons


def test_a_large_stroke_before_all_that_names_the_format(tmp_path):
    """Label Studio writes annotations before data, and run lengths before labels; both forms are recognised."""
    noise = np.random.default_rng(0).random((150, 200)) > 0.5
    save(picture(0, noise.shape), tmp_path / "a.jpg")
    stroke = brush(noise, "cat")
    tasks = [{"id": 1, "annotations": [{"id": 2, "completed_by": 1, "result": [stroke]}], "data": {"image": "a.jpg"}}]
    as_json(tmp_path / "p.json", tasks)
    assert recognise(tmp_path).name == "label_studio" and (tmp_path / "p.json").stat().st_size > 1 << 16
    item = {**stroke["value"], "original_width": 200, "original_height": 150}
    as_json(tmp_path / "p.json", [{"image": "a.jpg", "id": 1, "tag": [item], "annotator": 1}])
    assert recognise(tmp_path).name == "label_studio"
    assert (source_of(settings("label_studio"), tmp_path).records[0].mask() == noise).all()
