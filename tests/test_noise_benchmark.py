"""The benchmark of training on bad labels: every arm is in order, gains are taken seed by seed, a cell runs."""

from json import loads

import pytest
from ruamel.yaml import YAML

from benchmarks import claims, noise, rounds_in_process
from benchmarks.noise_arms import ARMS, PLAIN
from benchmarks.rounds_in_process import DATA, QUIET, ROOT, merged
from tasks.params import validated
from tasks.train.settings import Params


@pytest.mark.parametrize("arm", ARMS)
def test_an_arm_validates(arm):
    params = YAML(typ="safe").load(ROOT / "params.yaml")["train"]
    made = validated(Params, merged(params, PLAIN, QUIET["train"], ARMS[arm]), "train")
    assert made.loss.name == ARMS[arm].get("loss", PLAIN["loss"])["name"]


def test_the_default_recipe_is_what_params_ship():
    train = YAML(typ="safe").load(ROOT / "params.yaml")["train"]
    plain = merged(PLAIN, ARMS[noise.OURS])
    for name in ("loss", "selection", "teacher", "correction", "sharpness", "averaging"):
        assert train[name]["name"] == plain[name]["name"], name


def rows(arm, finals, level="hard"):
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
            "seconds": 9,
        }
        for seed, final in enumerate(finals)
    ]


def test_gains_are_taken_seed_by_seed_and_claimed_beyond_the_spread():
    every = rows("cross_entropy", [0.5, 0.6, 0.7]) + rows("dice", [0.54, 0.65, 0.76])
    place = ("brain", "border", "hard")
    assert noise.gains(every, "dice", place) == pytest.approx([0.04, 0.05, 0.06])
    (claim,) = noise.claims(every)
    assert claim.holds and claim.value == pytest.approx(0.05) and claim.spread == pytest.approx(0.01)
    (claim,) = noise.claims(rows("cross_entropy", [0.5, 0.6, 0.7]) + rows("dice", [0.5, 0.65, 0.66]))
    assert not claim.holds  # .0033 on the mean, spread .045
    (claim,) = noise.claims(rows("cross_entropy", [0.5, 0.6, 0.7], "easy") + rows("dice", [0.5, 0.65, 0.66], "easy"))
    assert claim.holds  # at easy noise it need only not be worse


def test_arms_are_ranked_by_the_val_split_alone():
    every = rows("cross_entropy", [0.5]) + rows("dice", [0.6]) + rows("gce", [0.7])
    every[1]["val"] = 0.8
    assert noise.ranking(every) == [("dice", pytest.approx(0.3)), ("gce", pytest.approx(0.2))]


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
    cell = {"data": "toy", "kind": "objects", "level": "hard", "seed": 0}
    for arm in ("cross_entropy", "dice"):
        noise.Cell(**cell, arm=arm).ready()
        row = {**cell, "arm": arm, **noise.measure(**cell, arm=arm)}
        assert 0 <= row["final"] <= 1 and row["data_miou"] < 0.95 and row["epochs"] == 2
        monkeypatch.setattr(noise, "rows_so_far", lambda kept=[row]: kept)
    noise.report()
    assert "toy, objects, hard" in (tmp_path / "noise.md").read_text()
    assert loads((tmp_path / "noise.json").read_text())["claims"] == []
