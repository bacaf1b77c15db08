"""dsb2018: one file an object."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from scipy.ndimage import label as components

from tests.ingest.examples import dsb2018
from tests.ingest.formats.random_sets import check_round_trip, few, label_maps, picture_of
from tests.ingest.runs import run, settings, source_of
from tests.toys import picture, save, stripes


@few
@given(label_maps(classes=2))
def test_objects_in_files_of_their_own_come_back(maps):
    def write(raw: Path, maps) -> dict[str, np.ndarray]:
        found = {}
        for k, labels in enumerate(maps):
            labels[0, 0] = 1  # an image without any object would have no masks/
            folder = raw / f"im {k}"
            save(picture_of(labels, k), folder / "images" / f"im {k}.png")
            numbers, count = components(labels)
            for part in range(1, count + 1):
                save(((numbers == part) * 255).astype(np.uint8), folder / "masks" / f"{part}.png")
            found[f"im {k}"] = labels
        return found

    check_round_trip("dsb2018", write, maps)


def test_classes_and_images_without_masks(tmp_path):
    raw = dsb2018(tmp_path)
    save(picture(9), raw / "stage1_test" / "09abc" / "images" / "09abc.png")
    source = source_of(settings("dsb2018"), raw)
    assert source.classes == ("background", "nucleus") and "12 objects" in source.notes[0]
    assert [r.mask is None for r in source.records] == [True] + [False] * 6
    named = source_of(settings("dsb2018", classes=["ground", "cell"]), raw)
    assert named.classes == ("ground", "cell")


def test_mistakes_name_the_file(tmp_path):
    raw = dsb2018(tmp_path / "raw")
    masks = raw / "stage1_train/00abc/masks"
    save(stripes((10, 10), (0, 255)), masks / "small.png")
    save(np.zeros((24, 32), np.uint8), masks / "empty.png")
    save(picture(7), raw / "stage1_train/01abc/images/second.png")
    with pytest.raises(ValueError) as caught:
        run(settings("dsb2018"), raw, tmp_path)
    for words in (
        "masks/small.png: it is 10 x 10 pixels and its image 24 x 32",
        "masks/empty.png: it covers no pixel",
        "second.png: the folder has a second image beside 01abc.png",
    ):
        assert words in str(caught.value)
