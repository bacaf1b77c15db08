"""The benchmark of training on bad labels: every arm is in order, gains are taken seed by seed, a cell runs."""

from argparse import Namespace
from json import loads

import pytest
from ruamel.yaml import YAML

from benchmarks import claims, noise, noise_page, rounds_in_process
from benchmarks.noise_arms import ARMS, LONG, LONG_DATA, PLAIN
from benchmarks.rounds_in_process import DATA, QUIET, ROOT, departed_from, merged
from segmend.stage.params import validated
from tasks.train.settings import Params


@pytest.mark.parametrize("arm", ARMS)
def test_an_arm_validates(arm):
    params = departed_from()["train"]
    made = validated(Params, merged(params, PLAIN, QUIET["train"], ARMS[arm]), "train")
    assert made.loss.name == ARMS[arm].get("loss", PLAIN["loss"])["name"]


def test_the_default_recipe_is_what_params_ship():
    train = YAML(typ="safe").load(ROOT / "params.yaml")["train"]
    plain = merged(PLAIN, ARMS[noise_page.OURS])
    for name in ("loss", "selection", "teacher", "correction", "sharpness", "averaging"):
        assert train[name]["name"] == plain[name]["name"], name
    assert train["gradients"] == plain["gradients"]


def rows(arm, finals, level="hard", epochs=12):
    return [
        {
            "data": "brain",
            "kind": "border",
            "level": level,
            "arm": arm,
            "seed": seed,
            "final": final,
            "best": final,
            "val": final,
            "epochs": epochs,
            "seconds": 9,
        }
        for seed, final in enumerate(finals)
    ]


def test_gains_are_taken_seed_by_seed_and_claimed_by_the_rule_of_effect():
    every = rows("cross_entropy", [0.5, 0.6, 0.7]) + rows(noise_page.OURS, [0.54, 0.65, 0.76])
    place = ("brain", "border", "hard")
    assert noise_page.gains(every, noise_page.OURS, place) == pytest.approx([0.04, 0.05, 0.06])
    (claim,) = noise_page.claims(every)
    assert claim.holds and claim.value == pytest.approx(0.05) and claim.spread == pytest.approx(0.01)
    (claim,) = noise_page.claims(rows("cross_entropy", [0.5, 0.6, 0.7]) + rows(noise_page.OURS, [0.5, 0.65, 0.66]))
    assert not claim.holds  # .0033 on the mean, spread .045
    (claim,) = noise_page.claims(
        rows("cross_entropy", [0.5, 0.6, 0.7], "easy") + rows(noise_page.OURS, [0.5, 0.65, 0.66], "easy")
    )
    assert claim.holds  # at easy noise it need only not be worse


def test_arms_are_ranked_by_the_val_split_alone():
    every = rows("cross_entropy", [0.5]) + rows("dice", [0.6]) + rows("gce", [0.7])
    every[1]["val"] = 0.8
    assert noise_page.ranking(every) == [("dice", pytest.approx(0.3)), ("gce", pytest.approx(0.2))]


def test_what_is_missing_is_left_out_of_the_ranking():
    assert noise_page.ranking([]) == []
    assert noise_page.ranking(rows("dice", [0.6])) == []  # without the baseline
    every = rows("cross_entropy", [0.5]) + rows("dice", [0.6]) + rows("gce", [0.7])
    for row in every[::2]:
        del row["val"]  # as rows of before it was measured
    assert noise_page.ranking(every) == []
    place = noise_page.settings_of(every[0])
    assert "dice" not in noise_page.table(every, [place], list(ARMS), "val")
    assert "| dice | +0.100 |" in noise_page.table(every, [place], list(ARMS), "final")


def test_long_trainings_are_rows_and_tables_of_their_own(monkeypatch, tmp_path):
    chosen = Namespace(seeds=[0], levels=["hard"], arms=list(LONG), data=list(LONG_DATA), long=True)
    cells = noise.wanted(chosen)
    assert len(cells) == len(LONG) * 2 and {cell["kind"] for cell in cells} == {"objects"}
    assert {(cell["data"], cell["epochs"]) for cell in cells} == {("brain", 60), ("superalloy", 100)}
    chosen.long = False
    short = noise.wanted(chosen)
    assert {(cell["data"], cell["epochs"]) for cell in short} == {("brain", 12), ("superalloy", 20)}
    assert not {noise.called(cell) for cell in cells} & {noise.called(cell) for cell in short}

    every = rows("cross_entropy", [0.5]) + rows("dice", [0.6])
    long = rows("cross_entropy", [0.3], epochs=60) + rows("dice", [0.37], epochs=60)
    monkeypatch.setattr(claims, "RESULTS", tmp_path)
    noise_page.report(every + long)
    before, after = (tmp_path / "noise.md").read_text().split("## 5 times as long")
    assert "| dice | +0.100 |" in before and "0.300" not in before
    assert "| dice | +0.070 |" in after and "brain 60" in after
    noise_page.report(every)
    assert "times as long" not in (tmp_path / "noise.md").read_text()


@pytest.mark.slow
def test_a_cell_and_its_page(tmp_path, monkeypatch):
    toy = {"name": "toy", "toy": {"images": 10, "size": [48, 48]}}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(noise, "WORK", tmp_path)
    monkeypatch.setattr(rounds_in_process, "WORK", tmp_path)
    monkeypatch.setattr(claims, "RESULTS", tmp_path)
    monkeypatch.setitem(DATA, "toy", {"ingest": {"data": "toy", "format": toy}, "train": {"epochs": 2}})
    monkeypatch.setenv("SEGMEND_BENCH_DATA", str(tmp_path / "raw"))
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")
    (tmp_path / "raw/toy").mkdir(parents=True)
    cell = {"data": "toy", "kind": "objects", "level": "hard", "seed": 0, "epochs": 2}
    for arm in ("cross_entropy", "dice"):
        noise.Cell(**cell, arm=arm).ready()
        row = {**cell, "arm": arm, **noise.measure(**cell, arm=arm)}
        assert 0 <= row["final"] <= 1 and row["data_miou"] < 0.95 and row["best_epoch"] == 2
    noise_page.report([row])
    assert "toy, objects, hard" in (tmp_path / "noise.md").read_text()
    assert loads((tmp_path / "noise.json").read_text())["claims"] == []
