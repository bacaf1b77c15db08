"""How files are read within one data set: settings that hold for every reader of every format, and what readers noticed.

`check` and `write` are the only callers of a record's functions, and set the context; so no format can forget the limit.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

MAX_PIXELS = 100_000_000
Side = Literal["", "stored", "upright"]
Found = TypeVar("Found")


class Reading(NamedTuple):
    """Settings of all readers."""

    max_pixels: int = MAX_PIXELS  # of one picture, also of a size that a file only declares
    masks_drawn_on: Side = ""  # of pictures that EXIF turns; "": decided by the sizes
    deep_range: tuple[float, float] | None = None  # of 16-bit images, where the settings give no range


DEFAULTS = Reading()


class DrawnObject(NamedTuple):
    """One annotation of a file and what became of it."""

    name: str  # as "annotation 17 (cat)", for messages
    covered: int  # pixels inside its outline and inside the image
    visible: int  # of these, pixels that no other object lies over
    reason: str = ""  # what is wrong with it, where that is known


class Noticed(NamedTuple):
    """What readers noticed of one image and its masks."""

    facts: set[str]  # as 'image turned'
    objects: list[DrawnObject]
    heads: dict[Path, tuple[int, int, int]]  # of images that were read: stored height and width, EXIF orientation
    listings: dict[Hashable, Any]  # of folders: a format is asked several times, and formats ask for the same folders


READING: ContextVar[Reading] = ContextVar("READING", default=DEFAULTS)
NOTICED: ContextVar[Noticed] = ContextVar("NOTICED")


@contextmanager
def reading_as(reading: Reading) -> Iterator[Noticed]:
    """Within it, all readers use these settings; yields what they notice."""
    noticed = Noticed(set(), [], {}, {})
    tokens = READING.set(reading), NOTICED.set(noticed)
    try:
        yield noticed
    finally:
        READING.reset(tokens[0])
        NOTICED.reset(tokens[1])


def notice(what: str) -> None:
    """Remember something about the picture being read, as 'image turned'."""
    if noticed := NOTICED.get(None):
        noticed.facts.add(what)


def remember_head(path: Path, head: tuple[int, int, int]) -> None:
    """Keep what the head of an image says, for the masks that belong to it."""
    if noticed := NOTICED.get(None):
        noticed.heads[path] = head


def known_head(path: Path) -> tuple[int, int, int] | None:
    noticed = NOTICED.get(None)
    return noticed.heads.get(path) if noticed else None


def listed_once(key: Hashable, listing: Callable[[], Found]) -> Found:
    """What is found in a folder, looked up once within one `reading_as`; nobody may change it."""
    noticed = NOTICED.get(None)
    if noticed is None:
        return listing()
    if key not in noticed.listings:
        noticed.listings[key] = listing()
    content: Found = noticed.listings[key]
    return content


def account(drawn: DrawnObject) -> None:
    """Say what became of one annotation; one that is wrong or covers no pixel becomes a problem of its file."""
    if noticed := NOTICED.get(None):
        noticed.objects.append(drawn)


def check_size(height: int, width: int) -> None:
    """Raises ValueError for a picture of more pixels than allowed; call it before memory is taken."""
    limit = READING.get().max_pixels
    if height <= 0 or width <= 0:
        raise ValueError(f"its size is {width} x {height} pixels (width x height): a picture has at least one pixel")
    if height * width > limit:
        raise ValueError(
            f"it has {width} x {height} = {height * width:,} pixels, and {limit:,} are allowed: set ingest.tile "
            "(TIFF and .npy are then read by windows and cut), cut it into smaller pictures, or raise ingest.max_pixels if it is "
            "what it should be and memory suffices (4 bytes a pixel and more)"
        )
