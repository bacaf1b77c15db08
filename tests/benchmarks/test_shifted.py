"""Shifted labels: the data's arithmetic, that every arm is a setting that exists, and the page of rows by hand."""

import numpy as np
import pytest

from benchmarks import shifted, shifted_headline, shifted_page, shifted_tables
from benchmarks.claims import kept
from benchmarks.rounds_in_process import STAGES
from benchmarks.shifted_data import Shift, thinned, write_folder
from benchmarks.shifted_data import shifted as changed
from segmend.images.rasters import read_labels
from segmend.stage.params import validated


@pytest.mark.parametrize("arm", shifted.ARMS)
@pytest.mark.parametrize("data", shifted.DATA)
def test_every_arm_is_a_setting(data, arm):
    cell = shifted.cell_of(data, arm, 0)
    for stage in STAGES:
        validated(STAGES[stage].stage.__annotations__["settings"], cell.settings[stage], stage)
    # All arms learn in the same way, but for those that stand for the papers' own.
    assert cell.settings["train"]["loss"]["name"] == ("cross_entropy" if arm in shifted.OWN else "dice")
    assert cell.settings["train"]["network"] == shifted.LEARN["network"]


def test_gamma_and_blur():
    image = np.full((9, 9, 3), 51, np.uint8)  # .2: squared .04, of 255 that is 10
    assert (changed(image, Shift(blur=1.0, gamma=2.0)) == 10).all()
    image[4, 4] = 255
    assert changed(image, Shift(blur=1.0))[4, 4].max() < 128 and (changed(image, Shift()) == image).all()


def test_thinned():
    assert thinned(list("abcdefg"), 3) == ["a", "d", "g"] and thinned(["a", "b"], 5) == ["a", "b"]


def test_a_folder_with_and_without_given_masks(tmp_path):
    from benchmarks.shifted_data import Picture

    image, truth = np.zeros((4, 4, 3), np.uint8), np.ones((4, 4), np.uint8)
    write_folder(tmp_path / "a", [Picture("x", "train", image, truth)], ["p", "q"], {"x": truth * 0})
    write_folder(tmp_path / "b", [Picture("x", "train", image, truth)], ["p", "q"], None)
    assert (read_labels(tmp_path / "a/masks/x.png") == 0).all() and (read_labels(tmp_path / "a/truth/x.png") == 1).all()
    assert (read_labels(tmp_path / "b/masks/x.png") == 1).all() and not (tmp_path / "b/truth").exists()


def row(arm, wrong, seed=0, data="facade"):
    rounds = [
        {
            "wrong_pixels": 1000 * k,
            "data_miou": 0.5,
            "model_miou": 0.4,
            "ceiling_miou": 0.8,
            "auto_fixed": 7,
            "auto_broken": 2,
        }
        for k in wrong
    ]
    return {"data": data, "arm": arm, "seed": seed, "rounds": rounds, "cpu_seconds": 1.0}


def test_the_table_by_hand():
    rows = [row("sim", [100, 90, 80, 60]), row("sim", [100, 90, 80, 70], 1), row("free_argmax", [95])]
    lines = shifted_tables.rounds_table(rows, "facade", ["free_argmax", "sim"], 3).splitlines()
    assert "95.0 (asks nobody)" in lines[2] and "| sim | 2 | 90.0 ± 0.0 | 80.0 ± 0.0 | 65.0 ± 7.1 |" in lines[3]
    assert lines[3].endswith("| 7 - 2 |")


def rows_of(ends, data=("a", "b"), seeds=3):
    return [
        row(arm, [100, *(end + seed for end in ends[arm])], seed, name)
        for name in data
        for seed in range(seeds)
        for arm in ends
    ]


def test_the_ratio_to_sim_is_of_sets_that_have_both():
    rows = rows_of({"sim": [80], "segmend": [40]})
    assert shifted_page.ratios_to_sim(rows, ("a", "b"), 1)[1] == pytest.approx([40 / 80, 41 / 81, 42 / 82])
    assert shifted_page.ratios_to_sim(rows, ("a", "b", "c"), 1) == {}


