"""Consensus of a data set: maps, weights, confidence, tables; void, missing and gold masks."""

from json import loads

import numpy as np
import pytest

from segmend.aggregators import Aggregator
from segmend.aggregators.arbitration import Arbitration
from segmend.aggregators.dawid_skene import DawidSkene
from segmend.aggregators.majority import Majority
from segmend.images import parallel
from segmend.images.dataset import Card, Dataset, Sample, write_card, write_samples
from segmend.images.rasters import UNLABELLED, VOID, Maps, write_labels, write_maps
from segmend.stage.params import methods_of
from tasks.pseudo_label.consensus.consensus import Consensus, consensus_maps

CELLS = (np.arange(12)[:, None] // 6 * 2 + np.arange(16) // 8).astype(np.int32)
COLOURS = ((0, 0, 0), (9, 9, 9), (200, 0, 0))


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.setenv("SEGMEND_WORKERS", "1")


def build(root, masks, images=4):
    """masks: annotator -> function of the image's number -> mask, or None."""
    from PIL import Image

    data = root / "dataset"
    card = Card(
        name="x",
        classes=("a", "b", "c"),
        colours=COLOURS,
        mean=(0.5,) * 3,
        deviation=(0.2,) * 3,
        annotators=tuple(sorted(masks)),
    )
    write_card(data, card)
    write_samples(data, [Sample(f"d/{k}", "train", 12, 16, str(k), "") for k in range(images)])
    (data / "images/d").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for k in range(images):
        Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)).save(data / f"images/d/{k}.png")
        for name, make in masks.items():
            mask = make(k)
            if mask is not None:
                write_labels(data / f"annotators/{name}/d/{k}.png", mask, card.palette)
    write_maps(root / "regions", ((f"d/{k}", CELLS) for k in range(images)), images)
    return Dataset(data), Maps(root / "regions")


def truth(k):
    return np.random.default_rng(k).integers(0, 3, (12, 16)).astype(np.uint8)


def noisy(seed, right):
    def make(k):
        rng = np.random.default_rng((seed, k))
        return np.where(rng.random((12, 16)) < right, truth(k), rng.integers(0, 3, (12, 16))).astype(np.uint8)

    return make


def run(data, regions, aggregator):
    consensus = Consensus(data, aggregator)
    return consensus, [made for _, made in consensus_maps(consensus, regions, list(data.of("train")))]


def test_by_hand(tmp_path):
    """All of one region say 1; in another two of three; in the third nobody answers, in the fourth it is void."""
    mask = np.full((12, 16), UNLABELLED, np.uint8)
    mask[:6, :8], mask[:6, 8:], mask[6:, 8:] = 1, 2, VOID
    other = mask.copy()
    other[:6, 8:] = 0
    data, regions = build(tmp_path, {"a": lambda k: mask, "b": lambda k: mask, "c": lambda k: other}, 1)
    _, (made,) = run(data, regions, Majority())
    assert made.labels.tolist() == mask.tolist() and made.majority.tolist() == [1, 2, UNLABELLED, VOID]
    assert made.confidence == pytest.approx([1, 2 / 3, 0, 0])
    # the risk of 1/3 is half of the highest, 2/3
    assert [int(made.weight[p]) for p in ((0, 0), (0, 8), (6, 0), (6, 8))] == [255, 128, 0, 0]


def test_void_where_more_say_so_than_name_a_class(tmp_path):
    void, one = np.full((12, 16), VOID, np.uint8), np.ones((12, 16), np.uint8)
    split = np.where(np.arange(16) < 8, void, one)
    data, regions = build(tmp_path, {"a": lambda k: void, "b": lambda k: split, "c": lambda k: one}, 1)
    _, (made,) = run(data, regions, Majority())
    assert (made.labels[:, :8] == VOID).all() and (made.labels[:, 8:] == 1).all()


