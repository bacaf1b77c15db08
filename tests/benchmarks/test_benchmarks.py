"""The arithmetic of the benchmarks, by hand, and that every arm is a setting that exists."""

import shutil
from json import loads

import pytest

from benchmarks import (
    ablation,
    ablation_arms,
    acquisition,
    claims,
    effect,
    gap,
    round_memory,
    rounds_in_process,
)
from benchmarks.rounds_in_process import DATA, QUIET, STAGES, departed_from, merged
from segmend.stage.params import validated
from tests.pipeline import toy_settings

# First labels .60, ceiling .80: the gap is .20. Of 1,000 cells 50 clicks a round.
CURVE = [0.60, 0.70, 0.76, 0.79, 0.82]


def row(curve=CURVE, **more):
    """A row as the benchmarks keep it, 50 clicks a round of 1,000 cells."""
    same = {"ceiling_miou": 0.80, "cells": 1000, "queries": 100, "class_sets": 5, "coverage": 0.5, "wrong_share": 0.1}
    rounds = [{"clicks": 50 * k, "data_miou": v, "model_miou": v, **same} for k, v in enumerate(curve)]
    return {"data": "brain", "arm": "sim", "seed": 0, **more, "rounds": rounds}


def test_gap_closed():
    """.70 is half way from .60 to .80; answers that follow finer regions may pass the ceiling."""
    points = gap.gap_closed(row())
    assert [x for x, _ in points] == pytest.approx([0, 0.05, 0.10, 0.15, 0.20])
    assert [y for _, y in points] == pytest.approx([0, 0.5, 0.8, 0.95, 1.1])


def test_clicks_to():
    """90 % lies two thirds of the way from 80 % (at .10) to 95 % (at .15); 25 % half way through the first round."""
    assert gap.clicks_to(row(), 0.9) == pytest.approx(0.10 + 0.05 * 2 / 3)
    assert gap.clicks_to(row(), 0.25) == pytest.approx(0.025)


def test_never_is_the_whole_budget():
    flat = row([0.60] * 5)
    assert gap.clicks_to(flat, 0.9) == pytest.approx(0.20)
    assert gap.never([0.20]) == "never" and gap.never([0.10]) == "10.0%"


def test_area():
    """Trapezia: (0 + .5 + .5 + .8 + .8 + .95 + .95 + 1.1) / 2 / 4; nothing closed: 0, all at once: 7 / 8."""
    assert gap.area(row()) == pytest.approx(0.7)
    assert gap.area(row([0.60] * 5)) == 0
    assert gap.area(row([0.60, 0.80, 0.80, 0.80, 0.80])) == pytest.approx(0.875)


def test_whole_rounds():
    """90 % is passed in the third round of four of 5 %; what is never passed takes all four."""
    assert gap.whole_rounds_to(row(), 0.9) == pytest.approx(0.15)
    assert gap.whole_rounds_to(row([0.60] * 5), 0.9) == pytest.approx(0.20)


def test_differences_are_taken_seed_by_seed():
    """Only seeds 0, 1 and 2 have both arms: .7 - 0, .875 - 0 and .7 - 0; one data set alone."""
    rows = [
        *(row(seed=s) for s in (0, 2, 3)),
        row([0.60, 0.80, 0.80, 0.80, 0.80], seed=1),
        *(row([0.60] * 5, arm="cil", seed=s) for s in range(3)),
    ]
    question = next(q for q in ablation.QUESTIONS if (q.arm, q.without) == ("sim", "cil"))
    assert ablation.differences(rows, "brain", question) == pytest.approx([0.7, 0.875, 0.7])
    assert ablation.differences(rows, "superalloy", question) == []
    found = [claim for claim in ablation.claims(rows) if "(sim)" in claim.text]
    assert len(found) == 1 and found[0].holds and found[0].value == pytest.approx(2.275 / 3) and found[0].seeds == 3


