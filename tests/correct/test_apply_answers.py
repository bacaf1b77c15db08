"""Answers painted over labels: by hand, and nothing outside the footprint, ever."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmend.answers.answers import Answer, decode, encode
from segmend.images.rasters import UNLABELLED, VOID
from tasks.correct.apply_answers import corrected, name_of

NAMES = ("a", "b", "c")
FIRST = np.array([[0, 1, VOID, UNLABELLED], [2, 2, 0, 1]], np.uint8)
TOP = np.array([[True] * 4, [False] * 4])


def said(kind="class", classes=("c",), mask=None, footprint=TOP, query="r1-1") -> Answer:
    brushed = None if mask is None else encode(mask)
    return Answer(query=query, image="i", footprint=encode(footprint), kind=kind, classes=classes, mask=brushed)


@pytest.mark.parametrize(
    ("answer", "top"),
    [
        (said(), [2, 2, VOID, 2]),
        (said("class_set", ("b",)), [1, 1, VOID, 1]),
        (said("class_set", ("b", "c")), [0, 1, VOID, UNLABELLED]),
        (said("confirm", ("a",)), [0, 1, VOID, UNLABELLED]),
        (said("skip", ()), [0, 1, VOID, UNLABELLED]),
        (said("mask", ("c",), np.array([[1, 0, 0, 0], [1, 0, 0, 0]], bool)), [2, 1, VOID, UNLABELLED]),
    ],
)
def test_by_hand(answer, top):
    before = FIRST.copy()
    assert corrected(FIRST, [answer], NAMES).tolist() == [top, FIRST[1].tolist()]
    assert (before == FIRST).all()


def test_the_later_answer_wins_where_two_overlap():
    assert corrected(FIRST, [said(classes=("b",)), said(query="r2-1")], NAMES)[0].tolist() == [2, 2, VOID, 2]


KINDS = st.sampled_from(
    [("class", ("a",)), ("class", ("c",)), ("confirm", ("b",)), ("skip", ()), ("class_set", ("a", "b"))]
)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.lists(KINDS, max_size=6))
def test_changes_stay_inside_footprints_and_applying_twice_is_applying_once(seed, kinds):
    rng = np.random.default_rng(seed)
    first = rng.choice(np.array([0, 1, 2, UNLABELLED, VOID], np.uint8), (6, 7))
    answers = [
        said(kind, classes, footprint=rng.random((6, 7)) < 0.3, query=f"r1-{k}")
        for k, (kind, classes) in enumerate(kinds)
    ]
    once = corrected(first, answers, NAMES)
    touched = np.zeros((6, 7), bool)
    for answer in answers:
        touched |= decode(answer.footprint)
    assert (once[~touched] == first[~touched]).all() and ((once == VOID) == (first == VOID)).all()
    assert (corrected(once, answers, NAMES) == once).all()


def test_names():
    assert name_of(np.array([0, 1, 1], np.uint8), NAMES) == "b"
    assert name_of(np.array([VOID, VOID, 1], np.uint8), NAMES) is None
    assert name_of(np.array([], np.uint8), NAMES) is None
