"""geotiff: nodata and mask bands are void, the georeference is kept, masks that lie elsewhere are refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given

from tasks.ingest.checking.image_checks import translate
from tests.ingest.examples import as_json, geotiff, save_geo
from tests.ingest.formats.random_sets import CLASSES, check_round_trip, few, label_maps, picture_of
from tests.ingest.runs import run, settings, source_of
from tests.toys import save, stripes


def labels_of(source, number: int = 0) -> np.ndarray:
    return translate(source.records[number].mask(), source.ids)[0]


@few
@given(label_maps(classes=4))
def test_tiles_come_back(maps):
    """Id 3 plays nodata: the mask's nodata value, and the image's mask band."""

    def write(raw: Path, maps) -> dict[str, np.ndarray]:
        for k, labels in enumerate(maps):
            path = raw / "images" / f"t {k}.tif"
            save_geo(np.moveaxis(picture_of(labels, k), 2, 0), path, photometric="RGB")
            if k % 2:
                save_geo(labels[None], raw / "masks" / f"t {k}.tif", nodata=3)
            else:
                save_geo(np.where(labels == 3, 0, labels).astype(np.uint8)[None], raw / "masks" / f"t {k}.tif")
                with rasterio.open(path, "r+") as file:
                    file.write_mask(labels != 3)
        as_json(raw / "classes.json", {"classes": list(CLASSES)})
        return {f"t {k}": np.where(labels == 3, 255, labels) for k, labels in enumerate(maps)}

    check_round_trip("geotiff", write, maps)


def test_nodata_bits_and_bands(tmp_path):
    source = source_of(settings("geotiff"), geotiff(tmp_path))
    labels = labels_of(source)
    assert (labels[:, :2] == 255).all() and (labels[:, 2:] == stripes()[:, 2:]).all()
    assert any("use values up to 3999: 0 is black and 4095 white" in note for note in source.notes)
    assert any("bands 1, 2, 3 of 4 are shown" in note for note in source.notes)
    with rasterio.open(tmp_path / "images/tile_0.tif") as file:
        stored = file.read(4)
    image = source_of(settings("geotiff", fields={"bands": [4]}, image_range=[0, 4095]), tmp_path).records[0].image()
    assert (image[..., 0] == np.floor(stored * (255 / 4095) + 0.5)).all() and (image[..., 0] == image[..., 2]).all()


def test_the_georeference_is_kept(tmp_path):
    raw = geotiff(tmp_path / "raw")
    run(settings("geotiff"), raw, tmp_path)
    kept = json.loads((tmp_path / "dataset/georeference.json").read_text())
    assert sorted(kept) == [f"tile_{k}" for k in range(6)]
    assert kept["tile_1"]["transform"] == [0.5, 0, 500_016, 0, -0.5, 5_300_000] and kept["tile_1"]["width"] == 32
    assert rasterio.crs.CRS.from_wkt(kept["tile_1"]["crs"]).to_epsg() == 32633


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"left": 500_003.0}, "it lies up to 6.0 pixels beside its image"),
        ({"crs": "EPSG:4326"}, "its coordinate system is not"),
    ],
)
def test_masks_that_lie_elsewhere(tmp_path, options, words):
    raw = geotiff(tmp_path / "raw")
    save_geo(stripes()[None], raw / "masks/tile_0.tif", **options)
    with pytest.raises(ValueError, match=f"masks/tile_0.tif: {words}"):
        run(settings("geotiff"), raw, tmp_path)


def test_a_nodata_value_that_is_a_class_is_asked_for(tmp_path):
    raw = geotiff(tmp_path)
    save_geo(stripes()[None], raw / "masks/tile_0.tif", nodata=1)
    with pytest.raises(ValueError, match="masks/tile_0.tif has the nodata value 1, which is also a declared class"):
        source_of(settings("geotiff"), raw)
    labels = labels_of(source_of(settings("geotiff", fields={"nodata": "void"}), raw))
    assert (labels[stripes() == 1] == 255).all()
    labels = labels_of(source_of(settings("geotiff", fields={"nodata": "class"}), raw))
    assert (labels[:, 2:] == stripes()[:, 2:]).all()


def test_masks_may_be_plain_pictures(tmp_path):
    raw = geotiff(tmp_path)
    (raw / "masks/tile_0.tif").unlink()
    save(stripes(), raw / "masks/tile_0.png")
    labels = labels_of(source_of(settings("geotiff"), raw))
    assert (labels[:, :2] == 255).all() and (labels[:, 2:] == stripes()[:, 2:]).all()


def test_files_that_are_broken_and_floats(tmp_path):
    raw = geotiff(tmp_path / "raw")
    save_geo(np.ones((1, 24, 32), np.float32), raw / "images/tile_0.tif")
    (raw / "images/tile_1.tif").write_bytes(b"II*\0no")
    with pytest.raises(ValueError) as caught:
        run(settings("geotiff"), raw, tmp_path)
    assert "its values are float32 from 1 to 1: say which of them become black" in str(caught.value)
    assert "images/tile_1.tif: it cannot be read as a GeoTIFF" in str(caught.value)
