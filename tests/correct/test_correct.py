"""The stage on a toy workspace: rounds with a simulated annotator, with people, late answers, refusals."""

from json import dumps, loads

import numpy as np
import pytest

from segmend.answers import history
from segmend.answers.answers import Answer, decode, encode, latest, read, read_queries, write, write_queries
from segmend.answers.forecasts import Forecast
from segmend.answers.forecasts import read as read_forecasts
from segmend.answers.forecasts import write as write_forecasts
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import UNLABELLED, write_maps
from segmend.stage.command import Waiting
from segmend.stage.params import validated
from tasks.correct.__main__ import correct
from tasks.correct.apply_answers import corrected
from tasks.correct.expansion_pass import lessons
from tasks.correct.settings import Params
from tasks.pseudo_label.__main__ import pseudo_label
from tasks.pseudo_label.settings import Params as LabelParams
from tests.correct import toy
from tests.query.questions import question

BLOCKS = (np.arange(40)[:, None] // 8 * 6 + np.arange(48) // 8).astype(np.int32)
PEOPLE = {"oracle": {"name": "people"}}


def prepare(root, monkeypatch, truth=True):
    monkeypatch.chdir(root)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    toy.make(root, truth=truth)
    write_maps(root / "regions", ((name, BLOCKS) for name in ("a/0", "a/1", "a/2", "b")), 4)
    pseudo_label.stage(LabelParams(), 0, dataset=root / "dataset", regions=root / "regions", out=root / "labels/r0")
    monkeypatch.setattr("segmend.network.inference.stream", no_network)
    ask(root, "r1", [(image, region) for image in ("a/0", "a/1") for region in (21, 22, 3, 0)])
    ask(root, "r2", [("a/2", 21), ("a/0", 28)])
    for round in ("r1", "r2"):
        (root / f"{round}.jsonl").write_text("")


def no_network(model, dataset, samples):
    raise AssertionError("no network is needed")


def ask(root, round, places, kind="correction"):
    labels = Labels(root / "labels/r0")
    queries = []
    for rank, (image, region) in enumerate(places):
        mask = np.isin(BLOCKS, region)
        shown = toy.CARD.classes[np.bincount(labels[image][mask], minlength=3)[:3].argmax()]
        queries.append(
            question(
                mask,
                query=f"{round}-{rank + 1:05d}",
                rank=rank,
                image=image,
                region=np.max(region),
                shown=shown,
                kind=kind,
            )
        )
    write_queries(root / f"queries/{round}", queries)


@pytest.fixture
def here(tmp_path, monkeypatch):
    prepare(tmp_path, monkeypatch)
    return tmp_path


def run(root, round="r1", out=None, **settings):
    params = validated(Params, settings, "correct")
    paths = {name: root / name for name in ("dataset", "truth")}
    paths |= {"first": root / "labels/r0", "labels": root / f"labels/r{int(round[1:]) - 1}"}
    paths |= {
        "queries": root / f"queries/{round}",
        "answers": root / f"{round}.jsonl",
        "regions": root / "regions",
        "model": root / "model",
        "out": root / (out or f"labels/{round}"),
    }
    return correct.stage(params, 0, round=round, **paths)


def reply(root, place, kind="class", classes=("ground",), into="r1", **changes) -> Answer:
    asked = read_queries(root / f"queries/{changes.pop('of', into)}")[place]
    said = Answer(
        query=asked.query,
        image=asked.image,
        footprint=asked.footprint,
        kind=kind,
        classes=classes,
        who="ada",
        **changes,
    )
    write(root / f"{into}.jsonl", [*read(root / f"{into}.jsonl"), said])
    return said


def test_simulated_round(here):
    data, first = Dataset(here / "dataset", here / "truth"), Labels(here / "labels/r0")
    metrics = run(here)
    labels = Labels(here / "labels/r1")
    stone = BLOCKS == 22  # rows 24..31, columns 32..39: stone called leaf
    assert (first["a/0"][stone] == 1).all() and (labels["a/0"][stone] == 2).all()
    assert (labels["a/2"] == first["a/2"]).all() and (labels["b"] == first["b"]).all()
    assert metrics["asked"] == metrics["answered"] == metrics["clicks"] == 8
    assert metrics["confirmed"] + metrics["changed"] + metrics["skipped"] == 8
    wrong = [sum((maps[name] != data.truth(name)).sum() for name in ("a/0", "a/1", "a/2")) for maps in (first, labels)]
    assert metrics["pixels_fixed"] - metrics["pixels_broken"] == wrong[0] - wrong[1] > 0
    assert metrics["pixels_changed"] == sum(metrics[f"changed_to/{name}"] for name in data.classes)


def test_history_says_what_happened(here):
    run(here)
    metrics = run(here, "r2")
    rows = history.read(here / "labels/r2").to_pylist()
    assert [row["query"] for row in rows] == [*(f"r1-{k:05d}" for k in range(1, 9)), "r2-00001", "r2-00002"]
    assert rows[1] == {
        "round": "r1", "query": "r1-00002", "image": "a/0", "region": 22, "kind": "class", "who": "simulated", "shown": "leaf",
        "predicted": "leaf", "answer": "stone", "old": "leaf", "new": "stone", "pixels": 64, "changed": 64, "clicks": 1.0, "seconds": 12.1,
        "expected": None,
    }  # fmt: skip
    assert metrics["clicks"] == 2 and metrics["clicks_total"] == 10
    assert metrics["seconds_total"] == pytest.approx(sum(row["seconds"] for row in rows))


def test_labels_are_a_pure_function_of_first_labels_and_answers(here):
    run(here)
    run(here, "r2")
    first, second = Labels(here / "labels/r0"), Labels(here / "labels/r2")
    answers = read(here / "labels/r2/answers.jsonl", toy.CARD.classes)
    assert len(answers) == 10 and answers == latest(answers)
    for image in ("a/0", "a/1", "a/2", "b"):
        mine = [answer for answer in answers if answer.image == image]
        assert (corrected(first[image], mine, toy.CARD.classes) == second[image]).all()


def test_objects_and_trust_go_on_from_round_to_round(here):
    """A pixel that an answer speaks of is trusted fully, all others as much as the annotators agreed."""
    first = Labels(here / "labels/r0")
    write_maps(here / "labels/r0/objects", [("a/0", BLOCKS)], 4)
    for image in ("a/0", "a/1", "a/2"):
        first.write_trust(image, np.full((40, 48), 100, np.uint8))
    run(here)
    run(here, "r2")
    labels = Labels(here / "labels/r2")
    assert (labels.objects("a/0") == BLOCKS).all() and labels.objects("a/1") is None
    for image in ("a/0", "a/1", "a/2"):
        given = np.full((40, 48), 100)
        for answer in read(here / "labels/r2/answers.jsonl"):
            if answer.image == image and answer.kind in ("confirm", "class"):
                # Void, and what a confirmed region holds of other classes, is not named.
                named = toy.CARD.classes.index(answer.classes[0])
                given[decode(answer.footprint) & (labels[image] == named)] = 255
        assert (labels.trust(image, (40, 48)) == given).all() and (given == 255).any()
    assert not labels.trust_path("b").exists() and (labels.trust("b", (40, 48)) == 255).all()


def trusting(root, value=100):
    """The annotators' trust in every pixel of the train images."""
    for image in ("a/0", "a/1", "a/2"):
        Labels(root / "labels/r0").write_trust(image, np.full((40, 48), value, np.uint8))


def test_only_the_brushed_part_of_a_region_is_trusted(here):
    """What is brushed outside the region changes no label, so nobody's trust in it either."""
    trusting(here)
    brush = np.zeros((40, 48), bool)
    brush[24:28, 32:48] = True  # the region's columns are 32..39
    reply(here, 1, "mask", ("stone",), mask=encode(brush))
    write_queries(here / "queries/r1", [q for q in read_queries(here / "queries/r1") if q.query == "r1-00002"])
    run(here)
    trust = Labels(here / "labels/r1").trust("a/0", (40, 48))
    assert (trust[brush & (BLOCKS == 22)] == 255).all() and (trust == 255).sum() == 32
    assert (trust[24:28, 40:48] == 100).all()


def test_what_the_sieve_takes_out_keeps_its_trust(here, monkeypatch):
    trusting(here)
    ask(here, "r1", [("a/0", (14, 15, 20, 21))], "dominant")
    sees(monkeypatch)
    metrics = run(here, **SIEVE)
    region, labels = np.isin(BLOCKS, (14, 15, 20, 21)), Labels(here / "labels/r1")
    (answer,) = read(here / "labels/r1/answers.jsonl")
    kept = region & (labels["a/0"] == toy.CARD.classes.index(answer.classes[0]))
    trust = labels.trust("a/0", (40, 48))
    assert metrics["pixels_sieved"] == (region & ~kept).sum() > 0
    assert (trust[kept] == 255).all() and (trust[~kept] == 100).all()


def test_trust_in_a_label_is_not_trust_in_the_one_that_replaces_it(here, monkeypatch):
    trusting(here)
    monkeypatch.setattr("segmend.network.inference.stream", toy.stream_of_truth)
    ask_all(here, "r1", images=("a/0", "a/1"))
    metrics = run(here, expansion=BOLD)
    first, labels = Labels(here / "labels/r0"), Labels(here / "labels/r1")
    moved = labels["a/2"] != first["a/2"]
    trust = labels.trust("a/2", (40, 48))
    assert metrics["auto_changed"] == moved.sum() > 0
    assert (trust[moved] == 155).all() and (trust[~moved] == 100).all()


def test_equal_bytes_for_any_number_of_workers(here, monkeypatch):
    run(here)
    monkeypatch.setenv("SEGMEND_WORKERS", "2")
    run(here, out="again")
    assert toy.digests(here / "labels/r1") == toy.digests(here / "again")


def test_peoples_answers_win_over_simulated_ones(here):
    reply(here, 1, classes=("ground",), clicks=3, seconds=99.5)  # wrong, but it is what ada says
    metrics = run(here)
    row = history.read(here / "labels/r1").to_pylist()[1]
    assert (row["who"], row["answer"], row["clicks"], row["seconds"]) == ("ada", "ground", 3, 99.5)
    assert (Labels(here / "labels/r1")["a/0"][BLOCKS == 22] == 0).all()
    assert metrics["answered"] == 8 and metrics["clicks"] == 10


def test_people_are_waited_for(here):
    for place in range(7):
        reply(here, place)
    with pytest.raises(Waiting, match=r"1 of 8 queries are still unanswered.*queries/r1; answers go to .*r1\.jsonl"):
        run(here, **PEOPLE)
    assert not (here / "labels/r1").exists()
    metrics = run(here, oracle={"name": "people", "people": {"enough": 0.8}})
    assert metrics["answered"] == 7 and metrics["unanswered"] == 1
    reply(here, 7, "skip", ())
    assert run(here, **PEOPLE)["skipped"] == 1


def test_a_second_line_for_a_query_replaces_the_first(here):
    for place in range(8):
        reply(here, place, classes=("stone",))
    reply(here, 0, "skip", ())
    metrics = run(here, **PEOPLE)
    assert metrics["answered"] == 8 and metrics["skipped"] == 1 and metrics["changed"] == 7
    assert (Labels(here / "labels/r1")["a/0"] == Labels(here / "labels/r0")["a/0"])[BLOCKS == 21].all()


def test_late_answers_are_applied_by_their_own_footprint(here):
    run(here)
    assert (Labels(here / "labels/r1")["a/0"][BLOCKS == 22] == 2).all()
    late = reply(here, 1, classes=("ground",), into="r2", of="r1")
    stray = Answer(query="older-7", image="a/1", footprint=encode(BLOCKS == 29), kind="class", classes=("leaf",))
    write(here / "r2.jsonl", [late, stray])
    metrics = run(here, "r2")
    assert metrics["late"] == 2 and metrics["answered"] == 2 and metrics["unanswered"] == 0
    labels = Labels(here / "labels/r2")
    assert (labels["a/0"][BLOCKS == 22] == 0).all() and (labels["a/1"][BLOCKS == 29] == 1).all()
    rows = history.read(here / "labels/r2").to_pylist()
    assert (rows[8]["round"], rows[8]["query"], rows[8]["old"], rows[8]["new"], rows[8]["changed"]) == (
        "r2",
        "r1-00002",
        "stone",
        "ground",
        64,
    )
    kept = read(here / "labels/r2/answers.jsonl")
    assert len(kept) == 8 + 2 + 1 and [a.who for a in kept if a.query == "r1-00002"] == ["ada"]


def test_brushed_masks_and_class_sets_are_taken(here):
    brush = np.zeros((40, 48), bool)
    brush[24:28, 32:36] = True
    reply(here, 1, "mask", ("stone",), mask=encode(brush))
    reply(here, 0, "class_set", ("leaf", "stone"))
    metrics = run(here)
    labels = Labels(here / "labels/r1")["a/0"]
    assert (labels[brush] == 2).all() and (labels[(BLOCKS == 22) & ~brush] == 1).all()
    assert metrics["class_sets"] == 1 and metrics["answered"] == 8


def test_without_truth_the_simulated_annotator_says_what_is_needed(tmp_path, monkeypatch):
    prepare(tmp_path, monkeypatch, truth=False)
    with pytest.raises(
        Waiting, match=r"none of the 8 queries .* truth folder.*ingest\.noise.*correct\.oracle\.name: people"
    ):
        run(tmp_path)
    reply(tmp_path, 0)
    metrics = run(tmp_path)  # somebody answered: what is there is applied
    assert metrics["answered"] == 1 and metrics["unanswered"] == 7
    assert metrics["pixels_fixed"] is None and "truth" in metrics["why_no_fixed"]


def test_bad_answers_are_named_by_file_and_line(here):
    reply(here, 0)
    reply(here, 1, classes=("lichen",))
    with pytest.raises(ValueError, match=r"r1\.jsonl, line 2: unknown class 'lichen'"):
        run(here)


def test_an_answer_about_another_image_is_refused(here):
    asked = read_queries(here / "queries/r1")[0]
    write(here / "r1.jsonl", [Answer(query=asked.query, image="a/2", footprint=asked.footprint, kind="skip")])
    with pytest.raises(ValueError, match="r1-00001 is about a/2, but the query is about a/0"):
        run(here)


def test_no_queries_changes_nothing(here):
    write_queries(here / "queries/r1", [])
    metrics = run(here)
    assert metrics["asked"] == 0 and metrics["pixels_changed"] == 0
    assert toy.digests(here / "labels/r0/maps") == toy.digests(here / "labels/r1/maps")


def spend(root, allowed, unit="clicks", round="r1"):
    (root / f"queries/{round}/budget.json").write_text(dumps({"unit": unit, "allowed": allowed}))


def test_clicks_are_spent_in_the_order_of_asking(here):
    ask(here, "r1", [(image, region) for region in (21, 22, 3, 0) for image in ("a/0", "a/1")], "multiclass")
    all_of_it = run(here, out="all", oracle={"name": "ground_truth", "ground_truth": {"rim": 0}})
    assert all_of_it["left_over"] == 0 and all_of_it["class_sets"] > 0 and all_of_it["clicks"] > 8
    clicks = [row["clicks"] for row in history.read(here / "all").to_pylist()]
    spend(here, 3)
    metrics = run(here, oracle={"name": "ground_truth", "ground_truth": {"rim": 0}})
    taken = next(n for n in range(9) if sum(clicks[:n]) >= 3)
    assert metrics["answered"] == taken and metrics["left_over"] == metrics["unanswered"] == 8 - taken > 0
    assert 3 <= metrics["clicks"] == sum(clicks[:taken]) < 3 + clicks[taken - 1]
    assert [row["query"] for row in history.read(here / "labels/r1").to_pylist()] == [
        f"r1-{k + 1:05d}" for k in range(taken)
    ]


def test_peoples_clicks_count_and_their_answers_stay(here):
    spend(here, 4)
    reply(here, 7, clicks=3)
    metrics = run(here)
    assert metrics["clicks"] == 4 and metrics["answered"] == 2 and metrics["left_over"] == 6
    assert {row["who"] for row in history.read(here / "labels/r1").to_pylist()} == {"ada", "simulated"}
    with pytest.raises(Waiting, match="it also goes on when 4 clicks are spent, and 3 are"):
        run(here, **PEOPLE)
    reply(here, 6, clicks=1)
    assert run(here, **PEOPLE)["answered"] == 2  # the clicks are spent: nobody is waited for


def test_a_budget_in_regions_cuts_nothing(here):
    spend(here, 3, "regions")
    assert run(here)["answered"] == 8


def test_what_a_query_was_expected_to_mend_is_kept(here):
    asked = read_queries(here / "queries/r1")
    write_queries(here / "queries/r1", [q.model_copy(update={"expected": 2.5 * q.rank}) for q in asked])
    run(here)
    assert history.read(here / "labels/r1")["expected"].to_pylist() == [2.5 * k for k in range(8)]


def test_a_map_with_nothing_new_is_the_replay_of_what_was_said(here):
    run(here)
    first, again = toy.digests(here / "labels/r1/maps"), Labels(here / "labels/r1")
    again.write("a/1", np.zeros(toy.SHAPE, np.uint8), toy.CARD)  # as if it had been labelled automatically
    write_queries(here / "queries/r2", [])
    run(here, "r2")
    assert toy.digests(here / "labels/r2/maps") == first


SIEVE = {"sieving": {"name": "knee"}}
MODULE = {
    "expansion": {"name": "module", "module": {"epochs": 80, "lr": 3e-3, "rare": 0.0, "threshold": 0.9}},
}


def sees(monkeypatch, confused=False):
    """A network that knows the truth; `confused`: it halfway takes stone for leaf."""

    def stream(model, dataset, samples):
        for sample, probabilities in toy.stream_of_truth(model, dataset, samples):
            if confused:
                probabilities = np.where(
                    probabilities[2] > 0.5, np.float32([0.1, 0.5, 0.4])[:, None, None], probabilities
                )
            yield sample, probabilities.astype(np.float32)

    monkeypatch.setattr("segmend.network.inference.stream", stream)


def test_an_answer_is_sieved_and_sieved_anew_by_each_network(here, monkeypatch):
    ask(here, "r1", [("a/0", (14, 15, 20, 21))], "dominant")
    sees(monkeypatch)
    plain = run(here, out="plain")
    metrics = run(here, **SIEVE)
    first, after = Labels(here / "labels/r0")["a/0"], Labels(here / "labels/r1")["a/0"]
    region, true = np.isin(BLOCKS, (14, 15, 20, 21)), toy.true_map(0)
    named = np.bincount(true[region]).argmax()
    assert (Labels(here / "plain")["a/0"][region] == named).all()
    assert (after[region & (true == named)] == named).all() and (region & (true != named)).sum() > 0
    assert (after[region & (true != named)] == first[region & (true != named)]).all()
    assert metrics["pixels_sieved"] == (region & (true != named)).sum() and plain["pixels_sieved"] == 0
    assert metrics["auto_changed"] == 0 and metrics["pixels_broken"] == 0 < plain["pixels_broken"]

    def sure(model, dataset, samples):  # a later network that believes the answer everywhere
        for sample in samples:
            yield sample, np.full((3, *toy.SHAPE), 1 / 3, np.float32)

    monkeypatch.setattr("segmend.network.inference.stream", sure)
    write_queries(here / "queries/r2", [])
    metrics = run(here, "r2", **SIEVE)
    assert (Labels(here / "labels/r2")["a/0"][region] == named).all() and metrics["pixels_sieved"] == 0
    assert metrics["pixels_changed"] == 0  # nobody said anything


def test_sieved_pixels_may_be_left_without_a_label(here, monkeypatch):
    ask(here, "r1", [("a/0", (14, 15, 20, 21))], "dominant")
    sees(monkeypatch)
    run(here, sieving={"name": "knee", "knee": {"rest": "unlabelled"}})
    after, region, true = Labels(here / "labels/r1")["a/0"], np.isin(BLOCKS, (14, 15, 20, 21)), toy.true_map(0)
    named = np.bincount(true[region]).argmax()
    assert (after[region & (true != named)] == UNLABELLED).all() and (after[region & (true == named)] == named).all()


def test_automatic_changes_are_counted_apart_and_made_anew(here, monkeypatch):
    sees(monkeypatch, confused=True)
    ask(here, "r1", [("a/0", k) for k in (21, 22, 3, 0, 28, 14, 8)])
    ask(here, "r2", [("a/2", 21)])
    plain = run(here, out="plain")
    metrics = run(here, **MODULE)
    names = ("a/0", "a/1", "a/2")
    alone, out = Labels(here / "plain"), Labels(here / "labels/r1")
    moved = {name: alone[name] != out[name] for name in names}
    assert metrics["auto_changed"] == sum(mask.sum() for mask in moved.values()) > 0
    data = Dataset(here / "dataset", here / "truth")
    wrong = [sum(int((maps[name] != data.truth(name)).sum()) for name in names) for maps in (alone, out)]
    assert metrics["auto_fixed"] - metrics["auto_broken"] == wrong[0] - wrong[1] and metrics["auto_fixed"] > 0
    same = ("pixels_changed", "pixels_fixed", "pixels_broken", "clicks", "answered", "changed_to/stone")
    assert [metrics[key] for key in same] == [plain[key] for key in same]
    assert metrics["auto_changed"] == sum(metrics[f"auto_changed_to/{name}"] for name in data.classes)
    rows = history.read(here / "labels/r1").to_pylist()
    auto = [row for row in rows if row["kind"] == "auto"]
    assert rows[7:] == auto and sum(row["changed"] for row in auto) == metrics["auto_changed"]
    assert all((row["who"], row["query"], row["clicks"], row["round"]) == ("module", "", 0, "r1") for row in auto)

    later = run(here, "r2", **MODULE)
    rows = history.read(here / "labels/r2").to_pylist()
    assert {row["round"] for row in rows if row["kind"] == "auto"} == {"r2"} and later["clicks_total"] == 8
    assert [row["query"] for row in rows if row["kind"] != "auto"] == [
        *(f"r1-{k:05d}" for k in range(1, 8)),
        "r2-00001",
    ]
    sees(monkeypatch)  # a network under which the module has nothing to do leaves no trace of what was automatic
    run(here, "r2", out="again", **MODULE)
    run(here, "r2", out="again2", **MODULE)
    assert toy.digests(here / "again") == toy.digests(here / "again2")
    run(here, "r2", out="off")
    answers = read(here / "off/answers.jsonl", toy.CARD.classes)
    mine = [answer for answer in answers if answer.image == "a/1"]
    assert (Labels(here / "off")["a/1"] == corrected(Labels(here / "labels/r0")["a/1"], mine, toy.CARD.classes)).all()


def test_what_somebody_confirmed_is_no_longer_automatic(here, monkeypatch):
    sees(monkeypatch, confused=True)
    ask(here, "r1", [("a/0", k) for k in (21, 22, 3, 0, 28, 14, 8)])
    metrics = run(here, **MODULE)
    stone = (Labels(here / "labels/r1")["a/1"] == 2) & (Labels(here / "labels/r0")["a/1"] == 1)
    region = int(np.bincount(BLOCKS[stone]).argmax())
    ask(here, "r2", [("a/1", region)])
    asked = read_queries(here / "queries/r2")[0].model_copy(update={"shown": "stone"})
    write_queries(here / "queries/r2", [asked])
    later = run(here, "r2", **MODULE)
    assert later["confirmed"] == 1 and later["auto_changed"] < metrics["auto_changed"]
    mask = region == BLOCKS
    assert (Labels(here / "labels/r2")["a/1"][mask & stone] == 2).all()
    answers = read(here / "labels/r2/answers.jsonl", toy.CARD.classes)
    mine = [answer for answer in answers if answer.image == "a/1"]
    alone = corrected(Labels(here / "labels/r0")["a/1"], mine, toy.CARD.classes)
    assert (alone[mask & stone] == 2).all() and later["pixels_fixed"] == (mask & stone).sum()


def test_an_expansion_is_given_features_where_it_wants_them(here, monkeypatch):
    def stream(model, dataset, samples, features=False):
        assert features
        for sample, probabilities in toy.stream_of_truth(model, dataset, samples):
            yield sample, probabilities, (probabilities > 0.5).astype(np.float32)

    monkeypatch.setattr("segmend.network.inference.stream", stream)
    ask(here, "r1", [("a/0", (14, 15, 20, 21))], "multiclass")
    metrics = run(here, oracle={"name": "ground_truth", "ground_truth": {"rim": 0}}, expansion={"name": "prototypes"})
    region, true = np.isin(BLOCKS, (14, 15, 20, 21)), toy.true_map(0)
    assert metrics["class_sets"] == 1 and metrics["pixels_changed"] == 0 < metrics["auto_fixed"]
    assert (Labels(here / "labels/r1")["a/0"][region] == true[region]).all()


def test_equal_bytes_with_a_network_too(here, monkeypatch):
    sees(monkeypatch, confused=True)
    ask(here, "r1", [("a/0", k) for k in (21, 22, 3, 0, 28, 14, 8)])
    run(here, **SIEVE, **MODULE)
    monkeypatch.setenv("SEGMEND_WORKERS", "2")
    run(here, out="again", **SIEVE, **MODULE)
    assert toy.digests(here / "labels/r1") == toy.digests(here / "again")


BOLD = {"name": "evidence", "evidence": {"sure": 0.6, "z": 0.0}}


def ask_all(root, round, images=("a/0", "a/1", "a/2"), every=1):
    """Every region, with what the network said and what the answer was expected to fix."""
    labels, truth, made = Labels(root / "labels/r0"), Dataset(root / "dataset", root / "truth"), []
    for image in images:
        for region in range(0, 30, every):
            mask = region == BLOCKS
            shown, predicted = (
                toy.CARD.classes[np.bincount(maps[mask], minlength=3)[:3].argmax()]
                for maps in (labels[image], truth.truth(image))
            )
            about = {"query": f"{round}-{len(made) + 1:05d}", "rank": len(made), "image": image, "region": region}
            known = {"shown": shown, "predicted": predicted, "expected": 40.0 * (shown != predicted)}
            made.append(question(mask, **about, **known))
    write_queries(root / f"queries/{round}", made)
    return made


def test_evidence_mends_what_answers_show_the_network_to_be_right_about(here, monkeypatch):
    monkeypatch.setattr("segmend.network.inference.stream", toy.stream_of_truth)
    asked = ask_all(here, "r1", images=("a/0", "a/1"))
    conflicts = sum(q.shown != q.predicted for q in asked)
    metrics = run(here, expansion=BOLD)
    assert conflicts >= 3 and metrics["auto_fixed"] > 100 and metrics["auto_broken"] == 0
    assert metrics["auto_changed"] == metrics["auto_fixed"]
    # The other way round: somebody says that the network is wrong wherever it differs, and nothing is spread.
    for place, q in enumerate(asked):
        if q.shown != q.predicted:
            reply(here, place, "confirm", (q.shown,))
    assert run(here, expansion=BOLD)["auto_changed"] == 0


def foretell(root, round, expected, experience=1.0):
    """The forecast that the stage query writes beside the questions."""
    one = Forecast(round=round, questions=99, expected=expected, experience=experience)
    write_forecasts(root / f"queries/{round}/forecast.json", [one])


def question_about(root, round, image, mask, shown, predicted):
    known = {"query": f"{round}-00001", "image": image, "shown": shown, "predicted": predicted, "expected": 16.0}
    write_queries(root / f"queries/{round}", [question(mask, **known)])


def spread_by_network(root, monkeypatch):
    """A first round in which evidence relabels a conflict of a/2, and where in it: 64 pixels of one block at the most."""
    monkeypatch.setattr("segmend.network.inference.stream", toy.stream_of_truth)
    ask_all(root, "r1", images=("a/0", "a/1"))
    foretell(root, "r1", 500)
    run(root, expansion=BOLD)
    first, labels = Labels(root / "labels/r0")["a/2"], Labels(root / "labels/r1")["a/2"]
    region = int(np.bincount(BLOCKS[labels != first]).argmax())
    mask = (region == BLOCKS) & (labels != first)
    assert (first[mask] == 1).all() and (labels[mask] == 2).all() and (toy.true_map(2)[mask] == 2).all()
    return mask


@pytest.mark.parametrize("kind", ["confirm", "class"])
def test_what_came_of_a_forecast_is_counted_against_what_was_shown(here, monkeypatch, kind):
    """Automatic labels were shown: to confirm them changes nothing, to take them back does (here a right one is broken)."""
    mask = spread_by_network(here, monkeypatch)
    size = int(mask.sum())
    question_about(here, "r2", "a/2", mask, "stone", "leaf")
    foretell(here, "r2", 16)
    reply(here, 0, kind, ("stone",) if kind == "confirm" else ("leaf",), into="r2")
    metrics = run(here, "r2", expansion=BOLD)
    came = read_forecasts(here / "labels/r2/forecasts.json")[1]
    row = [row for row in history.read(here / "labels/r2").to_pylist() if row["round"] == "r2"][0]
    if kind == "confirm":
        assert (came.changed, came.fixed, row["changed"], row["old"], row["new"]) == (0, 0, 0, "stone", "stone")
        # Beside what the answers before it said, it changes as much as ever.
        assert metrics["pixels_changed"] == metrics["pixels_fixed"] == size
    else:
        assert (came.changed, came.fixed, row["changed"], row["old"], row["new"]) == (
            size,
            -size,
            size,
            "stone",
            "leaf",
        )
        assert metrics["pixels_changed"] == 0


def test_a_forecast_is_of_the_questions_that_were_answered(here, monkeypatch):
    asked = [q.model_copy(update={"expected": 10.0}) for q in read_queries(here / "queries/r1")]
    write_queries(here / "queries/r1", asked)
    foretell(here, "r1", 40.3, experience=0.5)
    run(here)
    (whole,) = read_forecasts(here / "labels/r1/forecasts.json")
    assert (whole.answered, whole.expected) == (8, 40.3)
    spend(here, 3)
    run(here)
    (part,) = read_forecasts(here / "labels/r1/forecasts.json")
    assert (part.answered, part.clicks, part.expected) == (3, 3, 15)  # half of 3 * 10


def test_a_late_answer_is_no_part_of_the_forecast(here):
    run(here)
    late = reply(here, 1, classes=("ground",), into="r2", of="r1")
    foretell(here, "r2", 5.0)
    metrics = run(here, "r2")
    (came,) = read_forecasts(here / "labels/r2/forecasts.json")
    rows = history.read(here / "labels/r2").to_pylist()[8:]
    assert metrics["pixels_changed"] > came.changed == sum(r["changed"] for r in rows if r["query"] != late.query)
    assert (came.answered, came.clicks) == (2, 2)


def test_an_answered_region_is_not_touched_where_the_answer_says_nothing(here, monkeypatch):
    """A confirm speaks of the pixels that carry its class; the rest of its region is no other conflict to be mended."""
    mask = spread_by_network(here, monkeypatch)
    wide = np.isin(BLOCKS, np.unique(BLOCKS[mask])) | (BLOCKS == 3)
    others = read_queries(here / "queries/r1")
    about = {"query": "r1-99999", "image": "a/2", "rank": len(others), "shown": "ground", "predicted": "stone"}
    write_queries(here / "queries/r1", [*others, question(wide, **about)])
    reply(here, len(others), "confirm", ("ground",))
    run(here, expansion=BOLD)
    first, labels = Labels(here / "labels/r0")["a/2"], Labels(here / "labels/r1")["a/2"]
    assert (labels[wide] == first[wide]).all() and (labels != first).any()


def test_a_late_answer_changes_the_lesson_of_its_question(here):
    asked = {q.query: q for q in ask_all(here, "r1")}
    run(here)
    rows, classes = history.read(here / "labels/r1"), toy.CARD.classes
    taught = lessons(rows, [], {}, classes)
    assert (
        taught == lessons(history.empty(), read(here / "labels/r1/answers.jsonl"), asked, classes) and len(taught) > 20
    )
    assert len(taught) == len(asked)
    place = next(k for k, one in enumerate(taught) if one.shown != one.predicted == one.answer)
    late = reply(here, place, "confirm", (list(asked.values())[place].shown,), into="r2", of="r1")
    assert lessons(rows, [late], {}, classes)[place] == taught[place]._replace(answer=taught[place].shown)
    stranger = late.model_copy(update={"query": "r9-00001"})
    assert lessons(rows, [stranger], {}, classes) == taught


def test_an_untrained_network_mends_nothing(here, monkeypatch, capsys):
    (here / "model").mkdir()
    (here / "model/config.json").write_text('{"trained": false}')
    metrics = run(here, sieving={"name": "knee"}, expansion={"name": "evidence"})  # `no_network` would fail the test
    assert metrics["auto_changed"] == 0 and "learned nothing yet" in capsys.readouterr().out
    before = toy.digests(here / "labels/r1")
    run(here)
    assert toy.digests(here / "labels/r1") == before


def test_sets_that_change_nothing_are_told(here, capsys):
    ask(here, "r1", [(image, (21, 22, 28)) for image in ("a/0", "a/1")], "multiclass")
    run(here)
    assert ("the loss `partial` learns from them" in capsys.readouterr().out) == any(
        answer.kind == "class_set" and len(answer.classes) > 1 for answer in read(here / "labels/r1/answers.jsonl")
    )


def test_command_line(here):
    (here / "params.yaml").write_text(toy.PARAMS.replace("name: ground_truth", "name: people"))
    line = "--round r1 --dataset dataset --truth truth --first labels/r0 --labels labels/r0 --queries queries/r1"
    words = [
        *line.split(),
        *[
            "--regions",
            "regions",
            "--model",
            "model",
            "--answers",
            "r1.jsonl",
            "--out",
            "labels/r1",
            "--metrics",
            "m.json",
            "--report",
            "r.json",
        ],
    ]
    assert correct(words) == 75
    (here / "params.yaml").write_text(toy.PARAMS)
    assert correct(words) == 0 and loads((here / "m.json").read_text())["answered"] == 8
