"""Files in which one value is of another kind than it should be: a sentence or a report, never a traceback."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tasks.ingest.checking.image_checks import check
from tasks.ingest.recognition import read
from tests.ingest import examples
from tests.ingest.runs import settings

FILES = {
    "coco": "annotations/instances_train2017.json",
    "coco_panoptic": "annotations/panoptic_train2017.json",
    "labelme": "0000.json",
    "label_studio": "project.json",
    "supervisely": "ds0/ann/0.jpg.json",
    "nifti": "dataset.json",
}


def places(content, path=()):
    """Every place of a JSON value, from the top down."""
    yield path
    inside = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in inside:
        yield from places(value, (*path, key))


def put(content, path, value):
    if not path:
        return value
    content[path[0]] = put(content[path[0]], path[1:], value)
    return content


@pytest.mark.parametrize("name", sorted(FILES))
@hypothesis_settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_another_kind_of_value_is_no_traceback(name, data):
    with TemporaryDirectory() as folder:
        raw = Path(folder)
        getattr(examples, name)(raw)
        file = raw / FILES[name]
        content = json.loads(file.read_text())
        place = data.draw(st.sampled_from(list(places(content))))
        value = data.draw(
            st.sampled_from([None, True, -1, 7, 2.5, 1e300, "x", "", [], [1], ["a"], {}, {"a": 1}, [[]], [{}]])
        )
        file.write_text(json.dumps(put(content, place, value)))
        try:
            source = read(settings(name), raw, 0)
        except ValueError:
            return
        for record in source.records[:2]:
            check(record, source.ids, source.reading)
