"""Footprints, the forms of queries and answers, and errors that name file and line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segmend.answers.answers import (
    Answer,
    Budget,
    Footprint,
    decode,
    encode,
    encode_pixels,
    latest,
    pixels,
    read,
    read_budget,
    read_queries,
    standing,
    write,
    write_queries,
)
from tests.query.questions import question

MASK = np.array([[False, False, True, True], [True, False, False, False]])
FOOTPRINTS = {"a": encode(MASK), "b": encode(~MASK)}


def answer(**changes) -> Answer:
    return Answer(
        **{"query": "r1-00001", "image": "a/0", "footprint": encode(MASK), "kind": "class", "classes": ("leaf",)}
        | changes
    )


def test_pixels_make_the_footprint_of_their_mask():
    random = np.random.default_rng(0)
    for share in (0.02, 0.3, 0.9, 1.0):
        mask = random.random((7, 9)) < share
        mask[3, 4] = True
        assert encode_pixels(np.flatnonzero(mask), (7, 9)) == encode(mask)
    for corner in ((0, 0), (6, 8)):
        mask = np.zeros((7, 9), bool)
        mask[corner] = True
        assert encode_pixels(np.flatnonzero(mask), (7, 9)) == encode(mask)


def test_footprint_by_hand():
    code = encode(MASK)
    assert code.size == (2, 4) and code.runs.tolist() == [2, 3, 3] and code.area == 3
    assert pixels(code).tolist() == [2, 3, 4]
    assert encode(~MASK).runs.tolist() == [0, 2, 3, 3]
    assert encode(np.zeros((2, 2), bool)).runs.tolist() == [4]
    assert encode(np.ones((2, 2), bool)).runs.tolist() == [0, 4]


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_footprints_come_back(mask):
    code = encode(mask)
    assert (decode(code) == mask).all() and code.area == mask.sum()
    assert pixels(code).tolist() == np.flatnonzero(mask).tolist()
    assert all(run > 0 for run in code.runs[1:])


@pytest.mark.parametrize("runs", [(2, 3), (2, -1, 7), ()])
def test_runs_must_add_up(runs):
    with pytest.raises(ValueError, match="add up to 2 x 4|a run is below 0"):
        Footprint(size=(2, 4), runs=runs)


@pytest.mark.parametrize(
    ("kind", "classes", "words"),
    [
        ("class", (), "exactly one"),
        ("confirm", ("a", "b"), "exactly one"),
        ("skip", ("a",), "no class"),
        ("class_set", (), "one class or more"),
    ],
)
def test_a_kind_says_how_many_classes(kind, classes, words):
    with pytest.raises(ValueError, match=words):
        answer(kind=kind, classes=classes)


def test_a_brushed_mask_belongs_to_its_kind():
    with pytest.raises(ValueError, match="`mask`"):
        answer(kind="mask")
    with pytest.raises(ValueError, match="`mask`"):
        answer(mask=encode(MASK))
    assert answer(kind="mask", mask=encode(MASK)).mask is not None
    assert answer(kind="confirm", mask=encode(MASK)).mask is not None and answer(kind="confirm").mask is None


def test_answers_come_back_and_equal_answers_give_equal_bytes(tmp_path):
    some = [answer(), answer(kind="skip", classes=(), who="ada", seconds=2.5, clicks=1, when="2025-01-31T10:00:00Z")]
    write(tmp_path / "a.jsonl", some)
    write(tmp_path / "b.jsonl", some)
    assert read(tmp_path / "a.jsonl") == some
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert '"when"' not in (tmp_path / "a.jsonl").read_text().splitlines()[0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not a JSON object"),
        ("[1, 2]", "not a JSON object"),
        ('{"query": "r1-1", "image": "a/0"}', "answer.footprint is missing"),
        ('{"query": "r1-1", "image": "a/0", "footprint": {"size": [2, 4], "runs": [0, 8]}, "kind": "guess"}', "answer.kind"),
        ('{"query": "r1-1", "image": "a/0", "footprint": {"size": [2, 4], "runs": [7]}, "kind": "skip"}', "add up to 2 x 4"),
        ('{"query": "r1-1", "image": "a/0", "footprint": {"size": [2, 4], "runs": [0, 8]}, "kind": "skip", "x": 1}', "the key 'x' is unknown"),
        ('{"query": "r1-1", "image": "a/0", "footprint": {"size": [2, 4], "runs": [0, 8]}, "kind": "class", "classes": ["oak"]}', "unknown class 'oak'; the data set's classes are ground, leaf"),
        ('{"query": "r1-1", "image": "z", "footprint": {"size": [2, 4], "runs": [0, 8]}, "kind": "skip"}', "unknown image 'z'"),
        ('{"query": "r1-1", "image": "a/0", "footprint": {"size": [4, 2], "runs": [0, 8]}, "kind": "skip"}', r"\[4, 2\] is not the size of a/0, \[2, 4\]"),
    ],
)  # fmt: skip
def test_bad_lines_are_named(tmp_path, line, words):
    path = tmp_path / "r1.jsonl"
    write(path, [answer()])
    path.write_text(path.read_text() + "\n" + line + "\n")  # the empty line counts too
    with pytest.raises(ValueError, match=f"r1.jsonl, line 3: .*{words}"):
        read(path, ("ground", "leaf"), {"a/0": (2, 4)})


def test_of_two_answers_about_the_same_pixels_the_later_counts():
    """Whatever the numbers of their queries: these change when regions are made anew."""
    first, other = answer(), answer(footprint=encode(~MASK))
    second = answer(query="r2-00009", kind="skip", classes=())
    assert latest([first, other, second]) == [other, second]
    assert latest([first, answer(image="a/1")]) == [first, answer(image="a/1")]
    assert latest([first, answer(query="r1-00001+1")]) == [first, answer(query="r1-00001+1")]  # brushed beside it


def test_equal_pixels_are_one_footprint_however_they_are_written():
    code = Footprint(size=(2, 4), runs=[1, 0, 1, 2, 0, 1, 3, 0, 0])
    assert code == encode(MASK) and answer(footprint=code).identity == answer().identity
    assert Footprint(size=(2, 4), runs=[0, 0, 0, 8]) == Footprint(size=(2, 4), runs=[0, 8])
    assert question(MASK, image="a/0").identity == answer().identity != answer(image="a/1").identity


def test_answers_about_another_image_of_the_same_name_are_refused(tmp_path):
    write(tmp_path / "r1.jsonl", [answer(), answer(image_sha256="ab" * 32)])
    sizes = {"a/0": (2, 4)}
    assert len(read(tmp_path / "r1.jsonl", None, sizes, {"a/0": "ab" * 32})) == 2  # one without a hash stays valid
    with pytest.raises(ValueError, match="r1.jsonl, line 2: the answer is about another image named a/0"):
        read(tmp_path / "r1.jsonl", None, sizes, {"a/0": "cd" * 32})


def test_queries_come_back(tmp_path):
    some = [question(MASK), question(~MASK, query="r1-00002", shown=None, kind="multiclass", expected=2.5)]
    write_queries(tmp_path, some)
    assert read_queries(tmp_path) == some
    with pytest.raises(ValueError, match="run the stage query"):
        read_queries(tmp_path / "nowhere")


def test_a_budget_may_be_there(tmp_path):
    assert read_budget(tmp_path) is None
    (tmp_path / "budget.json").write_text('{"unit": "clicks", "allowed": 12.5}')
    assert read_budget(tmp_path) == Budget(unit="clicks", allowed=12.5)


def test_a_reverted_answer_counts_no_more_and_those_of_others_do():
    ada, ben = answer(who="ada"), answer(who="ben", classes=("bark",))
    undone = answer(who="ben", kind="revert", classes=(), by="ada")
    assert latest([ada, ben, undone]) == [ada] and standing([ada, ben]) == [ada, ben]
    again = answer(who="ben", classes=("stem",))
    assert latest([ada, ben, undone, again]) == [again]
    with pytest.raises(ValueError, match="no class"):
        answer(kind="revert")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.booleans()), max_size=12))
def test_a_reverted_answer_might_never_have_been_given(lines):
    """Whatever is reverted at the end: what stands is what stood without the person's answers to that query."""
    given_ = [
        answer(footprint=FOOTPRINTS[q], who=w, **({"kind": "revert", "classes": ()} if undone else {"clicks": k}))
        for k, (q, w, undone) in enumerate(lines)
    ]
    end = [*given_, answer(footprint=FOOTPRINTS["a"], who="x", kind="revert", classes=())]
    assert standing(end) == standing([a for a in given_ if (a.footprint, a.who) != (FOOTPRINTS["a"], "x")])
