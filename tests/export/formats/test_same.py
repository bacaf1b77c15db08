"""`same`: the format that the data came in, where export writes it."""

import pytest

from tasks.export.formats import FORMATS
from tasks.export.formats.same import Same


@pytest.mark.parametrize(
    ("came_as", "name"), [("coco", "coco"), ("voc", "voc"), ("brain", "folders"), ("kvasir", "folders")]
)
def test_the_format_of_that_name_or_folders(came_as, name):
    assert Same().among(FORMATS, came_as).name == name
