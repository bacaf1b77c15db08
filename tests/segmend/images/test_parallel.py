"""Work on images: in order, the same with any number of workers, kept by content."""

import pytest

from segmend.images import parallel


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
