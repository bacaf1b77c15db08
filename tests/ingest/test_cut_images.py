"""Large images are cut at ingest: nothing is lost, nothing counted twice, memory is that of a tile."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from segmend.images.dataset import Dataset
from segmend.images.tiles import put_together
from tasks.ingest.inspect import main as inspect
from tasks.ingest.reading.file_windows import window_of_file
from tasks.ingest.reading.image_files import read_ids, read_picture
from tasks.ingest.reading.windows import AskedWindow, asking
from tests.ingest import examples
from tests.ingest.runs import run, settings
from tests.ingest.test_ingest import digest
from tests.toys import picture, save, stripes

CUT = {"tile": 64, "tile_overlap": 16}


def large(raw: Path, suffix: str = "png", shape: tuple[int, int] = (150, 200)) -> Path:
    """Three images, one of which is small and one without a mask; masks with void and pixels not labelled yet."""
    save(picture(0, (40, 50)), raw / "images/train/small.png")
    save(stripes((40, 50)), raw / "masks/train/small.png")
    save(picture(1, shape), raw / f"images/train/large.{suffix}")
    save(stripes(shape, (0, 1, 2, 254, 255)), raw / f"masks/train/large.{suffix}")
    save(picture(2, shape), raw / f"images/val/bare.{suffix}")
    (raw / "classes.json").write_text('{"classes": ["sky", "tree", "road"]}')
    return raw


def together(dataset: Dataset, name: str, read) -> np.ndarray:
    return put_together(dataset.wholes[name], read)


@pytest.mark.parametrize("suffix", ["png", "tif", "npy"])
def test_whole_images_and_masks_come_back(tmp_path, suffix):
    raw = large(tmp_path / "raw") if suffix == "npy" else large(tmp_path / "raw", suffix)
    if suffix == "npy":
        from PIL import Image

        for path in sorted(raw.rglob("*.png")):
            np.save(path.with_suffix(".npy"), np.asarray(Image.open(path)))
            path.unlink()
    numbers = run(settings("folders", **CUT), raw, tmp_path / "cut")
    plain = run(settings("folders"), raw, tmp_path / "plain")
    cut, whole = Dataset(tmp_path / "cut/dataset"), Dataset(tmp_path / "plain/dataset")
    assert set(cut.wholes) == {"train/large", "val/bare"} and not (tmp_path / "plain/dataset/tiles.json").exists()
    for name in cut.wholes:
        assert np.array_equal(together(cut, name, cut.image), whole.image(name))
    assert np.array_equal(together(cut, "train/large", cut.mask), whole.mask("train/large"))
    assert (cut.wholes["train/large"].labelled, cut.wholes["val/bare"].labelled) == (True, False)
    splits = {sample.id.rsplit("/", 1)[0]: sample.split for sample in cut.samples if sample.id in cut.tiles}
    assert splits == {"train/large": "train", "val/bare": "val"}
    assert {key: numbers[key] for key in plain} == plain and numbers["tiles"] == len(cut.tiles) == 24
    assert cut.card.mean == whole.card.mean and cut.card.deviation == whole.card.deviation


def test_labels_are_void_where_another_tile_owns_the_pixels(tmp_path):
    run(settings("folders", **CUT), large(tmp_path / "raw"), tmp_path)
    dataset = Dataset(tmp_path / "dataset")
    for tile in dataset.wholes["train/large"].tiles:
        assert (dataset.mask(tile.id)[~tile.owned()] == 255).all()


def test_mistakes_truth_and_annotators(tmp_path):
    """The truth of tiles put together is the truth; planted mistakes have the wanted share; annotators keep their masks."""
    raw = large(tmp_path / "raw")
    numbers = run(settings("folders", noise={"level": "medium"}, **CUT), raw, tmp_path / "noisy")
    run(settings("folders"), raw, tmp_path / "plain")
    noisy = Dataset(tmp_path / "noisy/dataset", tmp_path / "noisy/truth")
    truth = Dataset(tmp_path / "plain/dataset").mask("train/large")
    assert np.array_equal(together(noisy, "train/large", noisy.truth), truth)
    mask = together(noisy, "train/large", noisy.mask)
    assert (
        numbers["wrong_pixels"]
        == (mask != truth).sum() + (noisy.mask("train/small") != noisy.truth("train/small")).sum()
    )
    assert (tmp_path / "noisy/truth/truth.csv").read_text().count("train/large/r") == 12
    for who, values in (("anna", (0, 1, 2)), ("bo", (0, 2, 1))):
        save(stripes((150, 200), values), tmp_path / f"two/masks/train/{who}/large.png")
    save(picture(1, (150, 200)), tmp_path / "two/images/train/large.png")
    (tmp_path / "two/classes.json").write_text('{"classes": ["sky", "tree", "road"]}')
    run(settings("folders", **CUT), tmp_path / "two", tmp_path / "of_two")
    two = Dataset(tmp_path / "of_two/dataset")
    assert two.card.annotators == ("anna", "bo")
    assert np.array_equal(
        together(two, "train/large", lambda n: two.annotation(n, "bo")), stripes((150, 200), (0, 2, 1))
    )


def test_kept_results_give_the_bytes_of_a_first_run(tmp_path, monkeypatch):
    raw = large(tmp_path / "raw")
    run(settings("folders", **CUT), raw, tmp_path / "first")
    monkeypatch.setattr("tasks.ingest.reading.image_files.opened", lambda path: pytest.fail(f"{path} is read again"))
    run(settings("folders", **CUT), raw, tmp_path / "second")
    assert digest(tmp_path / "first") == digest(tmp_path / "second")


def test_problems_name_the_image_not_its_tiles(tmp_path, capsys):
    raw = large(tmp_path / "raw")
    mask = stripes((150, 200), (0, 1, 2))
    mask[::10] = 9
    save(mask, raw / "masks/train/large.png")
    with pytest.raises(ValueError, match=r"1 problem\n.*masks/train/large.png: undeclared id 9 \(3000 pixels\)"):
        run(settings("folders", **CUT), raw, tmp_path)
    save(stripes((150, 190)), raw / "masks/train/large.png")
    assert inspect([str(raw), "--tile", "64"]) == 2
    assert "1 problem\n  masks/train/large.png: it is 150 x 190 pixels" in capsys.readouterr().err


@pytest.mark.parametrize("tile", [{"tile": 20}, {"tile": 64, "tile_overlap": 40}])
def test_settings_that_do_not_suit(tile):
    with pytest.raises(ValueError, match=r"is too small|more than half"):
        settings("folders", **tile)


@pytest.mark.parametrize(
    "format", ["coco", "cvat_images", "labelme", "yolo_seg", "geotiff", "nifti", "huggingface", "voc"]
)
def test_every_kind_of_format_is_cut_with_its_annotations(tmp_path, format, monkeypatch):
    """Tiles of a few pixels, so that the small examples are cut."""
    monkeypatch.setattr("tasks.ingest.settings.SMALLEST_TILE", 1)
    raw = getattr(examples, format)(tmp_path / "raw")
    plain = run(settings(format), raw, tmp_path / "plain")
    numbers = run(settings(format, tile=10, tile_overlap=3), raw, tmp_path / "cut")
    cut, whole = Dataset(tmp_path / "cut/dataset"), Dataset(tmp_path / "plain/dataset")
    assert {key: numbers[key] for key in plain} == plain and len(cut.wholes) == len(whole.samples)
    for sample in whole.samples:
        assert np.array_equal(together(cut, sample.id, cut.image), whole.image(sample.id)), sample
        if whole.has_mask(sample.id):
            assert np.array_equal(together(cut, sample.id, cut.mask), whole.mask(sample.id)), sample
    for name in ("georeference.json", "volumes.json"):
        path = tmp_path / "plain/dataset" / name
        assert not path.exists() or path.read_bytes() == (tmp_path / "cut/dataset" / name).read_bytes()


@st.composite
def tiffs(draw):
    """An array, how it is stored, and a window of it."""
    height, width = draw(st.integers(20, 90)), draw(st.integers(20, 90))
    colour, kind = draw(st.booleans()), draw(st.sampled_from(["uint8", "uint16"]))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    array = rng.integers(0, 200, (height, width, 3) if colour else (height, width)).astype(kind)
    stored = draw(
        st.sampled_from([{}, {"tile": (16, 32)}, {"rowsperstrip": 7}, {"bigtiff": True}, {"byteorder": ">"}])
    ) | draw(st.sampled_from([{}, {"compression": "zlib"}, {"compression": "zlib", "predictor": True}]))
    top, left = draw(st.integers(0, height - 2)), draw(st.integers(0, width - 2))
    box = (top, left, draw(st.integers(top + 1, height)), draw(st.integers(left + 1, width)))
    return array, stored, box


@example_settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tiffs())
def test_a_window_of_a_tiff_is_that_part_of_the_whole(tmp_path, made):
    from tifffile import imwrite

    from segmend.images.tiles import Box

    array, stored, box = made
    path = tmp_path / "a.tif"
    imwrite(path, array, photometric="rgb" if array.ndim == 3 else "minisblack", **stored)
    whole, asked = read_picture(path), AskedWindow(Box(*box), array.shape[:2])
    with asking(asked):
        part = read_picture(path)
    assert asked.taken and np.array_equal(part, whole[Box(*box).slices])
    if array.ndim == 2:
        with asking(asked):
            assert np.array_equal(read_ids(path), array[Box(*box).slices])


def test_kinds_that_are_stored_otherwise_are_read_whole(tmp_path):
    """White is 0, a palette, an orientation: a window of the stored numbers would be wrong."""
    from tifffile import imwrite

    from segmend.images.tiles import Box

    array = stripes((80, 90), (0, 100, 200))
    imwrite(tmp_path / "white.tif", array, photometric="miniswhite")
    imwrite(tmp_path / "palette.tif", array, photometric="palette", colormap=np.zeros((3, 256), np.uint16))
    imwrite(tmp_path / "turned.tif", array, photometric="minisblack", extratags=[(274, "H", 1, 6, True)])
    for path in sorted(tmp_path.glob("*.tif")):
        with asking(AskedWindow(Box(0, 0, 9, 9), (80, 90))):
            assert window_of_file(path, ("grey", "rgb")) is None


PEAK = """
import resource, sys
from pathlib import Path
from tests.ingest.runs import run, settings
raw = Path(sys.argv[1])
run(settings("folders", max_pixels=1_000_000, tile=512), raw, raw.parent / f"of_{raw.name}")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_memory_is_that_of_tiles(tmp_path):
    """A TIFF of 5,000 x 5,000 pixels (75 MB, its mask 25 MB, as ids 100 MB) costs a few tiles more than one of 600 x 600."""
    from tifffile import memmap

    peaks = []
    for side in (600, 5000):
        raw = tmp_path / str(side)
        for folder in ("images/train", "masks/train"):
            (raw / folder).mkdir(parents=True)
        image = memmap(raw / "images/train/a.tif", shape=(side, side, 3), dtype="uint8", photometric="rgb")
        mask = memmap(raw / "masks/train/a.tif", shape=(side, side), dtype="uint8")
        image[::50], mask[: side // 2] = 7, 1
        image.flush(), mask.flush()
        (raw / "classes.json").write_text('{"classes": ["a", "b"]}')
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(raw)], capture_output=True, text=True, check=True, cwd=Path.cwd(),
            env={"SEGMEND_WORKERS": "1", "PATH": "", "PYTHONPATH": "."},
        )  # fmt: skip
        peaks.append(int(done.stdout.splitlines()[-1]))
    assert peaks[1] < peaks[0] + 30, peaks