@pytest.mark.parametrize(
    ("values", "words", "way"),
    [
        ([0.1], "one seed, too few", 0),
        ([0.1, 0.11], "2 seeds, too few", 0),
        ([0.1, -0.1, 0.05], "no effect shown", 0),
        ([0.1, 0.11, 0.12], "an effect, as", 1),
        ([-0.1, -0.11, -0.12], "**against**", -1),
    ],
)
def test_one_rule_for_words_and_claims(values, words, way):
    assert words in ablation.verdict(values) and effect.direction(values) == way


def test_interval():
    """1, 2, 3: the standard deviation is 1, Student's t with two degrees of freedom 4.303: 4.303 / sqrt(3) = 2.484."""
    assert effect.half_width([1, 2, 3]) == pytest.approx(2.484, abs=1e-3)
    assert effect.direction([1.4, 2.4, 3.4]) == 0 and effect.direction([1.5, 2.5, 3.5]) == 1


def test_stage_two_is_an_arm_of_its_own(monkeypatch):
    """Its last round replaces the one of the arm it came from, and acquisition's rows go first."""
    full = row(arm="full", stage2={"data_miou": 0.9, "clicks": 200})
    kept = {"acquisition": [row(), row(arm="margin")], "ablation": [row([0.6, 0.6]), full]}
    monkeypatch.setattr(ablation, "kept", lambda name: kept[name])
    found = {one["arm"]: one for one in ablation.rows_so_far()}
    assert set(found) == {"sim", "full", ablation.STAGE_2} and len(found["sim"]["rounds"]) == 5
    assert found[ablation.STAGE_2]["rounds"][-1]["data_miou"] == 0.9
    assert found["full"]["rounds"][-1]["data_miou"] == 0.82


def test_page(monkeypatch, tmp_path):
    """Every arm has a line and every question an answer; sets are 5 in each of 5 rounds of 100 answers: a quarter."""
    rows = [row(arm=arm, seed=seed) for arm in ablation.PAPER for seed in range(3)]
    rows = [one | ({"stage2": {"model_miou": 0.9}} if one["arm"] == "full" else {}) for one in rows]
    monkeypatch.setattr(ablation, "kept", lambda name: rows if name == "ablation" else [])
    monkeypatch.setattr(claims, "RESULTS", tmp_path)
    ablation.report()
    page = (tmp_path / "ablation.md").read_text()
    for arm in (*ablation.PAPER, ablation.STAGE_2):
        assert page.count(f"\n| {arm} | 3 |") == 1, arm
    assert page.count("no effect shown") == len(ablation.QUESTIONS) - 2 and page.count("as the paper says") == 2
    assert "| full+stage2 | 3 | 0.200 ± 0.000 | 0.250 ± 0.000 | 0.500 ± 0.000 | 0.900 ± 0.000 |" in page
    found = loads((tmp_path / "ablation.json").read_text())["claims"]
    assert [one["value"] for one in found if one["holds"]] == pytest.approx([0.08, 0.08])  # stage 2: .90 over .82


def arms():
    yield from ((f"acquisition-{arm}", acquisition.settings_of(arm)) for arm in acquisition.ARMS)
    yield from ((f"{paper}-{arm}", one) for paper, some in ablation.ARMS.items() for arm, one in some.items())


@pytest.mark.parametrize(("settings"), [pytest.param(one, id=name) for name, one in arms()])
@pytest.mark.parametrize("data", DATA)
def test_an_arm_validates(settings, data):
    every = merged(departed_from(), DATA[data], QUIET, settings)
    for name, command in STAGES.items():
        validated(command.stage.__annotations__["settings"], every[name], name)


def test_arms_of_a_paper_differ_in_what_they_are_named_for():
    asal, mulactseg = ablation.ARMS["ASAL"], ablation.ARMS["MulActSeg"]
    assert asal["cells"]["query"]["merging"]["name"] == "none" == asal["merged"]["correct"]["sieving"]["name"]
    assert asal["merged+sieved"]["query"] == asal["merged"]["query"]
    assert all(one["query"] == mulactseg["full"]["query"] for one in mulactseg.values())
    assert [one["train"]["loss"]["name"] for one in mulactseg.values()] == ["cross_entropy", *["partial"] * 3]
    assert ablation_arms.WARM_UP == {"query": {"merging": {"name": "none"}}, "correct": {"sieving": {"name": "none"}}}


