"""What every format owes: one small example each, read by the same rules."""

import pickle
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from segmend.stage.params import methods_of
from tasks.ingest.checking.image_checks import check, translate
from tasks.ingest.formats import FORMATS
from tasks.ingest.reading.source import Hints
from tasks.ingest.recognition import read, recognise
from tasks.ingest.settings import Params
from tests.ingest import examples
from tests.ingest.runs import run, settings

NAMES = [get_args(one.model_fields["name"].annotation)[0] for one in FORMATS]


def test_the_table_and_the_union_hold_the_same():
    assert set(methods_of(Params.model_fields["format"].rebuild_annotation())) == set(FORMATS)


@pytest.fixture(params=NAMES)
def example(request, tmp_path):
    """(format name, raw folder); a format without an example in examples.py fails here."""
    return request.param, getattr(examples, request.param)(tmp_path / "raw")


def test_it_is_recognised(example):
    name, raw = example
    assert recognise(raw).name == name


def test_classes_are_known_before_pixels_and_records_travel(example):
    """Everything about the set is known before a pixel is read; records can be sent to another process."""
    name, raw = example
    params = settings(name)
    source = read(params, raw, 0)
    assert source.classes and len(source.palette) == len(source.classes) and not source.problems
    assert len({record.id for record in source.records}) == len(source.records) > 0
    record = source.records[0]
    there = pickle.loads(pickle.dumps(record))
    assert (there.image() == record.image()).all()


def test_images_and_masks_fit_and_every_id_has_a_meaning(example):
    name, raw = example
    source = read(settings(name), raw, 0)
    for record in source.records[:5]:
        image = record.image()
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.flags["C_CONTIGUOUS"]
        assert not Path(record.file).is_absolute() and "\\" not in record.id and not Path(record.id).suffix
        facts = check(record, source.ids)
        assert facts.problems == ()
        if record.mask:
            labels, unknown = translate(record.mask(), source.ids)
            assert labels.shape == image.shape[:2] and not unknown
            assert set(np.unique(labels).tolist()) <= {*range(len(source.classes)), 254, 255}


def test_reading_twice_gives_the_same(example):
    name, raw = example
    first, second = (read(settings(name), raw, 0) for _ in range(2))
    assert [r.id for r in first.records] == [r.id for r in second.records]
    assert (first.records[-1].image() == second.records[-1].image()).all()


def test_ingest_accepts_it(example, tmp_path):
    name, raw = example
    numbers = run(settings(name), raw, tmp_path)
    assert numbers["images_train"] > 0 and numbers["quarantined"] == 0
    assert sum(v for k, v in numbers.items() if k.startswith("share.")) == pytest.approx(1, abs=1e-4)


def test_a_folder_of_another_kind_is_refused_in_words(tmp_path):
    for name in sorted(set(NAMES) - {"brain", "toy"}):
        with pytest.raises(ValueError, match=r"is not laid out as|holds no pictures"):
            settings(name).format(tmp_path, Hints(), 0)
