"""Malformed answers files: each is refused in one sentence with file and line, or read rightly."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmend.answers.answers import read
from segmend.answers.lines import LONGEST, json_lines
from tests.segmend.answers.bad_answers import CASES, good

CLASSES, SIZES, HASHES = ("ground", "leaf"), {"a/0": (2, 4)}, {"a/0": "ab" * 32}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_file_is_read_or_refused_in_one_sentence(tmp_path, case):
    path = tmp_path / "r1.jsonl"
    path.write_bytes(case.content)
    if case.words is None:
        assert len(read(path, CLASSES, SIZES, HASHES)) == case.answers
        return
    with pytest.raises(ValueError) as caught:
        read(path, CLASSES, SIZES, HASHES)
    text = str(caught.value)
    assert text.startswith(f"{path}, line {case.line}: ") and case.words in text
    assert "\n" not in text and len(text) <= LONGEST + 5 and text.encode()


def test_a_folder_and_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(ValueError, match="is a folder; the answers must be a file"):
        read(tmp_path)
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="gone.jsonl cannot be read: No such file"):
        read(tmp_path / "gone.jsonl")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.integers(0, len(good)))
def test_whatever_is_in_the_file_there_is_an_answer_or_a_sentence(tmp_path_factory, noise, place):
    path = tmp_path_factory.mktemp("noise") / "r1.jsonl"
    path.write_bytes(good[:place] + noise + good[place:])
    try:
        read(path, CLASSES, SIZES, HASHES)
    except ValueError as error:
        assert str(error).startswith(f"{path}, line ") and "\n" not in str(error)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["\n", "\r\n", "\r", "\n\n"]), min_size=1, max_size=5))
def test_line_numbers_are_those_of_an_editor(tmp_path_factory, ends):
    path = tmp_path_factory.mktemp("ends") / "r1.jsonl"
    path.write_bytes(b"".join(b'{"a": 1}' + end.encode() for end in ends) + b"[")
    wanted, number = [], 1
    for end in ends:
        wanted.append(number)
        number += end.count("\n") or 1
    numbers = []
    with pytest.raises(ValueError, match=f"line {number}: not a JSON object"):
        for line, _ in json_lines(path):
            numbers.append(line)
    assert numbers == wanted
