"""Folders of benchmarks.inputs with something about their pixels or files: sizes, EXIF, depth, limits, broken files."""

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.inputs_made import (
    IMAGES,
    USUAL,
    Expected,
    base,
    made,
    picture,
    save,
    square,
)


@made
def undeclared_ids(folder: Path) -> Expected:
    base(folder, value=7)
    return Expected(words="undeclared id 7 (64 pixels): name them as classes, or list them as void")


@made
def masks_of_another_size(folder: Path) -> Expected:
    base(folder)
    save(square(0, size=(12, 16)), folder / "masks/im_0.png")
    return Expected(words="it is 12 x 16 pixels (rows x columns) and its image images/im_0.png 24 x 32")


@made
def exif_quarter_turn_masks_upright(folder: Path) -> Expected:
    base(folder)
    exif = Image.Exif()
    exif[0x0112] = 6
    for k in range(IMAGES):
        save(picture(k), folder / f"images/im_{k}.png", exif=exif.tobytes())
        save(np.ascontiguousarray(square(k).T), folder / f"masks/im_{k}.png")
    return Expected(USUAL, notes=("EXIF turns 6 of 6 images; masks without a tag: 6 drawn on upright pixels",))


@made
def exif_mirror_masks_untagged(folder: Path) -> Expected:
    base(folder)
    exif = Image.Exif()
    exif[0x0112] = 2
    for k in range(IMAGES):
        save(picture(k), folder / f"images/im_{k}.png", exif=exif.tobytes())
    return Expected(words="set ingest.masks_drawn_on to stored")


@made
def images_of_12_bits(folder: Path) -> Expected:
    base(folder)
    for k in range(IMAGES):
        (folder / f"images/im_{k}.png").unlink()
        save((picture(k)[..., 0].astype(np.uint16) * 16), folder / f"images/im_{k}.tif")
    return Expected(USUAL, notes=("read as 12 bits, 0 is black and 4095 white",))


@made
def images_of_floats(folder: Path) -> Expected:
    base(folder)
    for k in range(IMAGES):
        (folder / f"images/im_{k}.png").unlink()
        save(picture(k)[..., 0].astype(np.float32), folder / f"images/im_{k}.tif")
    return Expected(words="ingest.image_range: [low, high]")


@made
def a_tiff_of_pages(folder: Path) -> Expected:
    base(folder)
    pages = [Image.fromarray(picture(k)) for k in range(3)]
    (folder / "images/im_0.png").unlink()
    pages[0].save(folder / "images/im_0.tif", save_all=True, append_images=pages[1:])
    return Expected(words="images/im_0.tif: it holds several pages: save one picture a file")


@made
def a_declared_size_of_gigapixels(folder: Path) -> Expected:
    """A PNG whose head says 60000 x 40000 and whose body is short."""
    from struct import pack
    from zlib import crc32

    base(folder)
    head = b"IHDR" + pack(">IIBBBBB", 60000, 40000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + pack(">I", 13) + head + pack(">I", crc32(head)) + pack(">I", 0) + b"IEND\xaeB`\x82"
    (folder / "images/im_0.png").write_bytes(data)
    return Expected(words="it has 60000 x 40000 = 2,400,000,000 pixels, and 100,000,000 are allowed")


@made
def broken_files(folder: Path) -> Expected:
    base(folder)
    data = (folder / "images/im_0.png").read_bytes()
    (folder / "images/im_0.png").write_bytes(data[: len(data) // 2])
    (folder / "masks/im_1.png").write_text("no picture")
    return Expected(words="masks/im_1.png: it cannot be read as a picture")


@made
def broken_links_and_system_files(folder: Path) -> Expected:
    base(folder)
    (folder / "images/gone.png").symlink_to("/nowhere/at/all.png")
    (folder / "images/.DS_Store").write_text("system")
    return Expected(words="images/gone.png: it is a link that leads nowhere")


@made
def reserved_names(folder: Path) -> Expected:
    base(folder)
    (folder / "images/im_0.png").rename(folder / "images/nul.png")
    (folder / "masks/im_0.png").rename(folder / "masks/nul.png")
    return Expected(words="its id 'nul' has the part 'nul', a name that Windows reserves")
