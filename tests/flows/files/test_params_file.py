"""Changes of params.yaml: rounds and experiments; comments and all other lines stay."""

import json
from pathlib import Path

import pytest

from flows import environment
from flows.files import params_file
from tests.flows.toys import PARAMS, git, mistake, segmend


def test_rounds(root: Path):
    result = segmend("rounds", "4")
    assert result.exit_code == 0 and "+  r4: {prev: r3, budget: 9%}" in result.output
    text = (root / "params.yaml").read_text()
    assert text.startswith(
        PARAMS[: PARAMS.index("  r2: {prev: r1}\nlast")].replace(
            "9%}\n", "9%}\n  r3: {prev: r2, budget: 9%}\n  r4: {prev: r3, budget: 9%}\n"
        )
    )
    assert "last: r4\nx: 1" in text
    answers = root / "data" / "answers"
    assert [path.name for path in sorted(answers.iterdir())] == ["r1.jsonl", "r2.jsonl", "r3.jsonl", "r4.jsonl"]

    (answers / "r3.jsonl").write_text('{"query": 1}\n')
    result = segmend("rounds", "2")
    assert "r3.jsonl has answers and is kept" in result.output
    assert [path.name for path in sorted(answers.iterdir())] == ["r1.jsonl", "r2.jsonl", "r3.jsonl"]
    assert (root / "params.yaml").read_text() == PARAMS  # back to the byte
    assert "already" in segmend("rounds", "2").output
    assert segmend("rounds", "0").exit_code == 0
    assert segmend("rounds", "-1").exit_code == 2


def test_rounds_can_be_none_at_all(root: Path):
    (root / "dvc.yaml").write_text(
        (root / "dvc.yaml").read_text()
        + """
  query:
    foreach: ${rounds}
    do: {cmd: "python stage.py query ${key}.txt in.txt", deps: [in.txt], outs: ["${key}.txt"]}
"""
    )
    segmend("rounds", "0")
    assert len(json.loads(segmend("status", "--json").stdout)["stages"]) == 4
    segmend("rounds", "1")
    assert [s["name"] for s in json.loads(segmend("status", "--json").stdout)["stages"]][-1] == "query@r1"


@pytest.mark.parametrize(("old", "new", "told"), [
    ("r2: {prev: r1, budget", "r2: {prev: r7, budget", "rounds.r2.prev is 'r7'"),
    ("last: r2", "last: r1", "last is 'r1' but the last round is 'r2'"),
    ("  r2: {prev: r1}\n", "", "must be models without its first"),
])  # fmt: skip
def test_a_broken_chain_is_told(root: Path, old: str, new: str, told: str):
    (root / "params.yaml").write_text(PARAMS.replace(old, new))
    with pytest.raises(environment.UserError, match=told):
        params_file.check_chain(params_file.ParamsFile(root))


def test_experiment(root: Path):
    (root / "experiments").mkdir()
    (root / "experiments" / "otsu.yaml").write_text("# a paper\nx: 3\ningest: {noise: {level: none}}\n")
    (root / "experiments" / "other.yaml").write_text("x: 4\n")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    assert "known experiments: other, otsu" in mistake("run", "-e", "nonsense")
    result = segmend("run", "--no-prefect", "-e", "otsu", "--target", "first")
    assert "-x: 1" in result.output and "+x: 3" in result.output and result.exit_code == 0
    merged = PARAMS.replace("x: 1", "x: 3").replace("{level: medium}", "{level: none}")
    assert (root / "params.yaml").read_text().split() == merged.split()  # comments too
    assert "git checkout params.yaml" in mistake("run", "-e", "other")
    assert "changed" not in segmend("run", "--no-prefect", "-e", "otsu", "--target", "first").output  # nothing to bury
