"""The forecast learns from what earlier forecasts were worth."""

import pytest

from segmend.answers import history
from tasks.query.acquisitions._expected_fix import experience, pixels
from tests.query.tables import table


def row(round, kind, expected, changed):
    blank = dict.fromkeys(history.SCHEMA.names)
    return blank | {"round": round, "kind": kind, "expected": expected, "changed": changed}


def known(rows):
    return experience(rows, "correction")


def test_without_experience_the_network_is_believed():
    assert known(history.empty()) == 1
    assert known(history.table([row("r1", "class", None, 50)])) == 1


def test_the_newest_round_counts():
    rows = [row("r1", "class", 1000.0, 1000), row("r2", "class", 600.0, 300), row("r2", "confirm", 300.0, 0)]
    assert known(history.table(rows[:1])) == pytest.approx(1)
    assert known(history.table(rows)) == pytest.approx(400 / 1000)


def test_r10_is_newer_than_r9_and_skips_teach_nothing():
    rows = [row("r10", "class", 900.0, 0), row("r9", "class", 900.0, 900), row("r10", "skip", 900.0, 0)]
    assert known(history.table(rows)) == pytest.approx(100 / 1000)


def test_only_corrections_are_clipped_and_learned_from():
    """By hand: naming c* would fix 3 pixels of one region and break 5 of another."""
    regions = table([9, 9], gain=[3.0, -5.0])
    assert pixels(regions, "correction").tolist() == [3, 0] and pixels(regions, "dominant").tolist() == [3, -5]
    rows = history.table([row("r1", "class", 900.0, 0)])
    assert experience(rows, "dominant") == experience(rows, "multiclass") == 1 > known(rows)