@pytest.mark.parametrize("scope", ["data", "image"])
def test_gold_is_the_label_and_the_measure(tmp_path, scope):
    masks = {
        "good": noisy(1, 0.9),
        "bad": noisy(2, 0.3),
        "poor": noisy(3, 0.4),
        "gold": lambda k: truth(k) if k < 2 else None,
    }
    data, regions = build(tmp_path, masks)
    consensus, made = run(data, regions, DawidSkene(scope=scope))
    assert (made[0].labels == truth(0)).all() and (made[0].weight == 255).all()
    content = consensus.write(tmp_path / "labels")
    by_name = {one["source"]: one for one in content["sources"]}
    assert set(by_name) == {"bad", "good", "poor"} and {one["basis"] for one in content["sources"]} == {"gold"}
    right = np.mean([(noisy(1, 0.9)(k) == truth(k)).mean() for k in range(2)])
    assert (
        by_name["good"]["reliability"] == pytest.approx(right)
        and by_name["good"]["low"] < right < by_name["good"]["high"]
    )
    assert {one["source"] for one in content["ask_next"]} == {"gold"} and len(content["ask_next"]) == 2
    assert loads((tmp_path / "labels/sources.json").read_text()) == content
    lines = (tmp_path / "labels/sources.csv").read_text().splitlines()
    assert lines[0] == "source,images,answers,reliability,low,high,basis,agrees_with_consensus" and len(lines) == 4


def test_better_than_a_vote(tmp_path):
    masks = {f"s{k}": noisy(k, q) for k, q in enumerate((0.95, 0.3, 0.3, 0.3))}
    data, regions = build(tmp_path, masks)
    right = []
    for aggregator in (Majority(), DawidSkene()):
        _, made = run(data, regions, aggregator)
        right.append(np.mean([(one.labels == truth(k)).mean() for k, one in enumerate(made)]))
    assert right[1] > right[0] + 0.05


def test_who_has_not_seen_an_image_is_asked(tmp_path):
    masks = {
        "a": noisy(1, 0.9),
        "b": lambda k: noisy(2, 0.9)(k) if k else None,
        "c": lambda k: None if k == 1 else noisy(3, 0.6)(k),
    }
    data, regions = build(tmp_path, masks)
    consensus, _ = run(data, regions, DawidSkene())
    asked = {one["image"]: one["source"] for one in consensus.write(tmp_path / "labels")["ask_next"]}
    assert asked == {"d/0": "b", "d/1": "c", "d/2": "gold", "d/3": "gold"}


@pytest.mark.parametrize("method", methods_of(Aggregator), ids=lambda one: one.__name__)
def test_every_aggregator_gives_equal_results_for_equal_input(tmp_path, method):
    twice(tmp_path, method(), lambda: None)


def test_the_number_of_workers_changes_nothing(tmp_path, monkeypatch):
    def share():
        monkeypatch.setenv("SEGMEND_WORKERS", "2")
        monkeypatch.setattr(parallel, "ALONE", -1)  # no second of working alone

    twice(tmp_path, DawidSkene(), share)


def twice(tmp_path, aggregator, between):
    masks = {
        "a": noisy(1, 0.9),
        "b": lambda k: noisy(2, 0.7)(k) if k != 3 else None,
        "gold": lambda k: truth(k) if k == 2 else None,
    }
    data, regions = build(tmp_path, masks)
    results = []
    for _ in range(2):
        consensus, made = run(data, regions, aggregator)
        results.append((made, consensus.write(tmp_path / "labels")))
        between()
    for one, other in zip(results[0][0], results[1][0], strict=True):
        assert (one.labels == other.labels).all() and (one.weight == other.weight).all()
        assert one.labels.dtype == one.weight.dtype == np.uint8 and set(np.unique(one.labels)) <= {0, 1, 2}
        assert one.confidence.shape == (4,) and 0 <= one.confidence.min() <= one.confidence.max() <= 1
    assert results[0][1] == results[1][1]


def test_what_cannot_be_aggregated_is_told(tmp_path):
    data, regions = build(tmp_path, {"a": noisy(1, 0.9), "b": noisy(2, 0.9), "c": noisy(3, 0.9)}, 1)
    with pytest.raises(ValueError, match=r"decides between two annotators and the data set has 3 \(a, b, c\)"):
        Consensus(data, Arbitration())
    (tmp_path / "other").mkdir()
    with pytest.raises(ValueError, match=r"lists no annotators beside gold"):
        Consensus(build(tmp_path / "other", {"gold": truth}, 1)[0], Majority())
