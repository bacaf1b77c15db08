"""Work on images: in order, the same with any number of workers, kept by content."""

import os

import numpy as np
import pytest

from tasks import parallel


def square(number: int) -> int:
    return number * number


@pytest.mark.parametrize("count, alone", [("1", 1), ("2", 1), ("2", 0)])
def test_results_come_in_order(monkeypatch, count, alone):
    monkeypatch.setenv("SEGMEND_WORKERS", count)
    monkeypatch.setattr(parallel, "ALONE", alone)
    assert list(parallel.map_images(square, list(range(20)))) == [k * k for k in range(20)]


def test_no_items_no_results():
    assert list(parallel.map_images(square, [])) == []


@pytest.mark.parametrize("asked", ["0", "-1", "many", "1.5"])
def test_a_bad_number_of_workers_is_named(monkeypatch, asked):
    monkeypatch.setenv("SEGMEND_WORKERS", asked)
    with pytest.raises(ValueError, match=f"SEGMEND_WORKERS is '{asked}'"):
        parallel.workers()


def test_work_is_done_once_per_content(tmp_path):
    calls = []

    def make():
        calls.append(1)
        return np.arange(3)

    for _ in range(2):
        assert parallel.cached(tmp_path, [b"image", "settings"], make).tolist() == [0, 1, 2]
    parallel.cached(tmp_path, [b"images", "ettings"], make)  # not the same parts, though the same text in a row
    assert len(calls) == 2


def test_the_oldest_results_go_first(tmp_path):
    for k in range(4):
        parallel.cached(tmp_path, [str(k)], lambda: np.zeros(1000, np.uint8))
    kept = sorted(tmp_path.rglob("*.npy"))
    for age, path in enumerate(kept):
        os.utime(path, (1000 - age, 1000 - age))
    parallel.trim(tmp_path, 2 * kept[0].stat().st_size)
    assert sorted(tmp_path.rglob("*.npy")) == kept[:2]
