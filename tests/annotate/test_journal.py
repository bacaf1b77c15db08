"""Answers reach the disk whole, in order, from several writers, and half a line is neither lost nor believed."""

import json
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.journal import Journal, question_of
from segmend.answers.answers import Answer, Footprint, encode, read, standing
from segmend.answers.revert import reverted

ROOT = Path(__file__).resolve().parents[2]


def footprint_of(query: str) -> Footprint:
    """Other pixels for every query: answers belong to their pixels."""
    bits = 1 + crc32(query.encode()) % 511
    return encode(((bits >> np.arange(9)) & 1).astype(bool).reshape(3, 3))


def answer(query="r1-00001", who="ada", **changes) -> Answer:
    return Answer(
        **{"query": query, "image": "a", "footprint": footprint_of(query), "kind": "skip", "who": who} | changes
    )


def journal(folder: Path) -> Journal:
    return Journal(folder / "answers/r1.jsonl", folder / "work", None, None)


def test_what_is_appended_can_be_read_by_the_pipeline(tmp_path):
    first = journal(tmp_path)
    first.append([answer(), answer(query="r1-00002", comment="hm")])
    first.append(reverted([answer()], "ben", "2026-01-01T00:00:00Z"))
    lines = read(first.path)
    assert [line.kind for line in lines] == ["skip", "skip", "revert"]
    assert lines[2].who == "ada" and lines[2].by == "ben"
    assert [a.query for a in standing(lines)] == ["r1-00002"] == [a.query for a in first.standing]


def test_two_servers_of_one_file_see_each_others_lines(tmp_path):
    one, other = journal(tmp_path), journal(tmp_path)
    one.append([answer(who="ada")])
    other.append([answer(who="ben")])
    one.refresh()
    assert list(one.stand("r1-00001")) == ["ada", "ben"]


def test_half_a_line_is_set_aside_and_a_line_without_its_end_is_kept(tmp_path):
    first = journal(tmp_path)
    first.append([answer()])
    whole = first.path.read_bytes()
    first.path.write_bytes(whole + b'{"query": "r1-000')
    again = journal(tmp_path)
    again.append([answer(query="r1-00002")])
    assert [a.query for a in read(first.path)] == ["r1-00001", "r1-00002"]
    assert b"r1-000" in (tmp_path / "work/r1.torn").read_bytes()
    first.path.write_bytes(first.path.read_bytes()[:-1])
    last = journal(tmp_path)
    last.append([answer(query="r1-00003")])
    assert [a.query for a in read(first.path)] == ["r1-00001", "r1-00002", "r1-00003"]


WRITER = """
import sys
from pathlib import Path
from tests.annotate.test_journal import answer, journal
keeper = journal(Path(sys.argv[1]))
for k in range(60):
    keeper.append([answer(query=f"q{k}", who=sys.argv[2])])
    print(k, flush=True)
"""


def test_a_killed_writer_leaves_every_line_it_said_was_kept(tmp_path):
    """kill -9 in the middle, with a second process writing to the same file."""
    start = [sys.executable, "-c", WRITER, str(tmp_path)]
    killed = subprocess.Popen([*start, "ada"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    other = subprocess.Popen([*start, "ben"], cwd=ROOT, stdout=subprocess.DEVNULL)
    said = [killed.stdout.readline() for _ in range(20)]
    killed.kill()
    said += killed.stdout.readlines()
    assert other.wait() == 0
    lines = read(tmp_path / "answers/r1.jsonl")
    assert {a.query for a in lines if a.who == "ada"} >= {f"q{line.strip()}" for line in said}
    assert [a.query for a in lines if a.who == "ben"] == [f"q{k}" for k in range(60)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("ab"), st.booleans()), max_size=15))
def test_what_stands_in_memory_is_what_stands_in_the_file(tmp_path_factory, moves):
    keeper = journal(tmp_path_factory.mktemp("j"))
    for k, (query, who, undo) in enumerate(moves):
        last = keeper.last_of(who, lambda name, query=query: name == query)
        if undo and last:
            keeper.append(reverted([last], who, "2026-01-01T00:00:00Z"))
        elif not undo:
            keeper.append([answer(query=query, who=who, clicks=k)])
    written = read(keeper.path) if keeper.path.is_file() else []
    order = sorted(standing(written), key=lambda a: (a.query, a.who))
    assert sorted(keeper.standing, key=lambda a: (a.query, a.who)) == order
    assert [json.loads(a.model_dump_json()) for a in keeper.lines] == [json.loads(a.model_dump_json()) for a in written]


def test_parts_belong_to_their_question():
    assert question_of("r1-00012+2") == question_of("r1-00012") == "r1-00012"


def test_two_questions_about_the_same_pixels_are_both_answered_also_after_a_restart(tmp_path):
    first = journal(tmp_path)
    same = answer(query="r1-00001").footprint
    first.append([answer(query="r1-00001"), answer(query="r1-00002", footprint=same)])
    again = journal(tmp_path)
    again.refresh()
    assert sorted(again.answered) == sorted(first.answered) == ["r1-00001", "r1-00002"]
