"""Rounds whose labels depend on a network: sieving, expansion, what is counted as automatic."""

import numpy as np
import pytest

from segmend.answers import history
from segmend.answers.answers import Answer, encode, read, read_queries, write_queries
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import UNLABELLED
from tasks.correct.apply_answers import corrected
from tasks.correct.costs import Clicks
from tasks.correct.expansion_pass import answer_outcomes
from tasks.correct.replay import replay
from tests import toys
from tests.correct.rounds import (
    BLOCKS,
    BOLD_EVIDENCE,
    MODULE,
    SIEVE,
    ask,
    ask_all,
    changed_by_evidence,
    reply,
    run,
    use_network,
)
from tests.query.questions import question


def test_an_answer_is_sieved_and_sieved_anew_by_each_network(workspace, monkeypatch):
    ask(workspace, "r1", [("a/0", (14, 15, 20, 21))], "dominant")
    use_network(monkeypatch)
    plain = run(workspace, out="plain")
    metrics = run(workspace, **SIEVE)
    first, after = Labels(workspace / "labels/r0")["a/0"], Labels(workspace / "labels/r1")["a/0"]
    region, true = np.isin(BLOCKS, (14, 15, 20, 21)), toys.leaf_truth(0)
    named = np.bincount(true[region]).argmax()
    assert (Labels(workspace / "plain")["a/0"][region] == named).all()
    assert (after[region & (true == named)] == named).all() and (region & (true != named)).sum() > 0
    assert (after[region & (true != named)] == first[region & (true != named)]).all()
    assert metrics["pixels_sieved"] == (region & (true != named)).sum() and plain["pixels_sieved"] == 0
    assert metrics["auto_changed"] == 0 and metrics["pixels_broken"] == 0 < plain["pixels_broken"]

    def sure(model, dataset, samples):  # a later network that believes the answer everywhere
        for sample in samples:
            yield sample, np.full((3, *toys.LEAF_SHAPE), 1 / 3, np.float32)

    monkeypatch.setattr("segmend.network.inference.stream", sure)
    write_queries(workspace / "queries/r2", [])
    metrics = run(workspace, "r2", **SIEVE)
    assert (Labels(workspace / "labels/r2")["a/0"][region] == named).all() and metrics["pixels_sieved"] == 0
    assert metrics["pixels_changed"] == 0  # nobody answer anything


def test_sieved_pixels_may_be_left_without_a_label(workspace, monkeypatch):
    ask(workspace, "r1", [("a/0", (14, 15, 20, 21))], "dominant")
    use_network(monkeypatch)
    run(workspace, sieving={"name": "knee", "knee": {"rest": "unlabelled"}})
    after, region, true = Labels(workspace / "labels/r1")["a/0"], np.isin(BLOCKS, (14, 15, 20, 21)), toys.leaf_truth(0)
    named = np.bincount(true[region]).argmax()
    assert (after[region & (true != named)] == UNLABELLED).all() and (after[region & (true == named)] == named).all()


def test_automatic_changes_are_counted_apart_and_made_anew(workspace, monkeypatch):
    use_network(monkeypatch, confused=True)
    ask(workspace, "r1", [("a/0", k) for k in (21, 22, 3, 0, 28, 14, 8)])
    ask(workspace, "r2", [("a/2", 21)])
    plain = run(workspace, out="plain")
    metrics = run(workspace, **MODULE)
    names = ("a/0", "a/1", "a/2")
    alone, out = Labels(workspace / "plain"), Labels(workspace / "labels/r1")
    moved = {name: alone[name] != out[name] for name in names}
    assert metrics["auto_changed"] == sum(mask.sum() for mask in moved.values()) > 0
    data = Dataset(workspace / "dataset", workspace / "truth")
    wrong = [sum(int((maps[name] != data.truth(name)).sum()) for name in names) for maps in (alone, out)]
    assert metrics["auto_fixed"] - metrics["auto_broken"] == wrong[0] - wrong[1] and metrics["auto_fixed"] > 0
    same = ("pixels_changed", "pixels_fixed", "pixels_broken", "clicks", "answered", "changed_to/stone")
    assert [metrics[key] for key in same] == [plain[key] for key in same]
    assert metrics["auto_changed"] == sum(metrics[f"auto_changed_to/{name}"] for name in data.classes)
    rows = history.read(workspace / "labels/r1").to_pylist()
    auto = [row for row in rows if row["kind"] == "auto"]
    assert rows[7:] == auto and sum(row["changed"] for row in auto) == metrics["auto_changed"]
    assert all((row["who"], row["query"], row["clicks"], row["round"]) == ("module", "", 0, "r1") for row in auto)

    later = run(workspace, "r2", **MODULE)
    rows = history.read(workspace / "labels/r2").to_pylist()
    assert {row["round"] for row in rows if row["kind"] == "auto"} == {"r2"} and later["clicks_total"] == 8
    assert [row["query"] for row in rows if row["kind"] != "auto"] == [
        *(f"r1-{k:05d}" for k in range(1, 8)),
        "r2-00001",
    ]
    use_network(monkeypatch)  # a network under which the module has nothing to do leaves no trace of what was automatic
    run(workspace, "r2", out="again", **MODULE)
    run(workspace, "r2", out="again2", **MODULE)
    assert toys.digests(workspace / "again") == toys.digests(workspace / "again2")
    run(workspace, "r2", out="off")
    answers = read(workspace / "off/answers.jsonl", toys.LEAF_CARD.classes)
    mine = [answer for answer in answers if answer.image == "a/1"]
    assert (
        Labels(workspace / "off")["a/1"]
        == corrected(Labels(workspace / "labels/r0")["a/1"], mine, toys.LEAF_CARD.classes)
    ).all()


