"""Memory that is free goes back to the operating system."""

from ctypes import CDLL, c_size_t
from functools import cache
from typing import Any


@cache
def c_library() -> Any:
    return CDLL(None)


def give_back() -> None:
    """Return what the C library keeps for later. Called between images: arrays of a few megabytes that come and go leave gaps between small
    ones that stay, and glibc keeps the gaps, some 5 MB for an image of 512 x 512. Other C libraries are left alone."""
    trim = getattr(c_library(), "malloc_trim", None)
    if trim is not None:
        trim(c_size_t(0))
