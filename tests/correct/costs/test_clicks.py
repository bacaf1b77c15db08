"""Clicks: by hand."""

from tasks.correct.costs.clicks import Clicks


def test_by_hand():
    prices = {
        kind: Clicks()(kind, named, 4) for kind, named in [("confirm", 1), ("class", 1), ("class_set", 3), ("skip", 0)]
    }
    assert prices["confirm"] == (1, 4.0) and prices["class"] == (1, 12.1) and prices["skip"] == (1, 4.0)
    assert prices["class_set"][0] == 3 and round(prices["class_set"][1], 6) == 17.1


def test_prices_are_settings():
    assert Clicks(confirm=0.5, confirm_seconds=2)("confirm", 1, 4) == (0.5, 2)


def test_the_three_questions():
    assert Clicks()("class", 1, 4, "dominant") == (1, 12.1)
    assert Clicks()("class", 1, 4, "multiclass") == (1, 5.7)  # one tick
    assert Clicks()("class_set", 2, 4, "multiclass") == (2, 11.4)
