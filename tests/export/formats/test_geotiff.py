"""GeoTIFF: what leaves lies where it came from, and its labels are those of the data set."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from warnings import catch_warnings

import numpy as np
import rasterio
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from rasterio.errors import NotGeoreferencedWarning

from segmend.images.dataset import Dataset, Sample
from tasks.export.__main__ import places_in
from tasks.export.formats._base import Item
from tasks.export.formats.geotiff import Geotiff
from tests.export.sets import Made, written
from tests.ingest.examples import as_json, save_geo
from tests.ingest.runs import run, settings
from tests.toys import LEAF_CARD


@given(
    st.tuples(st.integers(2, 9), st.integers(2, 9)),
    st.lists(st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda x: abs(x) > 1e-3), min_size=4, max_size=4),
    st.sampled_from(["EPSG:32633", "EPSG:4326", None]),
    st.integers(0, 2**16),
)
@effort(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_out_and_in_again(size, numbers, crs, seed):
    """Labels, coordinate system and transform of every tile, through ingest, export and ingest."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(np.array([0, 1, 2, 254, 255], np.uint8), (3, *size))
    labels[:, 0, :2] = 0, 1
    transform = rasterio.Affine(abs(numbers[0]), 0, numbers[1], 0, -abs(numbers[2]), numbers[3])
    with TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        for k, tile in enumerate(labels):
            save_geo(
                rng.integers(256, size=(3, *size), dtype=np.uint8),
                raw / f"images/t{k}.tif",
                photometric="RGB",
                crs=crs,
                transform=transform,
            )
            save_geo(tile[None], raw / f"masks/t{k}.tif", crs=crs, transform=transform)
        as_json(raw / "classes.json", {"classes": ["a", "b", "c"]})
        run(settings("geotiff"), raw, Path(folder) / "first")
        data = Dataset(Path(folder) / "first/dataset")
        places = places_in(data.folder)
        items = [Item(s, data.image(s.id), data.mask(s.id), None, places[s.id]) for s in data.samples]
        out = written(Geotiff(), Made(data.card, items), Path(folder) / "out")
        with rasterio.open(out / "masks/t1.tif") as file:
            assert (file.crs, file.transform) == (crs and rasterio.CRS.from_user_input(crs), transform)
        run(settings("geotiff"), out, Path(folder) / "second")
        again = Dataset(Path(folder) / "second/dataset")
        assert [s[:4] for s in again.samples] == [s[:4] for s in data.samples]
        assert all((again.mask(s.id) == data.mask(s.id)).all() for s in data.samples)
        assert all((again.image(s.id) == data.image(s.id)).all() for s in data.samples)
        kept = [
            json.loads((Path(folder) / name / "dataset/georeference.json").read_text()) for name in ("first", "second")
        ]
        assert kept[0] == kept[1]


def test_data_without_a_georeference_are_written_too(tmp_path):
    image, labels = np.zeros((2, 3, 3), np.uint8), np.array([[0, 1, 255], [1, 0, 254]], np.uint8)
    item = Item(Sample("a", "train", 2, 3, "", ""), image, labels)
    out = written(Geotiff(), Made(LEAF_CARD, [item]), tmp_path / "out")
    with catch_warnings(action="ignore", category=NotGeoreferencedWarning), rasterio.open(out / "masks/a.tif") as file:
        assert file.crs is None and (file.read(1) == labels).all() and file.colormap(1)[0][:3] == LEAF_CARD.colours[0]