def test_a_confirmed_automatic_label_is_an_answered_one(workspace, monkeypatch):
    use_network(monkeypatch, confused=True)
    ask(workspace, "r1", [("a/0", k) for k in (21, 22, 3, 0, 28, 14, 8)])
    metrics = run(workspace, **MODULE)
    stone = (Labels(workspace / "labels/r1")["a/1"] == 2) & (Labels(workspace / "labels/r0")["a/1"] == 1)
    region = int(np.bincount(BLOCKS[stone]).argmax())
    ask(workspace, "r2", [("a/1", region)])
    asked = read_queries(workspace / "queries/r2")[0].model_copy(update={"shown": "stone"})
    write_queries(workspace / "queries/r2", [asked])
    later = run(workspace, "r2", **MODULE)
    assert later["confirmed"] == 1 and later["auto_changed"] < metrics["auto_changed"]
    mask = region == BLOCKS
    assert (Labels(workspace / "labels/r2")["a/1"][mask & stone] == 2).all()
    answers = read(workspace / "labels/r2/answers.jsonl", toys.LEAF_CARD.classes)
    mine = [answer for answer in answers if answer.image == "a/1"]
    alone = corrected(Labels(workspace / "labels/r0")["a/1"], mine, toys.LEAF_CARD.classes)
    assert (alone[mask & stone] == 2).all() and later["pixels_fixed"] == (mask & stone).sum()


def test_an_expansion_is_given_features_where_it_wants_them(workspace, monkeypatch):
    def stream(model, dataset, samples, features=False):
        assert features
        for sample, probabilities in toys.leaf_probabilities(model, dataset, samples):
            yield sample, probabilities, (probabilities > 0.5).astype(np.float32)

    monkeypatch.setattr("segmend.network.inference.stream", stream)
    ask(workspace, "r1", [("a/0", (14, 15, 20, 21))], "multiclass")
    metrics = run(
        workspace, oracle={"name": "ground_truth", "ground_truth": {"rim": 0}}, expansion={"name": "prototypes"}
    )
    region, true = np.isin(BLOCKS, (14, 15, 20, 21)), toys.leaf_truth(0)
    assert metrics["class_sets"] == 1 and metrics["pixels_changed"] == 0 < metrics["auto_fixed"]
    assert (Labels(workspace / "labels/r1")["a/0"][region] == true[region]).all()


def test_equal_bytes_with_a_network_too(workspace, monkeypatch):
    use_network(monkeypatch, confused=True)
    ask(workspace, "r1", [("a/0", k) for k in (21, 22, 3, 0, 28, 14, 8)])
    run(workspace, **SIEVE, **MODULE)
    monkeypatch.setenv("SEGMEND_WORKERS", "2")
    run(workspace, out="again", **SIEVE, **MODULE)
    assert toys.digests(workspace / "labels/r1") == toys.digests(workspace / "again")


def test_evidence_relabels_where_answers_show_the_network_to_be_right(workspace, monkeypatch):
    monkeypatch.setattr("segmend.network.inference.stream", toys.leaf_probabilities)
    asked = ask_all(workspace, "r1", images=("a/0", "a/1"))
    conflicts = sum(q.shown != q.predicted for q in asked)
    metrics = run(workspace, expansion=BOLD_EVIDENCE)
    assert conflicts >= 3 and metrics["auto_fixed"] > 100 and metrics["auto_broken"] == 0
    assert metrics["auto_changed"] == metrics["auto_fixed"]
    # The other way round: somebody says that the network is wrong wherever it differs, and nothing is spread.
    for place, q in enumerate(asked):
        if q.shown != q.predicted:
            reply(workspace, place, "confirm", (q.shown,))
    assert run(workspace, expansion=BOLD_EVIDENCE)["auto_changed"] == 0


