"""The arithmetic of benchmarks/zero_label.py, and that every arm is a setting that exists."""

from json import loads

import pytest

from benchmarks import claims, zero_label, zero_label_arms, zero_label_page
from benchmarks.rounds_in_process import DATA, QUIET, STAGES, departed_from, merged
from segmend.stage.params import validated


def row(arm="strict", seed=0, end=0.6, precision: float | None = 0.9, **more):
    rounds = [
        {
            "unseen_coverage": c,
            "unseen_precision": p,
            "model_harmonic": h,
            "model_miou_seen": 0.8,
            "model_miou_unseen": h,
        }
        for c, p, h in ((0.0, None, 0.5), (0.2, precision, 0.5), (0.3, precision, 0.5), (0.4, precision, end))
    ]
    ends = {"data_coverage": 0.4, "data_precision": precision, "model_iou": end}
    return {
        "data": "brain",
        "hidden": 1,
        "arm": arm,
        "seed": seed,
        "rounds": rounds,
        "classes": {"grey matter": [ends]},
        **more,
    }


def test_differences_are_taken_seed_by_seed():
    """.6 - .4 and .7 - .4; seed 2 has no partner, seed 3 of the other arm labelled nothing."""
    rows = [row(), row(seed=1, end=0.7), row(seed=2), row(seed=3)]
    rows += [row("one_view", seed, end=0.4, precision=0.8) for seed in (0, 1)]
    rows += [row("one_view", 3, end=0.6, precision=None)]
    found = zero_label_page.differences(rows, "brain", 1, "model_harmonic", "strict")
    assert found == pytest.approx([0.2, 0.3, 0.0])
    assert zero_label_page.differences(rows, "brain", 1, "unseen_precision", "strict") == pytest.approx([0.1, 0.1])
    assert zero_label_page.differences(rows, "brain", 2, "model_harmonic", "strict") == []
    made = zero_label_page.claims(rows)
    assert [claim.seeds for claim in made] == [3, 2, 4]
    assert made[2].value == pytest.approx((0.1 + 0.2 + 0.1 + 0.1) / 4)  # over round 0
    # .167 with a spread of .153; two seeds; .125 with .05.
    assert [claim.holds for claim in made] == [False, False, True]


def test_a_claim_holds_where_the_interval_of_three_seeds_leaves_out_0():
    assert [zero_label_page.claim("", some).holds for some in ([0.2, 0.3, 0.25], [0.1, 0.1, 0.4], [0.5], [-0.1, -0.1, -0.1])] == [
        True, False, False, False,
    ]  # fmt: skip
    rows = [row(arm, seed, data="superalloy", hidden=2) for arm in ("strict", "one_view") for seed in range(3)]
    assert zero_label_page.claims(rows) == []
    assert zero_label_page.nothing([row(), row(seed=4, precision=None)], 3) == [4]
    assert zero_label_page.nothing([row(), row(seed=4)], 0) == [0, 4]


def test_what_is_measured():
    every = [
        (d, h, a, s)
        for d, some in zero_label.HIDDEN.items()
        for h in some
        for a in zero_label.ARMS
        for s in range(3)
        if zero_label.worth(d, h, a, s)
    ]
    assert len(every) == 4 * (3 + 3 + 3 + 1)  # arms; brain and superalloy with one and with two hidden
    assert {s for d, h, _, s in every if (d, h) == zero_label.ONE_CLASS_LEFT} == {0}


def test_arms_share_a_start_that_changed_settings_do_not_find(monkeypatch):
    one, other = (zero_label.Hidden("brain", 1, arm, 0) for arm in ("strict", "one_view"))
    assert one.start == other.start and one.base in one.start.parents and one.place != other.place
    monkeypatch.setattr(zero_label_arms, "CALIBRATION", 0.5)
    changed = zero_label.Hidden("brain", 1, "strict", 0)
    assert changed.base == one.base and changed.start != one.start and changed.place != one.place
    assert zero_label.Hidden("brain", 2, "strict", 0).base != one.base


def test_page(monkeypatch, tmp_path, capsys):
    rows = [row(arm, seed) for arm in zero_label.ARMS for seed in (0, 1)] + [row(data="superalloy", precision=None)]
    monkeypatch.setattr(zero_label, "kept", lambda name: rows)
    monkeypatch.setattr(claims, "RESULTS", tmp_path)
    zero_label_page.report(zero_label.rows_so_far())
    page = (tmp_path / "zero_label.md").read_text()
    assert "| no pseudo labels | 0 | 2 | 2 | 0.000 ± 0.000 | none | 0.800" in page
    assert "| strict | 3 | 2 | 0 | 0.400 ± 0.000 | 0.900 ± 0.000 |" in page and page.count("Not measured.") == 2
    assert "| strict | 3 | 1 | 1 | 0.400 | none |" in page
    assert "superalloy, 1 hidden, strict: 1 of 1 seeds labelled nothing" in capsys.readouterr().out
    assert "| grey matter | sure | 0.400 ± 0.000 |" in page and "30%" in page
    assert len(loads((tmp_path / "zero_label.json").read_text())["claims"]) == 8


@pytest.mark.parametrize("arm", zero_label.ARMS)
@pytest.mark.parametrize(("data", "hidden"), [(d, h) for d, some in zero_label.HIDDEN.items() for h in some])
def test_an_arm_validates(data, hidden, arm):
    params = departed_from()
    every = merged(params, DATA[data], QUIET, zero_label_arms.settings_of(data, hidden, arm))
    for name, command in STAGES.items():
        validated(command.stage.__annotations__["settings"], every[name], name)
    expansion = every["correct"]["expansion"]
    assert expansion[expansion["name"]]["against"] == ("all" if hidden == 1 else "unseen")
    assert every["train"]["loss"]["name"] == params["train"]["loss"]["name"]
    names = zero_label.HIDDEN[data][hidden]
    assert set(names) < set(zero_label_arms.VECTORS[data]) and len(names) == hidden
