"""The arithmetic of benchmarks/zero_label.py, and that every arm is a setting that exists."""

from json import loads

import pytest
from ruamel.yaml import YAML

from benchmarks import claims, zero_label
from benchmarks.rounds_in_process import DATA, QUIET, ROOT, STAGES, merged
from tasks.params import validated


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
    rows += [row("self_training", seed, end=0.4, precision=0.8) for seed in (0, 1)]
    rows += [row("self_training", 3, end=0.6, precision=None)]
    found = zero_label.differences(rows, "brain", 1, "model_harmonic", "self_training")
    assert found == pytest.approx([0.2, 0.3, 0.0])
    assert zero_label.differences(rows, "brain", 1, "unseen_precision", "self_training") == pytest.approx([0.1, 0.1])
    assert zero_label.differences(rows, "brain", 2, "model_harmonic", "self_training") == []
    made = zero_label.claims(rows)
    assert [claim.seeds for claim in made] == [3, 2, 4] and all(claim.holds for claim in made)
    assert made[2].value == pytest.approx((0.1 + 0.2 + 0.1 + 0.1) / 4)  # over round 0


def test_page(monkeypatch, tmp_path):
    rows = [row(arm, seed) for arm in zero_label.ARMS for seed in (0, 1)] + [row(data="superalloy", precision=None)]
    monkeypatch.setattr(zero_label, "kept", lambda name: rows)
    monkeypatch.setattr(claims, "RESULTS", tmp_path)
    zero_label.report()
    page = (tmp_path / "zero_label.md").read_text()
    assert "| no pseudo labels | 0 | 2 | 0.000 ± 0.000 | none | 0.800" in page
    assert "| strict | 3 | 2 | 0.400 ± 0.000 | 0.900 ± 0.000 |" in page and page.count("Not measured.") == 2
    assert "| grey matter | sure | 0.400 ± 0.000 |" in page and "30%" in page
    assert len(loads((tmp_path / "zero_label.json").read_text())["claims"]) == 4


@pytest.mark.parametrize("arm", zero_label.ARMS)
@pytest.mark.parametrize(("data", "hidden"), [(d, h) for d, some in zero_label.HIDDEN.items() for h in some])
def test_an_arm_validates(data, hidden, arm):
    params = YAML(typ="safe").load(ROOT / "params.yaml")
    every = merged(params, DATA[data], QUIET, zero_label.settings_of(data, hidden, arm))
    for name, command in STAGES.items():
        validated(command.stage.__annotations__["settings"], every[name], name)
    expansion = every["correct"]["expansion"]
    assert expansion[expansion["name"]]["against"] == ("all" if hidden == 1 else "unseen")
    names = zero_label.HIDDEN[data][hidden]
    assert set(names) < set(zero_label.VECTORS[data]) and len(names) == hidden
