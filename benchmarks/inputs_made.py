"""Folders as strangers bring them, made here, each with what ingest must make of it: layouts, suffixes, kinds of masks."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

SIZE = (24, 32)
IMAGES = 6


class Expected(NamedTuple):
    """Pixels per class over the set, or words of the sentence; `notes` are words that must be said with it."""

    pixels: dict[str, int] | None = None
    words: str = ""
    notes: tuple[str, ...] = ()


Maker = Callable[[Path], Expected]
MADE: dict[str, Maker] = {}


def made(function: Maker) -> Maker:
    MADE[function.__name__.replace("_", "-")] = function
    return function


def picture(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def square(seed: int, value: int = 1, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A mask of 0 with a square of `value`, 8 x 8 pixels, elsewhere for every seed."""
    mask = np.zeros(size, np.uint8)
    mask[4:12, 3 + seed : 11 + seed] = value
    return mask


def save(array: np.ndarray, path: Path, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def base(
    folder: Path, images: str = "images", masks: str = "masks", value: int = 1, named: bool = True, **more: str
) -> None:
    """Six images with a square each; more: `suffix`, `image_kind`, `mask_kind`."""
    for k in range(IMAGES):
        save(picture(k), folder / images / f"im_{k}.{more.get('image_kind', 'png')}")
        save(square(k, value), folder / masks / f"im_{k}{more.get('suffix', '')}.{more.get('mask_kind', 'png')}")
    if named:
        (folder / "classes.json").write_text('{"classes": ["ground", "cell"]}')


TOTAL = IMAGES * SIZE[0] * SIZE[1]
OBJECT = IMAGES * 64
USUAL = {"ground": TOTAL - OBJECT, "cell": OBJECT}
UNNAMED = {"background": TOTAL - OBJECT, "foreground": OBJECT}


@made
def plain_folders(folder: Path) -> Expected:
    base(folder)
    return Expected(USUAL)


@made
def split_folders_with_class_ids(folder: Path) -> Expected:
    for number, split in enumerate(("train", "val", "test")):
        for k in (2 * number, 2 * number + 1):
            save(picture(k), folder / split / "images" / f"{k}.png")
            save(square(k), folder / split / "masks" / f"{k}.png")
    (folder / "classes.txt").write_text("ground\ncell\n")
    return Expected(USUAL, notes=("splits named by sub-folders",))


@made
def splits_below_images(folder: Path) -> Expected:
    for number, split in enumerate(("train", "valid", "test")):
        base(folder, f"images/{split}/{number}", f"masks/{split}/{number}")
    for path in sorted(folder.rglob("im_*.png")):
        if int(path.stem[3:]) // 2 != int(path.parent.name):
            path.unlink()
    return Expected(USUAL)


@made
def wrapped_three_deep(folder: Path) -> Expected:
    base(folder / "export" / "2024" / "final")
    return Expected(USUAL, notes=("the data lie in its folder export/2024/final",))


@made
def two_sets_side_by_side(folder: Path) -> Expected:
    base(folder / "hospital_a")
    base(folder / "hospital_b")
    return Expected(words="holds several data sets: hospital_a, hospital_b")


@made
def a_set_with_more_pictures_beside_it(folder: Path) -> Expected:
    base(folder)
    for k in range(9):
        save(picture(40 + k), folder / "unlabelled" / f"{k}.png")
    return Expected(words="9 pictures would stay unused, more than the 6 images that are read")


@made
def a_few_pictures_beside_it(folder: Path) -> Expected:
    base(folder)
    save(picture(40), folder / "preview" / "all.png")
    return Expected(USUAL, notes=("not used: preview/all.png",))


@made
def suffix_mask(folder: Path) -> Expected:
    base(folder, suffix="_mask")
    return Expected(USUAL, notes=("mask names end in '_mask'",))


@made
def suffix_of_truth_and_folders_named_image_and_label(folder: Path) -> Expected:
    base(folder, "image", "label", suffix="_GT")
    return Expected(USUAL, notes=("mask names end in '_GT'",))


@made
def suffix_of_some_masks_only(folder: Path) -> Expected:
    base(folder, suffix="_mask")
    (folder / "masks/im_0_mask.png").rename(folder / "masks/im_0.png")
    return Expected(words="masks/im_1_mask.png: it has no image")


@made
def masks_in_gif(folder: Path) -> Expected:
    base(folder, mask_kind="gif")
    return Expected(USUAL)


@made
def masks_in_webp_black_and_white(folder: Path) -> Expected:
    base(folder, value=255, named=False)
    for path in sorted((folder / "masks").glob("*.png")):
        save(np.dstack([np.asarray(Image.open(path))] * 3), path.with_suffix(".webp"), lossless=True)
        path.unlink()
    return Expected(UNNAMED)


@made
def masks_in_numpy_64_bit(folder: Path) -> Expected:
    base(folder)
    for path in sorted((folder / "masks").glob("*.png")):
        np.save(path.with_suffix(".npy"), np.asarray(Image.open(path)).astype(np.int64))
        path.unlink()
    return Expected(USUAL)


@made
def masks_in_matlab_files(folder: Path) -> Expected:
    base(folder)
    for path in sorted((folder / "masks").glob("*.png")):
        path.rename(path.with_suffix(".mat"))
    return Expected(words="masks/ holds 6 .mat, and none of them is read as a mask")


@made
def masks_in_jpeg_smeared(folder: Path) -> Expected:
    base(folder, value=255, named=False)
    for path in sorted((folder / "masks").glob("*.png")):
        save(np.asarray(Image.open(path)), path.with_suffix(".jpg"), quality=75)
        path.unlink()
    return Expected(UNNAMED)


@made
def black_and_white_with_two_named_classes(folder: Path) -> Expected:
    base(folder, value=255)
    return Expected(USUAL)


@made
def pure_red_masks(folder: Path) -> Expected:
    base(folder, named=False)
    for path in sorted((folder / "masks").glob("*.png")):
        mask = np.asarray(Image.open(path))
        save(np.dstack([mask * 255, mask * 0, mask * 0]), path)
    return Expected(words="it is a colour picture (0,0,0, 255,0,0), and no palette says which colour is which class")


@made
def colour_masks_with_a_palette(folder: Path) -> Expected:
    base(folder, named=False)
    for path in sorted((folder / "masks").glob("*.png")):
        mask = np.asarray(Image.open(path))
        save(np.dstack([mask * 200, mask * 30, mask * 0]), path)
    (folder / "palette.csv").write_text("\ufeffname,r,g,b\nground,0,0,0\ncell,200,30,0\n", encoding="utf-8")
    return Expected(USUAL)


@made
def objects_in_alpha_of_white_masks(folder: Path) -> Expected:
    base(folder)
    for path in sorted((folder / "masks").glob("*.png")):
        mask = np.asarray(Image.open(path))
        save(np.dstack([mask * 0 + 255] * 3 + [mask * 255]), path)
    return Expected(words="its objects are in the alpha channel")


@made
def all_void(folder: Path) -> Expected:
    base(folder)
    for path in sorted((folder / "masks").glob("*.png")):
        save(np.full(SIZE, 255, np.uint8), path)
    return Expected(words="every pixel of the masks is void")


@made
def one_class_only(folder: Path) -> Expected:
    base(folder, value=0)
    return Expected(words="every labelled pixel of the masks is of the class 'ground'")
