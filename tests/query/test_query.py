"""The stage on a toy workspace, with the truth in place of a network's probabilities."""

from json import loads

import numpy as np
import pyarrow.parquet as parquet
import pytest

from segmend.answers import history
from segmend.answers.answers import Answer, decode, encode, read_queries, write
from segmend.images.dataset import Labels
from segmend.images.rasters import UNLABELLED, VOID, Maps, write_maps
from segmend.stage.params import load, validated
from tasks.pseudo_label.__main__ import pseudo_label
from tasks.pseudo_label.settings import Params as LabelParams
from tasks.query.__main__ import asked_before, query
from tasks.query.settings import Params
from tests import toys

BLOCKS = (np.arange(40)[:, None] // 8 * 6 + np.arange(48) // 8).astype(np.int32)  # 30 regions of 64 pixels


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setattr("tasks.query.__main__.stream", toys.leaf_probabilities)
    toys.leaves(tmp_path)
    write_maps(tmp_path / "regions", ((name, BLOCKS) for name in ("a/0", "a/1", "a/2", "b")), 4)
    paths = {"dataset": tmp_path / "dataset", "regions": tmp_path / "regions"}
    pseudo_label.stage(LabelParams(), 0, **paths, out=tmp_path / "labels/r0")
    return tmp_path


def run(root, out="q", round="r1", seed=0, budget="10%", **settings):
    params = validated(Params, {**load()["query"], **settings}, "query")
    paths = {
        "dataset": root / "dataset",
        "regions": root / "regions",
        "labels": root / "labels/r0",
        "model": root / "m",
    }
    return query.stage(params, seed, round=round, **paths, out=root / out, budget=budget)


def test_queries_and_metrics(here):
    metrics = run(here)
    queries = read_queries(here / "q")
    assert metrics["regions"] == 90 and metrics["budget"] == 9 and metrics["asked"] == len(queries) == 9
    assert [q.rank for q in queries] == list(range(9)) and queries[0].query == "r1-00001"
    assert [q.utility for q in queries] == sorted((q.utility for q in queries), reverse=True)
    # Whole blocks of stone called leaf: doubt .9 on 64 pixels, all alike.
    first = queries[0]
    assert (first.shown, first.predicted, first.area) == ("leaf", "stone", 64)
    assert first.utility == pytest.approx(64 * 0.9, rel=1e-5)
    assert first.footprint == encode(np.equal(BLOCKS, first.region)) and BLOCKS[first.row, first.column] == first.region
    assert metrics["shown/leaf"] == sum(q.shown == "leaf" for q in queries)
    assert {q.image for q in queries} <= {"a/0", "a/1", "a/2"}


def test_utilities_of_all_regions_are_saved(here):
    run(here)
    table = parquet.read_table(here / "q/utilities.parquet").to_pylist()
    assert len(table) == 90 and set(table[0]) == {"image", "region", "area", "utility", "expected", "asked_before"}
    best = max(table, key=lambda row: row["utility"])
    assert best["utility"] == pytest.approx(read_queries(here / "q")[0].utility)


def test_equal_bytes_and_another_seed_another_choice(here):
    run(here)
    run(here, "again")
    assert toys.digests(here / "q") == toys.digests(here / "again")
    for out, seed, round in [("s0", 0, "r1"), ("s1", 1, "r1"), ("r2", 0, "r2")]:
        run(here, out, round, seed, acquisition={"name": "random"})
    asked = [[(q.image, q.region) for q in read_queries(here / out)][:7] for out in ("s0", "s1", "r2")]
    assert asked[0] != asked[1] and asked[0] != asked[2]


def test_no_region_twice(here):
    run(here)
    queries = read_queries(here / "q")
    skips = [Answer(query=q.query, image=q.image, footprint=q.footprint, kind="skip") for q in queries]
    write(here / "labels/r0/answers.jsonl", skips)
    metrics = run(here, "r2", "r2", budget="7")
    again = read_queries(here / "r2")
    assert metrics["asked"] == 7 and metrics["regions_open"] == 81
    assert not {(q.image, q.region) for q in queries} & {(q.image, q.region) for q in again}


def test_asked_before_is_a_matter_of_footprints():
    half = BLOCKS == 3
    half[4:] = False  # 32 of region 3's 64 pixels, and two regions whole
    more = half | (BLOCKS == 7)
    more[4, 24:32] = True
    answers = [
        Answer(query=str(k), image="a", footprint=encode(mask), kind="skip") for k, mask in enumerate((half, more))
    ]
    asked = asked_before(BLOCKS, answers)
    assert asked[3] == 1 and asked[7] == 1 and asked.sum() == 2 and not asked_before(BLOCKS, answers[:1]).any()
    assert not asked_before(BLOCKS, []).any()


def test_two_halves_make_a_region_that_was_asked():
    """A merged region wholly covered by two earlier answers, neither of which is over more than half of it."""
    halves = [np.isin(BLOCKS, some) for some in ((0, 1), (6, 7))]
    answers = [Answer(query=str(k), image="a", footprint=encode(mask), kind="skip") for k, mask in enumerate(halves)]
    merged = np.where(np.isin(BLOCKS, (0, 1, 6, 7)), 0, BLOCKS)
    asked = asked_before(merged.astype(np.int32), answers)
    assert asked[0] == 1 and asked.sum() == 1
    assert asked_before(merged.astype(np.int32), answers[:1]).sum() == 0  # one of them is over half of it, not more


def test_everything_asked_is_no_error(here):
    labels = Labels(here / "labels/r0")
    everything = encode(np.ones((40, 48), bool))
    write(
        labels.folder / "answers.jsonl",
        [Answer(query=f"r1-{k}", image=f"a/{k}", footprint=everything, kind="skip") for k in range(3)],
    )
    metrics = run(here, "r2", "r2", budget="7")
    assert metrics["asked"] == 0 and metrics["regions_open"] == 0 and read_queries(here / "r2") == []
    assert (here / "r2/queries.png").is_file()


def test_void_is_never_asked_and_unlabelled_shows_nothing(here):
    labels, card = Labels(here / "labels/r0"), toys.LEAF_CARD
    for k, value in enumerate((VOID, UNLABELLED, UNLABELLED)):
        labels.write(f"a/{k}", np.full((40, 48), value, np.uint8), card)
    metrics = run(here, unit="clicks")
    assert metrics["regions_open"] == 60 and metrics["asked"] == 9 and metrics["shown/unlabelled"] == 9
    assert all(q.shown is None and q.image != "a/0" for q in read_queries(here / "q"))


def test_rounds_are_checked(here):
    for round, words in [("r0", "r1, r2, ... are allowed"), ("last", "are allowed")]:
        with pytest.raises(ValueError, match=words):
            run(here, round=round)


@pytest.mark.parametrize(("budget", "asked"), [("2.5%", 3), ("4", 4), ("1", 1), (4, 4)])
def test_the_budget_is_overshot_by_less_than_one(here, budget, asked):
    assert run(here, budget=str(budget))["asked"] == asked
    spent = loads((here / "q/budget.json").read_text())
    assert spent["unit"] == "regions" and spent["allowed"] <= asked < spent["allowed"] + 1


def test_a_budget_that_is_none_is_refused(here):
    with pytest.raises(ValueError, match="--budget"):
        run(here, budget="many")


def test_merged_regions_are_asked_and_kept(here):
    """The labels say leaf where the truth is stone in whole blocks: neighbouring blocks are one conflict, one question."""
    metrics = run(here, merging={"name": "conflict"}, acquisition={"name": "expected_gain"}, kind="dominant")
    maps, queries = Maps(here / "q/regions"), read_queries(here / "q")
    assert metrics["cells"] == 90 and metrics["budget"] == 9  # percent of the base cells, whatever was merged
    assert all((decode(q.footprint) == (maps[q.image] == q.region)).all() and q.kind == "dominant" for q in queries)
    assert max(q.area for q in queries) > 64
    assert not (run(here, "plain") and (here / "plain/regions").exists())


def test_the_forecast_is_what_a_truthful_annotator_fixes(here):
    metrics = run(here, acquisition={"name": "expected_gain"})
    queries = read_queries(here / "q")
    assert metrics["expected_fixed"] == pytest.approx(sum(q.expected for q in queries), abs=0.5)
    assert metrics["experience"] == 1 and metrics["ahead"] == 81
    # Whole blocks of stone called leaf, to which the network gives .8 and .1.
    assert queries[0].expected == pytest.approx(64 * 0.7, abs=0.1)


def test_the_forecast_learns_from_what_the_round_before_fixed(here):
    run(here, acquisition={"name": "expected_gain"})
    first = [
        dict.fromkeys(history.SCHEMA.names)
        | {"round": "r1", "query": q.query, "kind": "class", "expected": q.expected, "changed": 0}
        for q in read_queries(here / "q")
    ]
    history.write(here / "labels/r0", history.table(first))
    metrics, queries = run(here, "again", acquisition={"name": "expected_gain"}), read_queries(here / "again")
    assert metrics["experience"] == pytest.approx(100 / (100 + sum(row["expected"] for row in first)))
    assert metrics["expected_fixed"] == pytest.approx(
        metrics["experience"] * sum(q.expected for q in queries), rel=0.01
    )


def test_a_dominant_answer_may_be_expected_to_break_labels(here):
    """Every region gets an answer, and where it is half one class and half another, right labels are painted over."""
    expected = {}
    for kind in ("correction", "dominant"):
        metrics = run(here, kind, kind=kind, budget="90")
        expected[kind] = {(q.image, q.region): q.expected for q in read_queries(here / kind)}
        assert metrics["expected_fixed"] == pytest.approx(sum(expected[kind].values()), abs=2)
    # Rows 16..23 and columns 8..15 of a/0: 32 pixels of leaf, 32 of ground, and the labels say so.
    mixed = ("a/0", 13)
    assert (np.bincount(toys.leaf_truth(0)[BLOCKS == 13]) == [32, 32]).all()
    assert expected["correction"][mixed] == 0 and expected["dominant"][mixed] == pytest.approx(-32 * 0.7, abs=0.1)
    assert min(expected["correction"].values()) == 0


def test_dominant_answers_teach_no_experience(here):
    """They repaint pixels that were right: changed is not fixed."""
    row = {"round": "r1", "query": "r1-00001", "kind": "class", "expected": 10.0, "changed": 5000}
    history.write(here / "labels/r0", history.table([dict.fromkeys(history.SCHEMA.names) | row]))
    assert run(here, "dominant", kind="dominant")["experience"] == 1
    assert run(here, "correction")["experience"] == 10  # 5100 / 110 is more than a forecast may be raised


def test_what_an_untrained_network_says_decides_nothing(here, capsys):
    """Nothing was labelled, so no merging and no acquisition by its noise: base cells at random."""
    for k in range(3):
        Labels(here / "labels/r0").write(f"a/{k}", np.full((40, 48), UNLABELLED, np.uint8), toys.LEAF_CARD)
    by_gain = {"acquisition": {"name": "expected_gain"}, "merging": {"name": "root_anchored"}}
    run(here, "trained", **by_gain)
    (here / "m").mkdir()
    (here / "m/config.json").write_text('{"trained": false}')
    run(here, **by_gain)
    assert "at random" in capsys.readouterr().out and not (here / "q/regions").exists()
    run(here, "chance", acquisition={"name": "random"})
    asked = [[(q.image, q.region) for q in read_queries(here / out)] for out in ("q", "chance", "trained")]
    assert asked[0] == asked[1] != asked[2] and all(q.area == 64 for q in read_queries(here / "q"))


def test_multiclass_questions_have_no_forecast(here):
    """A set of classes changes no pixel by itself: what it will fix is not foreseen, and no one is told to stop."""
    metrics = run(here, kind="multiclass")
    assert metrics["expected_fixed"] is None and metrics["ahead_fixed"] is None
    assert all(q.expected is None for q in read_queries(here / "q")) and not (here / "q/forecast.json").exists()


def test_command_line(here):
    words = "--round r1 --budget 10% --dataset dataset --regions regions --labels labels/r0 --model m --out q --metrics m.json --report r.json"
    assert query(words.split()) == 0 and loads((here / "m.json").read_text())["asked"] == 9


@pytest.mark.parametrize("unit", ["regions", "clicks"])
def test_a_round_may_ask_nothing(here, unit):
    metrics = run(here, budget="0", unit=unit)
    assert metrics["asked"] == metrics["budget"] == metrics["asked_pixels"] == metrics["expected_fixed"] == 0
    assert read_queries(here / "q") == [] and (here / "q/queries.png").is_file()
    assert metrics["regions_open"] == 90


def test_thin_regions_are_not_asked(here):
    """Cells of 1 x 8 pixels, but for one of 8 x 8 in each image."""
    strips = (np.arange(40)[:, None] * 6 + np.arange(48) // 8).astype(np.int32)
    strips[8:16, 8:16] = 400
    ids = np.unique(strips, return_inverse=True)[1].reshape(strips.shape).astype(np.int32)
    write_maps(here / "regions", ((name, ids) for name in ("a/0", "a/1", "a/2", "b")), 4)
    assert run(here, budget="9")["asked"] == 9
    metrics = run(here, "thick", budget="9", thinnest=3)
    assert metrics["asked"] == metrics["regions_open"] == 3
    assert {query.area for query in read_queries(here / "thick")} == {64}


def test_a_share_of_the_questions_goes_to_val(here):
    """Nine questions, a third of them about val images: three base cells drawn by area, spread over the round, reported apart."""
    metrics = run(here, val=0.3)
    queries = read_queries(here / "q")
    apart = [q for q in queries if q.image == "b"]
    assert metrics["asked"] == len(queries) == 9 and metrics["asked_val"] == len(apart) == 3
    assert [q.rank for q in queries] == list(range(9)) and [q.rank for q in apart] == [1, 4, 7]
    assert all(q.chance == pytest.approx(3 / 30) and q.image_sha256 for q in apart)  # cells of one size
    assert [q.query for q in queries] == [f"r1-{k:05d}" for k in range(1, 10)]
    plain = run(here, "plain")
    assert plain["asked_val"] == 0
    train = [q.footprint for q in queries if q.image != "b"]
    assert (
        train == [q.footprint for q in read_queries(here / "plain")][:6]
    )  # the best of the train split, in the same order


def test_no_val_images_no_question_about_them(here):
    samples = (here / "dataset/samples.csv").read_text()
    (here / "dataset/samples.csv").write_text(samples.replace(",val,", ",test,"))
    assert run(here, val=0.3)["asked_val"] == 0 and len(read_queries(here / "q")) == 9
