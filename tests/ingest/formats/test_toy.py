"""toy: seeded, of any size."""

from pathlib import Path

import numpy as np
import pytest

from tests.ingest.runs import settings, source_of

RAW = Path("data/raw/toy")


def test_a_larger_set_begins_like_a_smaller_one():
    small, large = (source_of(settings("toy", fields={"images": n}), RAW) for n in (20, 50))
    assert [r.split for r in small.records] == [r.split for r in large.records[:20]]
    assert all(
        (a.image() == b.image()).all() and (a.mask() == b.mask()).all()
        for a, b in zip(small.records, large.records, strict=False)
    )


def test_seeds_differ_and_sizes_hold():
    one, other = (source_of(settings("toy", fields={"size": [32, 48], "classes": 6}), RAW, seed) for seed in (0, 1))
    assert one.records[0].image().shape == (32, 48, 3) and len(one.classes) == 6
    assert (one.records[0].mask() != other.records[0].mask()).any()
    assert {k for record in one.records for k in np.unique(record.mask()).tolist()} == set(range(6))


def test_limits():
    ground = source_of(settings("toy", fields={"shapes": 0}), RAW).records[0]
    assert (ground.mask() == 0).all()
    unseen = source_of(settings("toy", fields={"contrast": 0}), RAW).records[0]
    image, mask = unseen.image().astype(float), unseen.mask()
    assert abs(image[mask == 0].mean() - image[mask > 0].mean()) < 8
    with pytest.raises(ValueError, match="start at 16"):
        source_of(settings("toy", fields={"size": [8, 64]}), RAW)
