"""Freed memory goes back: what a process holds after large arrays have come and gone among small ones that stay."""

import sys

import numpy as np
import psutil
import pytest

from segmend.stage.freed_memory import give_back


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other C libraries keep memory in other ways")
def test_what_was_freed_is_given_back():
    process, kept = psutil.Process(), []
    held = [np.ones(2**17, np.uint8) for _ in range(400)]  # 50 MB in pieces that the C library takes from its own heap
    kept = [np.ones(2**10, np.uint8) for _ in range(10)]  # above them: the heap cannot shrink by itself
    full = process.memory_info().rss
    del held
    give_back()
    assert full - process.memory_info().rss > 40 * 2**20 and len(kept) == 10
