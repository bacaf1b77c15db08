"""Answers given once stay what people said, whatever changes before the stage: a property test over random answers and changes."""

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from segmend.answers import history
from segmend.answers.answers import JOINED, Answer, decode, encode, latest, read, standing, write, write_queries
from segmend.images.dataset import Labels
from segmend.images.rasters import VOID
from tests import toys
from tests.correct.rounds import BLOCKS, BOLD_EVIDENCE, MODULE, prepare, run
from tests.query.questions import question

IMAGES = ("a/0", "a/1", "a/2", "b")
STRIPES = (np.arange(40)[:, None] // 5 * 4 + np.arange(48) // 12).astype(np.int32)
answers = st.lists(
    st.tuples(
        st.sampled_from(IMAGES),
        st.integers(0, 29),  # the region it was about, as cells were then
        st.sampled_from(("class", "class", "mask", "skip")),
        st.integers(0, 2),
        st.integers(1, 99),  # the query's number then
        st.sampled_from(("ada", "ben")),
    ),
    max_size=12,
)
# What is changed upstream: the regions, how the new questions are numbered and ordered, the labels before, the expansion.
changes = st.fixed_dictionaries(
    {
        "cells": st.sampled_from((BLOCKS, STRIPES)),
        "seed": st.integers(0, 2**16),
        "expansion": st.sampled_from(({"name": "none"}, BOLD_EVIDENCE, MODULE["expansion"])),
        "class_of_first_labels": st.sampled_from((None, 0, 1, 2)),
    }
)
NO_CHANGE = {"cells": BLOCKS, "seed": 0, "expansion": {"name": "none"}, "class_of_first_labels": None}


def as_answer(image, region, kind, named, number, who) -> Answer:
    mask = region == BLOCKS
    brushed = mask & (np.arange(48) % 2 == 0)
    return Answer(
        query=f"r1-{number:05d}",
        image=image,
        footprint=encode(mask),
        kind=kind,
        classes=() if kind == "skip" else (toys.LEAF_CARD.classes[named],),
        mask=encode(brushed) if kind == "mask" else None,
        who=who,
    )


def ask_anew(root, cells, seed):
    """Questions about some cells in any order: their numbers are those of other regions before."""
    rng, made = np.random.default_rng(seed), []
    for image in rng.permutation(IMAGES[:3]).tolist():
        for region in rng.permutation(cells.max() + 1)[:4].tolist():
            about = {"query": f"r1-{len(made) + 1:05d}", "rank": len(made), "image": image, "region": region}
            made.append(question(region == cells, **about))
    write_queries(root / "queries/r1", made)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        root = tmp_path_factory.mktemp("upstream")
        prepare(root, monkeypatch)
        monkeypatch.setattr("segmend.network.inference.stream", toys.leaf_probabilities)
        yield root


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers, changes)
@example([("a/0", 0, "class", 0, 1, "ada"), ("a/0", 0, "skip", 0, 1, "ada")], NO_CHANGE)
def test_labels_inside_answered_footprints_are_what_people_said(workspace, lines, change):
    given_ = [as_answer(*line) for line in lines]
    write(workspace / "r1.jsonl", given_)
    ask_anew(workspace, change["cells"], change["seed"])
    first = Labels(workspace / "labels/r0")
    kept = {image: first[image] for image in IMAGES}
    if change["class_of_first_labels"] is not None:
        for image in IMAGES:
            other = np.where(kept[image] == VOID, VOID, np.uint8(change["class_of_first_labels"]))
            first.write(image, other, toys.LEAF_CARD)
    try:
        metrics = run(workspace, out="changed", expansion=change["expansion"])
    finally:
        for image in IMAGES:
            first.write(image, kept[image], toys.LEAF_CARD)
    counted = standing(given_)  # of one person the last line counts, a skip too; it outvotes nobody else
    definite = {answer.identity for answer in counted if answer.kind != "skip"}
    decided = latest(answer for answer in counted if answer.kind != "skip" or answer.identity not in definite)
    wanted = {image: np.full(toys.LEAF_SHAPE, -1) for image in IMAGES}
    for answer in decided:
        if answer.kind != "skip":
            painted = decode(answer.mask or answer.footprint)
            wanted[answer.image][painted] = toys.LEAF_CARD.classes.index(answer.classes[0])
    labels = Labels(workspace / "changed")
    for image in IMAGES:
        said = (wanted[image] >= 0) & (kept[image] != VOID)
        assert (labels[image][said] == wanted[image][said]).all()
    # Nothing is lost: every answer that counts is carried on and has its row.
    carried = {
        (answer.identity, who)
        for answer in read(workspace / "changed/answers.jsonl")
        for who in answer.who.split(JOINED)
    }
    rows = history.read(workspace / "changed").to_pylist()
    assert {(answer.identity, answer.who) for answer in decided} <= carried
    assert sum(row["who"] in ("ada", "ben", "ada, ben", "ben, ada") for row in rows) == len(decided)
    assert metrics["answered"] + metrics["unanswered"] == metrics["asked"]
