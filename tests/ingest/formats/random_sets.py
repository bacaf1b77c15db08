"""Random data sets for property tests: maps of class ids, and how a format's reading of them is compared."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasks.ingest.checking.image_checks import check, translate
from tasks.ingest.reading.context import reading_as
from tasks.ingest.reading.source import Source
from tests.ingest.runs import settings, source_of

CLASSES = ("background", "cat", "dog")
few = hypothesis_settings(max_examples=15, deadline=None)


@st.composite
def label_maps(draw, classes: int = len(CLASSES), most: int = 3):
    """One to `most` maps uint8 (h, w) of ids below `classes`, of 2 to 24 rows and columns each, in blocks and in dust."""
    maps = []
    for _ in range(draw(st.integers(1, most))):
        height, width, block = draw(st.integers(2, 24)), draw(st.integers(2, 24)), draw(st.sampled_from([1, 1, 3, 5]))
        small = (-(-height // block), -(-width // block))
        coarse = draw(arrays(np.uint8, small, elements=st.integers(0, classes - 1)))
        maps.append(np.kron(coarse, np.ones((block, block), np.uint8))[:height, :width])
    return maps


def picture_of(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """A random image of the map's size."""
    return np.random.default_rng(seed).integers(0, 256, (*labels.shape, 3), dtype=np.uint8)


def read_back(source: Source) -> dict[str, np.ndarray]:
    """id -> labels, as ingest would write them; fails on problems and on ids without a meaning."""
    assert not source.problems
    maps = {}
    for record in source.records:
        assert check(record, source.ids, source.reading).problems == ()
        with reading_as(source.reading):
            labels, unknown = translate(record.mask(), source.ids)
        assert not unknown and labels.shape == record.image().shape[:2]
        maps[record.id] = labels
    return maps


def check_round_trip(format: str, write, maps: list[np.ndarray], **fields) -> Source:
    """`write(folder, maps)` gives id -> map; the format `format` must read back the same ids and pixels."""
    with TemporaryDirectory() as folder:
        expected = write(Path(folder), maps)
        source = source_of(settings(format, fields=fields or None), Path(folder))
        found = read_back(source)
        assert found.keys() == expected.keys()
        for name, labels in expected.items():
            assert (found[name] == labels).all(), name
        return source
