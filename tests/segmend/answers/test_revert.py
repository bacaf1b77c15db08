"""Answers are taken back by lines that are added; what stood before stands no more, and nothing else changes."""

import subprocess
import sys
from pathlib import Path

import pytest

from segmend.answers.answers import Answer, Footprint, read, standing, write
from segmend.answers.revert import append, matching, reverted

ROOT = Path(__file__).resolve().parents[3]
HERE = Footprint(size=(2, 2), runs=(0, 4))


def answer(query, image, who, kind="class"):
    return Answer(
        query=query, image=image, footprint=HERE, kind=kind, classes=() if kind == "skip" else ("leaf",), who=who
    )


GIVEN = [
    answer("r1-1", "a", "ada"),
    answer("r1-2", "a", "ben"),
    answer("r1-3", "b", "ada"),
    answer("r1-4", "b", "ben", "skip"),
]


@pytest.mark.parametrize(
    ("which", "left"),
    [
        ({"image": "a"}, ["r1-3", "r1-4"]),
        ({"who": "ada"}, ["r1-2", "r1-4"]),
        ({"kind": "skip"}, ["r1-1", "r1-2", "r1-3"]),
        ({"image": "a", "who": "ada"}, ["r1-2", "r1-3", "r1-4"]),
        ({"who": "nobody"}, ["r1-1", "r1-2", "r1-3", "r1-4"]),
    ],
)
def test_what_fits_stands_no_more(tmp_path, which, left):
    path = tmp_path / "r1.jsonl"
    write(path, GIVEN)
    before = path.read_bytes()
    words = [word for name, value in which.items() for word in (f"--{name}", value)]
    command = [
        sys.executable,
        "-m",
        "segmend.answers.revert",
        str(path),
        *words,
        "--by",
        "eve",
        "--lock",
        str(tmp_path / "locks"),
    ]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert path.read_bytes() == before and ("nothing was changed" in said)
    subprocess.run([*command, "--write"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert path.read_bytes().startswith(before) and [one.query for one in standing(read(path))] == left
    assert all(one.by == "eve" for one in read(path)[len(GIVEN) :])


def test_an_answer_given_again_after_a_revert_counts():
    first = GIVEN[0]
    lines = [first, *reverted([first], "ada", "2026-01-01T00:00:00Z")]
    assert standing(lines) == [] and standing([*lines, first]) == [first]
    assert matching([*lines, first], None, "ada", None) == [first] and lines[1].by is None


def test_a_last_line_without_an_end_stays_a_line(tmp_path):
    path = tmp_path / "r1.jsonl"
    write(path, GIVEN[:1])
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    append(path, GIVEN[1:2])
    assert [one.query for one in read(path)] == ["r1-1", "r1-2"]