def peak(images, repetition, kilobytes, budget="500"):
    stages = {stage: {"kilobytes": kilobytes, "imports": 1, "seconds": 1, "asked": 1} for stage in round_memory.STAGES}
    return {"images": images, "budget": budget, "repetition": repetition, **stages}


def test_memory_claims_pair_repetitions():
    """1.05 and 1.20: the worst pair decides; a size without its partner says nothing."""
    rows = [peak(100, 0, 1000), peak(1000, 0, 1050), peak(100, 1, 1000), peak(1000, 1, 1200), peak(100, 2, 1000)]
    found = round_memory.claims(rows)
    assert [claim.value for claim in found] == pytest.approx([1.125] * 2) and not any(claim.holds for claim in found)
    assert all(claim.holds for claim in round_memory.claims(rows[:2])) and round_memory.claims(rows[4:]) == []


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # Cell works in a folder of its own
    monkeypatch.setattr(rounds_in_process, "WORK", tmp_path)
    monkeypatch.setitem(rounds_in_process.DATA, "toy", toy_settings(images=10, regions=30))
    monkeypatch.setenv("SEGMEND_BENCH_DATA", str(tmp_path / "raw"))
    (tmp_path / "raw/toy").mkdir(parents=True)  # nothing is read from it
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")
    for place in (ablation, ablation_arms):
        monkeypatch.setattr(place, "ROUNDS", 2)
    monkeypatch.setattr(ablation, "BUDGET", "20%")


@pytest.mark.slow
def test_a_row_of_acquisition(toy, monkeypatch):
    """What each class was asked about adds up, conflicts have a ceiling of their own, and the outcome is of the labels shown."""
    monkeypatch.setattr(acquisition, "ROUNDS", 1)
    monkeypatch.setattr(acquisition, "BUDGET", "20%")
    first, last = acquisition.measure("toy", "segmend_by_sim", 0)["rounds"]
    assert sum(last["shown"].values()) == last["asked"] > 0 and first["shown"] == {}
    assert last["ceiling_miou"] < last["own_ceiling"] <= 1 and first["data_miou"] < last["data_miou"]
    assert (
        last["came"] == last["pixels_fixed"] - last["pixels_broken"]
    )  # in the first round there is nothing automatic yet
    assert "own_ceiling" not in acquisition.measure("toy", "sim", 0)["rounds"][1]


@pytest.mark.slow
def test_arms_from_no_labels(toy):
    """Nothing is labelled first; round 1 is the same for arms of ASAL; stage 2 has the answers of the full arm."""
    found = {arm: ablation.measure("toy", arm, 0) for arm in ("cells", "merged+sieved", "oracle", "one_class", "full")}
    for one in found.values():
        assert one["rounds"][0]["coverage"] == 0 and one["rounds"][0]["model_miou"] is not None
    for name in ("clicks", "coverage", "wrong_pixels", "model_miou"):
        assert found["cells"]["rounds"][1][name] == found["merged+sieved"]["rounds"][1][name], name
    for name in ("clicks", "queries", "class_sets", "coverage"):
        assert [r[name] for r in found["one_class"]["rounds"]] == [r[name] for r in found["full"]["rounds"]], name
    last, second = found["full"]["rounds"][-1], found["full"]["stage2"]
    assert sum(r["class_sets"] for r in found["full"]["rounds"]) > 0 and second["clicks"] == last["clicks"]
    assert second["coverage"] > last["coverage"]


def test_benchmarks_do_not_follow_params(monkeypatch, tmp_path):
    """Rows of months stand beside each other: what a benchmark departs from is experiments/brain.yaml, whatever params.yaml says."""
    shutil.copytree(rounds_in_process.ROOT / "experiments", tmp_path / "experiments")  # and no params.yaml
    monkeypatch.setattr(rounds_in_process, "ROOT", tmp_path)
    cell = acquisition.cell_of("brain", "sim", 0)
    assert cell.settings["query"]["random"] == 0 and cell.settings["query"]["merging"] == {"name": "none"}
    assert cell.settings["superpixelize"] == rounds_in_process.experiment("brain")["superpixelize"]
