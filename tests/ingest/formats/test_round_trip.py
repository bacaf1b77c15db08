"""Random masks written in the layouts of folders and public sets are read back pixel by pixel; no id leads out of the data set."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tasks.ingest.checking.identifiers import check_identifiers
from tasks.ingest.formats.cityscapes import CLASSES as CITYSCAPES
from tasks.ingest.recognition import NAMES, read
from tasks.ingest.writing import Item, Job, write
from tests.ingest import examples
from tests.ingest.formats.random_sets import CLASSES, check_round_trip, few, label_maps, picture_of
from tests.ingest.runs import settings
from tests.toys import save

COLOURS = np.array([[0, 0, 0], [200, 30, 0], [0, 77, 255]], np.uint8)
TOPS = ("", "train/", "b/c/")


def as_grey(mask: np.ndarray, path: Path) -> None:
    save(mask, path.with_suffix(".png"))


def as_sixteen_bits(mask: np.ndarray, path: Path) -> None:
    save(mask.astype(np.uint16), path.with_suffix(".tif"))


def as_array(mask: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path.with_suffix(".npy"), mask.astype(np.int64))


def as_palette(mask: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(mask)
    picture.putpalette([*COLOURS.ravel().tolist(), *[9] * 759])
    picture.save(path.with_suffix(".png"))


def as_gif(mask: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(mask)
    picture.putpalette([*COLOURS.ravel().tolist(), *[9] * 759])
    picture.save(path.with_suffix(".gif"), optimize=False)


def as_transparent(mask: np.ndarray, path: Path) -> None:
    """Ids in all three channels, alpha full."""
    save(np.dstack([mask, mask, mask, np.full_like(mask, 255)]), path.with_suffix(".png"))


KINDS = (as_grey, as_sixteen_bits, as_array, as_palette, as_gif, as_transparent)


@few
@given(label_maps(), st.sampled_from(KINDS), st.sampled_from(["", "_mask", "-label"]), st.sampled_from(TOPS))
def test_folders(maps, kind, suffix, top):
    def written(folder: Path, maps: list[np.ndarray]) -> dict[str, np.ndarray]:
        for k, mask in enumerate(maps):
            save(picture_of(mask, k), folder / "images" / top / f"im {k}.png")
            kind(mask, folder / "masks" / top / f"im {k}{suffix}.png")
        (folder / "classes.txt").write_text("\n".join(CLASSES))
        return {f"{top}im {k}": mask for k, mask in enumerate(maps)}

    check_round_trip("folders", written, maps)


@few
@given(label_maps())
def test_folders_in_colours(maps):
    def written(folder: Path, maps: list[np.ndarray]) -> dict[str, np.ndarray]:
        for k, mask in enumerate(maps):
            save(picture_of(mask, k), folder / "images" / f"{k}.png")
            save(COLOURS[mask], folder / "masks" / f"{k}.png")
        rows = [f"{name},{r},{g},{b}" for name, (r, g, b) in zip(CLASSES, COLOURS.tolist(), strict=True)]
        (folder / "palette.csv").write_text("\n".join(["name,r,g,b", *rows]))
        return {f"{k}": mask for k, mask in enumerate(maps)}

    check_round_trip("folders", written, maps)


@few
@given(label_maps(2), st.sampled_from(["images/{}", "train/images/{}"]))
def test_kvasir(maps, place):
    def written(folder: Path, maps: list[np.ndarray]) -> dict[str, np.ndarray]:
        for k, mask in enumerate(maps):
            save(picture_of(mask, k), folder / place.format(f"{k}.jpg"))
            save(mask * 255, folder / place.format(f"{k}.png").replace("images", "masks"))
        return {place.format(k).replace("images/", ""): mask for k, mask in enumerate(maps)}

    check_round_trip("kvasir", written, maps)


@few
@given(label_maps(), st.sampled_from(["train", "default", None]), st.booleans())
def test_voc(maps, list_name, colours):
    def written(folder: Path, maps: list[np.ndarray]) -> dict[str, np.ndarray]:
        for k, mask in enumerate(maps):
            save(picture_of(mask, k), folder / "JPEGImages" / f"a b {k}.jpg")
            save(COLOURS[mask] if colours else mask, folder / "SegmentationClass" / f"a b {k}.png")
        rows = [f"{name}:{r},{g},{b}::" for name, (r, g, b) in zip(CLASSES, COLOURS.tolist(), strict=True)]
        (folder / "labelmap.txt").write_text("\ufeff# label:color_rgb:parts:actions\r\n" + "\r\n".join(rows))
        if list_name:
            (folder / "ImageSets/Segmentation").mkdir(parents=True)
            lines = "".join(f"a b {k}\r\n" for k in range(len(maps)))
            (folder / f"ImageSets/Segmentation/{list_name}.txt").write_text(lines)
        return {f"a b {k}": mask for k, mask in enumerate(maps)}

    check_round_trip("voc", written, maps)


@few
@given(label_maps(19), st.booleans())
def test_cityscapes(maps, train_ids):
    label_ids = np.array([label for label, _ in CITYSCAPES.values()], np.uint8)
    kind = "labelTrainIds" if train_ids else "labelIds"

    def written(folder: Path, maps: list[np.ndarray]) -> dict[str, np.ndarray]:
        for k, mask in enumerate(maps):
            save(picture_of(mask, k), folder / f"leftImg8bit/train/x/f{k}_leftImg8bit.png")
            save(mask if train_ids else label_ids[mask], folder / f"gtFine/train/x/f{k}_gtFine_{kind}.png")
        return {f"x/f{k}": mask for k, mask in enumerate(maps)}

    check_round_trip("cityscapes", written, maps)


@few
@given(label_maps(150))
def test_ade20k(maps):
    def written(folder: Path, maps: list[np.ndarray]) -> dict[str, np.ndarray]:
        for k, mask in enumerate(maps):
            save(picture_of(mask, k), folder / f"images/training/{k}.jpg")
            save(mask + 1, folder / f"annotations/training/{k}.png")
        return {f"training/{k}": mask for k, mask in enumerate(maps)}

    check_round_trip("ade20k", written, maps)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("identifier", ["../../out", "/tmp/out", "C:/out", "a\\..\\..\\out", "out\n", "con"])
def test_no_format_writes_outside_the_data_set(tmp_path, name, identifier):
    """Whatever id a format would give to an image: the checks name it, and the writer refuses it."""
    raw = getattr(examples, name)(tmp_path / "raw")
    source = read(settings(name), raw, 0)
    record = source.records[0]._replace(id=identifier)
    assert check_identifiers([record, *source.records[1:]])[0].reason.startswith("its id ")
    before = sorted(tmp_path.rglob("*"))
    job = Job(source.ids, source.palette, tmp_path / "a/dataset", tmp_path / "a/truth", None, (0,), 0)
    with pytest.raises(ValueError, match="nothing is written"):
        write(Item(record, "", 0, True), job)
    assert sorted(tmp_path.rglob("*")) == before
