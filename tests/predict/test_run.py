"""segmend predict: any folder of images, the formats kept, tiles that change nothing, mistakes that are named."""

import json
from pathlib import Path

import cv2
import nibabel
import numpy as np
import pytest
import torch
from PIL import Image

from segmend import load_network
from segmend import predict as direct
from segmend.images.rasters import VOID, read_labels
from segmend.images.tiles import cut
from segmend.network import segmenter
from segmend.network.architectures.unet import UNet
from tasks.predict.run import Writer, run
from tasks.predict.tiling import of_array, predict
from tests.toys import SHAPE_CARD, save

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("network") / "r0"
    segmenter.save(folder, segmenter.build(UNet(widths=(4, 8)), 3), UNet(widths=(4, 8)), SHAPE_CARD)
    return folder


def picture(height: int, width: int) -> np.ndarray:
    return RANDOM.integers(0, 256, (height, width, 3), dtype=np.uint8)


def writer(network: Path, out: Path, tile: int = 1024, probabilities: bool = False, axis: int = 2) -> Writer:
    return Writer(network, out, tile, tile // 8, probabilities, axis)


def test_a_folder_of_pictures(network: Path, tmp_path: Path):
    images = {"a.png": picture(20, 30), "deep/er/b.bmp": picture(17, 9)}
    for name, image in images.items():
        save(image, tmp_path / "in" / name)
    assert run(tmp_path / "in", writer(network, tmp_path / "out", probabilities=True)) == []
    for name, image in images.items():
        stem = name.rpartition(".")[0]
        assert np.array_equal(read_labels(tmp_path / "out" / f"{stem}.png"), direct(load_network(network), image))
        kept = np.load(tmp_path / "out" / f"{stem}.npy")
        assert kept.shape == (3, *image.shape[:2]) and np.allclose(kept.astype(float).sum(0), 1, atol=2e-3)
    with Image.open(tmp_path / "out/a.png") as made:
        assert made.getpalette()[3:6] == list(SHAPE_CARD.colours[1])
    assert json.loads((tmp_path / "out/classes.json").read_text())["classes"] == {"ground": 0, "disc": 1, "square": 2}


def test_tiles_own_what_a_window_alone_gives(network: Path):
    image, predictor = picture(70, 90), load_network(network)
    found = predict(predictor, of_array(image), 70, 90, 40, 10, True)
    assert found.probabilities is not None and np.array_equal(found.probabilities.argmax(0).shape, (70, 90))
    for tile in cut("", 70, 90, 40, 10):
        alone = direct(predictor, np.ascontiguousarray(image[tile.window.slices]))
        assert np.array_equal(found.classes[tile.own.slices], alone[tile.inner])
    assert np.array_equal(predict(predictor, of_array(image), 70, 90, 90, 10, False).classes, direct(predictor, image))


def test_what_cannot_be_read_is_named_and_the_rest_is_done(network: Path, tmp_path: Path):
    save(picture(8, 8), tmp_path / "in/good.png")
    (tmp_path / "in/bad.jpg").write_bytes(b"no picture")
    save(np.zeros((8, 8), np.uint16), tmp_path / "in/deep.png")
    mistakes = run(tmp_path / "in", writer(network, tmp_path / "out"))
    assert len(mistakes) == 2 and "bad.jpg cannot be read" in mistakes[0] and "more than 8 bits" in mistakes[1]
    assert (tmp_path / "out/good.png").is_file()
    save(picture(8, 8), tmp_path / "in/good.bmp")
    with pytest.raises(ValueError, match="called good but for their suffix"):
        run(tmp_path / "in", writer(network, tmp_path / "out"))
    with pytest.raises(ValueError, match="no such folder"):
        run(tmp_path / "nowhere", writer(network, tmp_path / "out"))


def test_deep_images_are_read_as_their_range_says(network: Path, tmp_path: Path):
    """The same picture in 12 bits of 16, grey and in colour: read as 12 bits it is the picture."""
    colour = picture(12, 9)
    save(colour[..., 0].astype(np.uint16) * 16, tmp_path / "in/grey.png")
    deep = (colour.astype(np.uint16) * 16)[..., ::-1]
    cv2.imwrite(str(tmp_path / "in/colour.tif"), deep)
    cv2.imwrite(str(tmp_path / "in/colour2.png"), deep)
    made = Writer(network, tmp_path / "out", 1024, 0, False, 2, (0.0, 255.0 * 16))
    assert run(tmp_path / "in", made) == []
    predictor = load_network(network)
    for name, image in (("colour", colour), ("colour2", colour), ("grey", np.repeat(colour[..., :1], 3, axis=2))):
        assert np.array_equal(read_labels(tmp_path / f"out/{name}.png"), direct(predictor, image)), name


def test_a_geotiff_of_16_bits_is_read_as_its_range_says(network: Path, tmp_path: Path):
    rasterio = pytest.importorskip("rasterio")
    image, path = picture(20, 30), tmp_path / "scene.tif"
    place = {"crs": "EPSG:32632", "transform": rasterio.Affine(2, 0, 500_000, 0, -2, 5_000_000)}
    with rasterio.open(path, "w", driver="GTiff", height=20, width=30, count=3, dtype="uint16", **place) as file:
        file.write(np.moveaxis(image.astype(np.uint16) * 4 + 100, 2, 0))
    assert "--range" in run(path, writer(network, tmp_path / "out"))[0]
    assert run(path, Writer(network, tmp_path / "out", 1024, 0, False, 2, (100.0, 1120.0))) == []
    with rasterio.open(tmp_path / "out/scene.tif") as made:
        assert np.array_equal(made.read(1), direct(load_network(network), image))


def test_a_geotiff_keeps_its_place_and_its_nodata(network: Path, tmp_path: Path):
    rasterio = pytest.importorskip("rasterio")
    image, path = picture(50, 60), tmp_path / "in/scene.tif"
    image[:, :5] = 0
    path.parent.mkdir()
    place = {"crs": "EPSG:32632", "transform": rasterio.Affine(2, 0, 500_000, 0, -2, 5_000_000)}
    with rasterio.open(
        path, "w", driver="GTiff", height=50, width=60, count=3, dtype="uint8", nodata=0, **place
    ) as file:
        file.write(np.moveaxis(image, 2, 0))
    assert run(path.parent, writer(network, tmp_path / "out")) == []
    with rasterio.open(tmp_path / "out/scene.tif") as made:
        assert (
            made.crs == place["crs"]
            and made.transform == place["transform"]
            and made.colormap(1)[1][:3] == SHAPE_CARD.colours[1]
        )
        classes = made.read(1)
    wanted = direct(load_network(network), image)
    assert (classes[:, :5] == VOID).all() and np.array_equal(classes[:, 5:], wanted[:, 5:])


@pytest.mark.parametrize("axis", [0, 2])
def test_a_volume_keeps_its_affine_and_the_order_of_its_axes(network: Path, tmp_path: Path, axis: int):
    """A volume stored left-posterior-superior: voxel by voxel, the slices' predictions lie where the voxels are."""
    numbers = RANDOM.integers(0, 256, (6, 9, 5), dtype=np.uint8)
    affine = np.diag([-1.0, -1.0, 2.0, 1.0])
    (tmp_path / "in").mkdir()
    nibabel.Nifti1Image(numbers, affine).to_filename(tmp_path / "in/case.nii.gz")
    assert run(tmp_path / "in", writer(network, tmp_path / "out", axis=axis)) == []
    made = nibabel.load(tmp_path / "out/case.nii.gz")
    assert np.array_equal(made.affine, affine) and made.shape == numbers.shape
    turned, classes = numbers[::-1, ::-1], np.asarray(made.dataobj)[::-1, ::-1]  # right-anterior-superior
    for k in range(turned.shape[axis]):
        plane = np.ascontiguousarray(np.take(turned, k, axis=axis)[:, ::-1].T)
        wanted = direct(load_network(network), np.repeat(plane[..., None], 3, axis=2))
        assert np.array_equal(np.take(classes, k, axis=axis)[:, ::-1].T, wanted)
