"""coco: outlines, run lengths, overlaps, crowds, stuff."""

import json

import numpy as np
import pytest

from tasks.ingest.reading.outlines import Piece, drawn, polygons, run_lengths, unpacked
from tests.ingest.examples import coco, runs
from tests.ingest.raw import run, settings, source_of

BACKGROUND, CAT, DOG = 0, 1, 2


def expected(inner: int = DOG) -> np.ndarray:
    labels = np.full((24, 32), BACKGROUND)
    labels[2:10, 4:12] = CAT
    labels[4:6, 6:9] = inner
    labels[20:] = DOG
    return labels


def test_smaller_lies_over_larger(tmp_path):
    source = source_of(settings("coco"), coco(tmp_path))
    assert source.classes == ("background", "cat", "dog")
    assert [(r.id, r.split) for r in source.records] == [("train2017/000", "train"), ("val2017/001", "test")]
    assert (source.records[0].mask() == expected()).all()
    assert any("captions_train2017.json" in note for note in source.notes)


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


def test_run_lengths_by_hand_and_compressed():
    """2 x 3 pixels down the columns: out, in, in, out, out, in. Compressed counts are cocoapi's own for these runs."""
    inside = np.array([[False, True, False], [True, False, True]])
    assert runs(inside)["counts"] == [1, 2, 2, 1]
    assert (run_lengths({"size": [2, 3], "counts": [1, 2, 2, 1]}) == inside).all()
    assert unpacked("122O") == [1, 2, 2, 1]  # the fourth as 1 - 2 = -1: five bits of ones
    with pytest.raises(ValueError, match="add up to 5, not to 2 x 3"):
        run_lengths({"size": [2, 3], "counts": [5]})


@pytest.mark.parametrize("seed", range(3))
def test_compressed_run_lengths_come_back(seed):
    """Packed by a plain reading of the format's description, unpacked by ours."""
    counts = np.random.default_rng(seed).integers(0, 5000, 40).tolist()
    text = ""
    for k, count in enumerate(counts):
        value = count - counts[k - 2] if k > 2 else count
        more = True
        while more:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            text += chr(48 + bits + 32 * more)
    assert unpacked(text) == counts


def test_polygons_by_pixel_centres():
    """A triangle over a 4 x 4 image: pixels whose centre lies below the diagonal; two polygons are united."""
    assert polygons([[0, 0, 0, 4, 4, 4]], 4, 4).sum() in (6, 10)  # centres on the diagonal fall to one side
    both = polygons([[0, 0, 2, 0, 2, 2, 0, 2], [2, 2, 4, 2, 4, 4, 2, 4]], 4, 4)
    assert (both == np.kron(np.eye(2), np.ones((2, 2))).astype(bool)).all()


def test_equal_sizes_keep_the_listing_order():
    square = [[0, 0, 2, 0, 2, 2, 0, 2]]
    labels = drawn([Piece(1, square), Piece(2, square)], 2, 2, 0, "smaller_over_larger")
    assert (labels == 2).all()


def test_mistakes_are_named(tmp_path):
    raw = coco(tmp_path / "raw")
    path = raw / "annotations/instances_train2017.json"
    content = json.loads(path.read_text())
    content["annotations"][0]["category_id"] = 99
    content["annotations"][1]["segmentation"] = []
    content["images"].append({"id": 7, "file_name": "gone.jpg", "height": 1, "width": 1})
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError) as caught:
        run(settings("coco"), raw, tmp_path)
    text = str(caught.value)
    for words in (
        "the category 99, which no file declares",
        "has no segmentation (only a box?)",
        "it lists gone.jpg, which is not there",
    ):
        assert words in text, text


def test_one_number_for_two_categories(tmp_path):
    raw = coco(tmp_path)
    path = raw / "annotations/instances_val2017.json"
    path.write_text(path.read_text().replace('"cat"', '"lion"'))
    with pytest.raises(ValueError, match="category 17 is 'lion' here and 'cat'"):
        source_of(settings("coco"), raw)
