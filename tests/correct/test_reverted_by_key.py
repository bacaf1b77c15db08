"""segmend revert by each key, then the stage again: labels and history's pixels as if those answers had never been given."""

import sys

import numpy as np
import pytest

from segmend.answers import revert
from segmend.answers.answers import read, write
from segmend.images.dataset import Dataset, Labels
from tests.correct.rounds import reply, run

PEOPLE_ENOUGH = {"oracle": {"name": "people", "people": {"enough": 0.0}}, "expansion": {"name": "none"}}
KEYS = {
    "image": (["--image", "a/0"], lambda answer, round: answer.image == "a/0"),
    "who": (["--who", "ada"], lambda answer, round: answer.who == "ada"),
    "kind": (["--kind", "class"], lambda answer, round: answer.kind == "class"),
    "round": ([], lambda answer, round: round == "r1"),
    "who and image": (
        ["--who", "ben", "--image", "a/1"],
        lambda answer, round: (answer.who, answer.image) == ("ben", "a/1"),
    ),
}


def maps(root, round):
    data, labels = Dataset(root / "dataset"), Labels(root / "labels" / round)
    return {sample.id: labels[sample.id] for sample in data.of("train")}


@pytest.mark.parametrize("key", KEYS)
def test_as_if_never_given(workspace, monkeypatch, key):
    classes = Dataset(workspace / "dataset").classes
    for place, (who, kind) in enumerate(
        [("ada", "class"), ("ben", "class"), ("ada", "skip"), ("ben", "confirm"), ("ada", "class"), ("ben", "class")]
    ):
        said = {"class": (classes[place % 2],), "skip": (), "confirm": (classes[0],)}[kind]
        reply(workspace, place, kind, said, who=who)
    for place, who in enumerate(("ben", "ada")):
        reply(workspace, place, "class", (classes[1],), into="r2", who=who)
    words, taken = KEYS[key]
    given = {name: read(workspace / f"{name}.jsonl") for name in ("r1", "r2")}
    for name, answers in given.items():
        write(workspace / f"{name}.jsonl", [answer for answer in answers if not taken(answer, name)])
    for name in given:
        run(workspace, name, **PEOPLE_ENOUGH)
    never = maps(workspace, "r2")
    for name, answers in given.items():
        write(workspace / f"{name}.jsonl", answers)
    files = [str(workspace / f"{name}.jsonl") for name in (["r1"] if key == "round" else ["r1", "r2"])]
    monkeypatch.setattr(
        sys, "argv", ["revert", *files, *words, "--by", "eva", "--lock", str(workspace / "locks"), "--write"]
    )
    assert revert.main() == 0
    for name in given:
        run(workspace, name, out=f"labels/again-{name}" if name == "r2" else None, **PEOPLE_ENOUGH)
    again = maps(workspace, "again-r2")
    assert all(np.array_equal(never[name], again[name]) for name in never)
    assert sum(len(read(workspace / f"{name}.jsonl")) for name in given) > sum(
        map(len, given.values())
    )  # lines were added alone
