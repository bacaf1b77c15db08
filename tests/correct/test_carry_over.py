"""Objects and trust are carried from round to round."""

import numpy as np

from segmend.answers.answers import decode, encode, read, read_queries, write_queries
from segmend.images.dataset import Labels
from segmend.images.rasters import write_maps
from tests import toys
from tests.correct.rounds import BLOCKS, BOLD_EVIDENCE, SIEVE, ask, ask_all, reply, run, use_network, write_trust


def test_objects_and_trust_are_carried_from_round_to_round(workspace):
    """A pixel that an answer speaks of is trusted fully, all others as much as the annotators agreed."""
    first = Labels(workspace / "labels/r0")
    write_maps(workspace / "labels/r0/objects", [("a/0", BLOCKS)], 4)
    for image in ("a/0", "a/1", "a/2"):
        first.write_trust(image, np.full((40, 48), 100, np.uint8))
    run(workspace)
    run(workspace, "r2")
    labels = Labels(workspace / "labels/r2")
    assert (labels.objects("a/0") == BLOCKS).all() and labels.objects("a/1") is None
    for image in ("a/0", "a/1", "a/2"):
        given = np.full((40, 48), 100)
        for answer in read(workspace / "labels/r2/answers.jsonl"):
            if answer.image == image and answer.kind in ("confirm", "class"):
                # Void, and what a confirmed region holds of other classes, is not named.
                named = toys.LEAF_CARD.classes.index(answer.classes[0])
                given[decode(answer.footprint) & (labels[image] == named)] = 255
        assert (labels.trust(image, (40, 48)) == given).all() and (given == 255).any()
    assert not labels.trust_path("b").exists() and (labels.trust("b", (40, 48)) == 255).all()


def test_only_the_brushed_part_of_a_region_is_trusted(workspace):
    """What is brushed outside the region changes no label, so nobody's trust in it either."""
    write_trust(workspace)
    brush = np.zeros((40, 48), bool)
    brush[24:28, 32:48] = True  # the region's columns are 32..39
    reply(workspace, 1, "mask", ("stone",), mask=encode(brush))
    write_queries(
        workspace / "queries/r1", [q for q in read_queries(workspace / "queries/r1") if q.query == "r1-00002"]
    )
    run(workspace)
    trust = Labels(workspace / "labels/r1").trust("a/0", (40, 48))
    assert (trust[brush & (BLOCKS == 22)] == 255).all() and (trust == 255).sum() == 32
    assert (trust[24:28, 40:48] == 100).all()


def test_what_the_sieve_takes_out_keeps_its_trust(workspace, monkeypatch):
    write_trust(workspace)
    ask(workspace, "r1", [("a/0", (14, 15, 20, 21))], "dominant")
    use_network(monkeypatch)
    metrics = run(workspace, **SIEVE)
    region, labels = np.isin(BLOCKS, (14, 15, 20, 21)), Labels(workspace / "labels/r1")
    (answer,) = read(workspace / "labels/r1/answers.jsonl")
    kept = region & (labels["a/0"] == toys.LEAF_CARD.classes.index(answer.classes[0]))
    trust = labels.trust("a/0", (40, 48))
    assert metrics["pixels_sieved"] == (region & ~kept).sum() > 0
    assert (trust[kept] == 255).all() and (trust[~kept] == 100).all()


def test_trust_in_a_label_is_not_trust_in_the_one_that_replaces_it(workspace, monkeypatch):
    write_trust(workspace)
    monkeypatch.setattr("segmend.network.inference.stream", toys.leaf_probabilities)
    ask_all(workspace, "r1", images=("a/0", "a/1"))
    metrics = run(workspace, expansion=BOLD_EVIDENCE)
    first, labels = Labels(workspace / "labels/r0"), Labels(workspace / "labels/r1")
    moved = labels["a/2"] != first["a/2"]
    trust = labels.trust("a/2", (40, 48))
    assert metrics["auto_changed"] == moved.sum() > 0
    assert (trust[moved] == 155).all() and (trust[~moved] == 100).all()
