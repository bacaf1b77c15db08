"""Opening a picture file with Pillow: one limit of pixels, one picture a file, one sentence for what cannot be read."""

from pathlib import Path
from struct import error as StructError

from PIL import Image

from tasks.ingest.reading.context import check_size

Image.MAX_IMAGE_PIXELS = None  # the limit is `check_size`, which names the setting
UNREADABLE = (OSError, SyntaxError, StructError, EOFError)  # what Pillow raises for broken files
SUBFILE = 254  # TIFF tag: 1 a smaller copy of another page, 4 its transparency mask
BROKEN = "it cannot be read as a picture ({}): replace or remove it"


def opened(path: Path) -> Image.Image:
    """An open picture of one page; ValueError names what is wrong with the file."""
    if not path.is_file():
        raise ValueError("the file is missing")
    try:
        picture = Image.open(path)
    except (*UNREADABLE, ValueError) as trouble:
        raise ValueError(BROKEN.format(first_line(trouble))) from None
    try:
        check_size(picture.height, picture.width)
        if picture.format != "MPO" and pages(picture) > 1:
            raise ValueError("it holds several pages: save one picture a file")
    except BaseException:
        picture.close()
        raise
    return picture


def pages(picture: Image.Image) -> int:
    """Pages or frames of a picture; smaller copies of a page in a TIFF (overviews, pyramids) do not count."""
    count = getattr(picture, "n_frames", 1)
    if count == 1 or picture.format != "TIFF":
        return count
    whole = 0
    for number in range(count):
        picture.seek(number)
        whole += not int(picture.tag_v2.get(SUBFILE, 0)) & 5  # type: ignore[attr-defined]
    picture.seek(0)
    return max(1, whole)


def loaded(picture: Image.Image) -> Image.Image:
    try:
        picture.load()
    except (*UNREADABLE, ValueError) as trouble:
        raise ValueError(BROKEN.format(first_line(trouble))) from None
    return picture


def first_line(trouble: BaseException) -> str:
    """What a library said, without the path that is named anyway."""
    return (str(trouble) or type(trouble).__name__).splitlines()[0].split(" '")[0]
