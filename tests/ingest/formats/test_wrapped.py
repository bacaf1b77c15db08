"""Formats inside a folder that wraps them, as archives unpack: what names their classes is found there too."""

from typing import get_args

import numpy as np
import pytest

from tasks.ingest.formats import FORMATS
from tasks.ingest.recognition import read, recognise
from tests.ingest import examples
from tests.ingest.runs import settings, source_of

NAMES = [get_args(one.model_fields["name"].annotation)[0] for one in FORMATS]


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"brain", "toy"}))
def test_a_wrapping_folder_changes_nothing(name, tmp_path):
    plain, wrapped = tmp_path / "plain", tmp_path / "wrapped"
    getattr(examples, name)(plain)
    getattr(examples, name)(wrapped / "my data (v1)")
    (wrapped / "__MACOSX").mkdir()
    assert recognise(wrapped).name == name
    before, after = (read(settings(name), raw, 0) for raw in (plain, wrapped))
    assert before.classes == after.classes and not after.problems and len(before.records) == len(after.records)
    for one, other in zip(before.records[:3], after.records[:3], strict=True):
        assert (one.mask() == other.mask()).all() if one.mask else other.mask is None
        assert np.array_equal(one.image(), other.image())


def test_lists_of_names_are_found_in_the_wrapping_folder(tmp_path):
    raw = examples.labelme(tmp_path / "a" / "inner")
    (raw / "labels.txt").write_text("dog\ncat\nlion\n")
    assert source_of(settings("labelme"), tmp_path / "a").classes == ("background", "dog", "cat", "lion")
    (tmp_path / "a/labels.txt").write_text("cat\n")
    with pytest.raises(ValueError, match="inner/labels.txt and labels.txt name different labels: keep one of them"):
        source_of(settings("labelme"), tmp_path / "a")