def test_an_answered_region_is_not_touched_where_the_answer_says_nothing(workspace, monkeypatch):
    """A confirm speaks of the pixels that carry its class; the rest of its region is no other conflict to be mended."""
    mask = changed_by_evidence(workspace, monkeypatch)
    wide = np.isin(BLOCKS, np.unique(BLOCKS[mask])) | (BLOCKS == 3)
    others = read_queries(workspace / "queries/r1")
    about = {"query": "r1-99999", "image": "a/2", "rank": len(others), "shown": "ground", "predicted": "stone"}
    write_queries(workspace / "queries/r1", [*others, question(wide, **about)])
    reply(workspace, len(others), "confirm", ("ground",))
    run(workspace, expansion=BOLD_EVIDENCE)
    first, labels = Labels(workspace / "labels/r0")["a/2"], Labels(workspace / "labels/r1")["a/2"]
    assert (labels[wide] == first[wide]).all() and (labels != first).any()


def test_a_late_answer_changes_the_outcome_of_its_question(workspace):
    asked = {q.identity: q for q in ask_all(workspace, "r1")}
    run(workspace)
    rows, classes = history.read(workspace / "labels/r1"), toys.LEAF_CARD.classes
    outcomes = answer_outcomes(rows, [], {}, classes)
    assert (
        outcomes == answer_outcomes(history.empty(), read(workspace / "labels/r1/answers.jsonl"), asked, classes)
        and len(outcomes) > 20
    )
    assert len(outcomes) == len(asked)
    place = next(k for k, one in enumerate(outcomes) if one.shown != one.predicted == one.answer)
    late = reply(workspace, place, "confirm", (list(asked.values())[place].shown,), into="r2", of="r1")
    assert answer_outcomes(rows, [late], {}, classes)[place] == outcomes[place]._replace(answer=outcomes[place].shown)
    stranger = Answer(**late.model_dump() | {"footprint": encode(BLOCKS < 2)})
    assert answer_outcomes(rows, [stranger], {}, classes) == outcomes


def test_an_untrained_network_changes_nothing(workspace, monkeypatch, capsys):
    (workspace / "model").mkdir()
    (workspace / "model/config.json").write_text('{"trained": false}')
    metrics = run(
        workspace, sieving={"name": "knee"}, expansion={"name": "evidence"}
    )  # `no_network` would fail the test
    assert metrics["auto_changed"] == 0 and "was not trained" in capsys.readouterr().out
    before = toys.digests(workspace / "labels/r1")
    run(workspace)
    assert toys.digests(workspace / "labels/r1") == before


def test_an_image_is_replayed_once_and_an_answer_priced_once(workspace, monkeypatch):
    """The module measures all images before it changes any: two passes of the network, one replay."""
    use_network(monkeypatch, confused=True)
    replayed, prices = [], []

    def counted(work, *rest):
        replayed.append(work.sample.id)
        return replay(work, *rest)

    price = Clicks.__call__
    monkeypatch.setattr("tasks.correct.expansion_pass.replay", counted)
    monkeypatch.setattr(Clicks, "__call__", lambda self, *answer: prices.append(answer) or price(self, *answer))
    reply(workspace, 0)
    run(workspace, **SIEVE, **MODULE)
    assert sorted(replayed) == ["a/0", "a/1", "a/2"] and len(prices) == 8


@pytest.mark.parametrize(
    "expansion, sieving, looks",
    [
        ({"name": "corrector", "corrector": {"features": "none", "steps": 1}}, "none", 1),
        ({"name": "corrector", "corrector": {"features": "network", "steps": 1}}, "none", 2),
        ({"name": "corrector", "corrector": {"features": "none", "steps": 1}}, "knee", 2),
    ],
)
def test_the_network_looks_as_often_as_it_is_needed(workspace, monkeypatch, expansion, sieving, looks):
    """Measuring for the corrector takes no network, unless it learns from what the network says or answers are sieved by it."""
    seen = []

    def stream(model, dataset, samples):
        for sample, probabilities in toys.leaf_probabilities(model, dataset, samples):
            seen.append(sample.id)
            yield sample, probabilities

    monkeypatch.setattr("segmend.network.inference.stream", stream)
    ask(workspace, "r1", [("a/0", k) for k in (21, 22, 3, 0, 28, 14, 8)])
    run(workspace, sieving={"name": sieving}, expansion=expansion)
    assert sorted(seen) == sorted(["a/0", "a/1", "a/2"] * looks)
