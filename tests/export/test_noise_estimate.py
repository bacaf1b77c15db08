"""Wrong labels as answers say, by hand; and by chance, near the truth."""

import numpy as np
import pytest

from segmend.answers import history
from tasks.export.noise_estimate import by_round


def row(round, kind="class", pixels=10, changed=0, chance=None):
    return dict.fromkeys(history.SCHEMA.names) | {
        "round": round, "kind": kind, "pixels": pixels, "changed": changed, "chance": chance,
    }  # fmt: skip


def test_by_hand():
    rows = [
        row("r1", changed=4), row("r1", "confirm"), row("r1", "skip"), row("r1", changed=10, chance=0.5), row("r1", "confirm", 30, 0, 0.25),
        row("r2", "confirm"), row("r2", "auto", changed=99),
    ]  # fmt: skip
    first, second = by_round(history.table(rows))
    assert first == ("r1", 4, 2, 2, pytest.approx(20 / 140, abs=1e-6))
    assert second == ("r2", 1, 0, 0, None) and by_round(history.empty()) == []


def test_unequal_chances_do_not_bend_the_estimate():
    rng = np.random.default_rng(0)
    wrong = rng.random(20_000) < 0.1
    chance = np.where(wrong, 0.6, 0.1)  # mistakes are drawn more often
    drawn = rng.random(20_000) < chance
    rows = [row("r1", changed=10 * int(w), chance=float(c)) for w, c in zip(wrong[drawn], chance[drawn], strict=True)]
    (estimate,) = by_round(history.table(rows))
    assert estimate.wrong_pixel_share == pytest.approx(0.1, abs=0.01) and estimate.wrong / estimate.answered > 0.3
