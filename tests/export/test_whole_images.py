"""What was cut at ingest is exported whole: the images' own names and sizes, every pixel equal."""

import numpy as np
import pytest

from segmend.answers import history
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import NO_REGION, VOID, read_labels, write_maps
from segmend.stage.params import validated
from tasks.export.__main__ import export
from tasks.export.settings import Params
from tests.export.sets import read_back
from tests.ingest.runs import run, settings
from tests.toys import picture, save, stripes

SHAPE = (150, 200)


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """Three images with masks, cut into tiles, and label sets r0 and r1, in which one tile of a train image was corrected."""
    here = tmp_path_factory.mktemp("cut")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segmend.stage.cache.WORK", here / ".work")
        for k, split in enumerate(("train", "val", "test")):
            save(picture(k, SHAPE), here / f"raw/images/{split}/town/photo {k}.png")
            save(stripes(SHAPE, (0, 1, 255, 2)), here / f"raw/masks/{split}/town/photo {k}.png")
        (here / "raw/classes.json").write_text('{"classes": ["sky", "tree", "road"]}')
        run(settings("folders", tile=64, tile_overlap=20), here / "raw", here)
    data = Dataset(here / "dataset")
    for sample in data.of("train", "val"):
        mask = data.mask(sample.id)
        Labels(here / "r0").write(sample.id, mask, data.card)
        if sample.id == "train/town/photo 0/r0_c0":
            mask[:3, :5] = 2
        Labels(here / "r1").write(sample.id, mask, data.card)
    history.write(here / "r1", history.table([]))
    return here


def exported(cut, to, format):
    params = validated(Params, {"format": {"name": format}}, "export")
    paths = {"dataset": cut / "dataset", "first": cut / "r0", "labels": cut / "r1"}
    return export.stage(params, 0, **paths, came_as="folders", out=to)


@pytest.mark.parametrize("format", ["folders", "coco", "voc"])
def test_whole_images_in_every_format(cut, tmp_path, format):
    metrics = exported(cut, tmp_path / "out", format)
    assert metrics["images"] == 3 and metrics["changed_pixels"] == 15
    rows = {name.rsplit("/", 1)[-1]: rest for name, *rest in read_back(tmp_path / "out", format, tmp_path)}
    assert sorted(rows) == ["photo 0", "photo 1", "photo 2"]
    for k, split in enumerate(("train", "val", "test")):
        wanted = stripes(SHAPE, (0, 1, 255, 2))
        if split == "train":
            wanted[:3, :5] = 2
        found, image, mask = rows[f"photo {k}"]
        assert found == split and np.array_equal(mask, wanted)
        assert image.shape[:2] == SHAPE and (
            format == "voc" or np.array_equal(image, picture(k, SHAPE))
        )  # voc has JPEGs


def test_names_and_sizes_are_those_that_came_in(cut, tmp_path):
    exported(cut, tmp_path / "out", "folders")
    assert read_labels(tmp_path / "out/masks/test/town/photo 2.png").shape == SHAPE
    assert not list((tmp_path / "out").rglob("r0_c0*"))


def test_objects_of_two_tiles_are_two(cut):
    from tasks.export.__main__ import whole_objects

    data, labels = Dataset(cut / "dataset"), Labels(cut / "with_objects")
    first, second, *_ = data.wholes["val/town/photo 1"].tiles
    objects = {tile.id: np.full(tile.window.shape, NO_REGION, np.int32) for tile in (first, second)}
    for array in objects.values():
        array[10:20, 10:20] = 0
    write_maps(labels.folder / "objects", sorted(objects.items()), 1)
    whole = whole_objects(data, labels, "val/town/photo 1")
    assert whole is not None and np.unique(whole).tolist() == [NO_REGION, 0, 1] and whole.shape == SHAPE
    assert whole_objects(data, labels, "train/town/photo 0") is None and VOID == 255
