"""What every format owes: the pixels that ingest reads back are those that were written, but for the losses that are counted."""

import tempfile
from json import dumps, loads
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort

from segmend.images.dataset import Dataset
from segmend.images.rasters import UNLABELLED, VOID
from tasks.export.formats import FORMATS
from tasks.export.formats.cityscapes import LABEL_IDS
from tasks.export.losses import Losses, read_back
from tests.export.sets import data_sets, written
from tests.ingest.runs import run, settings

READ_BY = {  # by which of ingest's formats an export is read, with which settings
    "folders": ("folders", {}),
    "voc": ("voc", {"val_is": "val"}),
    "cvat": ("voc", {"val_is": "val"}),  # a VOC layout with CVAT's labelmap.txt
    "cityscapes": ("cityscapes", {"val_is": "val"}),
    "ade20k": ("ade20k", {"val_is": "val"}),
    "coco": ("coco", {"val_is": "val"}),
    "coco_panoptic": ("coco_panoptic", {"val_is": "val"}),
    "huggingface": ("huggingface", {}),
    "label_studio": ("label_studio", {}),
    "geotiff": ("geotiff", {}),
}
ONE_BY_ONE = [kind for kind in FORMATS if kind().name != "nifti"]  # nifti writes volumes: test_nifti.py


def submitted(raw: Path) -> None:
    """What people make of Label Studio's tasks who open each and submit it as it is."""
    tasks = loads((raw / "tasks.json").read_text(encoding="utf-8"))
    for number, task in enumerate(tasks, 1):
        task |= {"id": number, "annotations": [{"result": task.pop("predictions")[0]["result"], "completed_by": 1}]}
    (raw / "tasks.json").write_text(dumps(tasks), encoding="utf-8")


@pytest.mark.parametrize("kind", ONE_BY_ONE, ids=lambda kind: kind().name)
@given(made=data_sets())
@effort(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_ingest_reads_the_same_pixels_back(kind, made):
    method = kind()
    reader, fields = READ_BY[method.name]
    if method.name == "cityscapes":  # its own classes, which need no file to name them
        made = made._replace(
            card=made.card.model_copy(update={"classes": tuple(LABEL_IDS), "colours": ((0, 0, 0),) * 19})
        )
    with tempfile.TemporaryDirectory() as folder:
        raw = written(method, made, Path(folder) / "raw")
        if method.name == "label_studio":
            submitted(raw)
        more = {"fields": fields} if fields else {}
        run(settings(reader, keep_going=True, **more), raw, Path(folder))
        data = Dataset(Path(folder) / "dataset")
        names = {name: k for k, name in enumerate(data.classes)}
        back = {Path(sample.id).name.split("_leftImg8bit")[0]: sample for sample in data.samples}
        losses, classes, came_back = Losses(method), made.card.classes, {}
        for item in made.items:
            sample = back.get(Path(item.sample.id).name)
            if sample is None:  # ingest leaves out Cityscapes' test images, whose masks are not public
                assert method.name == "cityscapes" and item.sample.split == "test"
                continue
            if not data.has_mask(sample.id):
                assert item.sample.split == "test"
                continue
            losses.add(item.sample, item.labels)
            table = np.full(256, VOID, np.uint8)
            table[UNLABELLED] = UNLABELLED
            for name, k in names.items():
                table[k] = classes.index(name) if name in classes else len(classes)
                assert name in classes or name == "background"
            labels = table[data.mask(sample.id)]
            assert np.array_equal(labels, read_back(item.labels, method, classes))
            came_back[sample.id] = labels != item.labels
            if not method.image_loss or method.name == "geotiff":  # its images are 8-bit RGB here already
                assert np.array_equal(data.image(sample.id), item.image)
        lost = sum(row.pixels for row in losses.counted())
        assert lost == sum(int(differs.sum()) for differs in came_back.values())  # what is told is what is lost


@pytest.mark.parametrize("kind", ONE_BY_ONE, ids=lambda kind: kind().name)
@given(made=data_sets())
@effort(max_examples=3, deadline=None)
def test_equal_data_give_equal_bytes_and_images_can_be_left_out(kind, made):
    with tempfile.TemporaryDirectory() as folder:
        first, second, bare = (
            written(kind(), made, Path(folder) / name, images)
            for name, images in (("a", True), ("b", True), ("c", False))
        )
        files = {path.relative_to(first): path.read_bytes() for path in first.rglob("*") if path.is_file()}
        assert files == {path.relative_to(second): path.read_bytes() for path in second.rglob("*") if path.is_file()}
        without = {path.relative_to(bare) for path in bare.rglob("*") if path.is_file()}
        assert without < set(files)