def test_behind_after_a_round():
    """Against sim: ahead after round 2, behind after round 1, by three seeds; labels that ask nobody stay as they are."""
    rows = rows_of({"sim": [80, 70], "segmend": [90, 40], "free_argmax": []}, ("a",))
    found = {(gap.rival, gap.round): gap.word for gap in shifted_page.gaps(rows, ("a",), 2)}
    assert found[("sim", 1)] == "behind" and found[("sim", 2)] == "ahead" and found[("free_argmax", 2)] == "ahead"
    table = shifted_page.against_rivals(list(shifted_page.gaps(rows, ("a",), 2)), ("a",), 2)
    assert "| sim | 0.58 ± 0.01 (3), **behind after round 1** |" in table and "| segmend_before | - |" in table


def test_a_claim_needs_every_rival_and_three_seeds():
    ends = {arm: [80] for arm in shifted_page.RIVALS} | {"segmend": [40]}
    claims = {
        claim.text.split(":")[0]: claim for claim in shifted_page.claims(rows_of(ends), ("a", "b"), ("a", "b"), 1)
    }
    assert claims["a"].holds and claims["a"].seeds == 3
    few = shifted_page.claims(rows_of(ends, seeds=2), ("a",), ("a",), 1)
    assert not any(claim.holds for claim in few)
    del ends["sim"]
    assert not any(claim.holds for claim in shifted_page.claims(rows_of(ends), ("a",), ("a",), 1))


def test_networks_parts_and_people_by_hand():
    """The network gains .1 of the .2 that the truth would; without chance 6/5 is left; people who err keep 40 of 50."""
    rows = rows_of({"segmend": [50], "corrected_random_0": [60], "segmend_erring": [60]}, ("brain",), 1)
    rows += [row("truth", [0], data="brain")]
    for one in rows:
        one["rounds"][0]["model_miou"] = 0.5 if one["arm"] == "truth" else 0.3
    assert shifted_tables.gains(rows, "brain", "segmend") == pytest.approx([0.1])
    assert shifted_tables.shares_of_truth(rows, "brain", "segmend") == pytest.approx([0.8])
    lines = shifted_tables.network_table(rows, ("brain", "a")).splitlines()[2:]
    assert lines == ["| brain | 0.300 | - | - | 0.400 | 0.100 | 0.500 | 0.80 | 1 |"]
    assert (
        shifted_tables.parts_table(rows, ("brain", "a"))
        .splitlines()[2]
        .endswith("(`corrected_random_0`) | 1.20 (1) | - |")
    )
    assert shifted_tables.erring_table(rows, ("brain",)).splitlines()[2] == "| brain | one | 50.0 | 60.0 | 0.80 | 1 |"
    made = shifted_page.more_claims(rows, ("brain",), ("brain",))
    assert [claim.value for claim in made] == pytest.approx([0.8, 0.1, 0.8])
    assert not any(claim.holds for claim in made)  # one seed


def test_closed_gaps_by_hand():
    """From .5 to .65: .3 of the way to 1, half of the way to a ceiling of .8."""
    one = row("sim", [100, 50])
    one["rounds"][1]["data_miou"] = 0.65
    assert shifted_tables.closed([one], False) == pytest.approx([0.3])
    assert shifted_tables.closed([one], True) == pytest.approx([0.5])


def test_what_is_missing_is_named():
    text = shifted_page.missing(rows_of({"sim": [80]}, ("a",), 2), ("a", "b"), ("sim", "alc"))
    assert text == "Fewer than three seeds: `sim`: a 2, b 0. Not measured: `alc`."


def test_the_headline_by_hand():
    """Half of the wrong pixels are left; seed 2 lacks an arm; the better free one leaves 90 of 100 thousand."""
    rows = rows_of({"sim": [80], "segmend_before": [60], "segmend": [50]}, ("brain",))
    rows += [
        row(arm, [wrong], seed, "brain")
        for seed in range(3)
        for arm, wrong in (("free_argmax", 95), ("free_threshold", 90))
    ]
    rows = [one for one in rows if (one["arm"], one["seed"]) != ("sim", 2)]
    line = shifted_headline.headline(rows).splitlines()[2]
    assert line.endswith("| 90 ± 0 % | 80 ± 1 % | 60 ± 1 % | 50 ± 1 % | 2 |")


def test_the_table_in_the_readme_is_that_of_the_rows():
    text = shifted_headline.README.read_text()
    assert shifted_headline.with_headline(text, kept("shifted")) == text
