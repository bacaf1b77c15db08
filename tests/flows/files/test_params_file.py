"""Changes of params.yaml: rounds and experiments; comments and all other lines stay."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.files import params_file
from flows.files.yaml_file import read_mapping
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


@pytest.mark.parametrize(
    "broken",
    [
        PARAMS.replace("r2: {prev: r1, budget", "r2: {prev: r7, budget"),
        PARAMS.replace("last: r2", "last: r1"),
        PARAMS.replace("  r2: {prev: r1}\n", ""),
        PARAMS.replace("  r2: {prev: r1, budget: 9%}", "  r2: 3"),
        PARAMS.replace("models:\n  r0: {prev: start}\n  r1: {prev: r0}\n  r2: {prev: r1}\n", ""),
    ],
)
def test_rounds_mends_a_broken_chain(root: Path, broken: str):
    (root / "params.yaml").write_text(broken)
    assert segmend("rounds", "2").exit_code == 0
    content = read_mapping(root / "params.yaml")
    assert [entry["prev"] for entry in content["rounds"].values()] == ["r0", "r1"] and content["last"] == "r2"
    assert content["models"] == {"r0": {"prev": "start"}, "r1": {"prev": "r0"}, "r2": {"prev": "r1"}}


def test_the_budget_is_that_of_rounds_not_asked_yet(root: Path):
    (root / "data" / "queries" / "r1").mkdir(parents=True)
    assert segmend("rounds", "3", "--budget", "2%").exit_code == 0
    rounds = read_mapping(root / "params.yaml")["rounds"]
    assert [entry["budget"] for entry in rounds.values()] == ["5%", "2%", "2%"]


OTHER_LAYOUT = """\
# own layout
ingest:
    data:   'brain'      # quoted, wide
    format: { name: brain }
    noise: {level:   medium}

train:
    augmentations:
      - {name: flip}
      -   {name: crop,  crop: {height: 112}}
    note: "a   b"


rounds:
    r1: {prev: r0,  budget: 5%}    # the first
models:
    r0: { prev: start }
    r1: {prev: r0}
last: r1   # the end
x:    1
"""


def test_lines_that_do_not_change_keep_their_layout(root: Path):
    (root / "params.yaml").write_text(OTHER_LAYOUT)
    assert segmend("rounds", "2").exit_code == 0
    expected = OTHER_LAYOUT.replace("# the first\n", "# the first\n    r2: {prev: r1, budget: 5%}\n")
    expected = expected.replace("    r1: {prev: r0}\n", "    r1: {prev: r0}\n    r2: {prev: r1}\n").replace(
        "last: r1   #", "last: r2   #"
    )
    assert (root / "params.yaml").read_text() == expected


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_change_of_any_setting_touches_its_line_alone(tmp_path: Path, data: st.DataObject):
    """Whatever the layout: blanks, comments and indentation of all other lines stay, and what was to be set is set."""
    indent, gap = " " * data.draw(st.integers(1, 6)), " " * data.draw(st.integers(1, 4))
    names = data.draw(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=6, unique=True))
    comments = [data.draw(st.sampled_from(["", "   # why", " # a: b"])) for _ in names]
    lines = ["top:"] + [
        f"{indent}{name}:{gap}{k}{comment}" for k, (name, comment) in enumerate(zip(names, comments, strict=True))
    ]
    (tmp_path / "params.yaml").write_text("\n".join([*lines, "", "other:  {x:  1}", ""]))
    file = params_file.ParamsFile(tmp_path)
    changed = data.draw(st.integers(0, len(names) - 1))
    file.set(f"top.{names[changed]}", 77)
    file.save()
    after = (tmp_path / "params.yaml").read_text().splitlines()
    assert [line for k, line in enumerate(after) if k != changed + 1] == [
        line for k, line in enumerate([*lines, "", "other:  {x:  1}"]) if k != changed + 1
    ]
    assert read_mapping(tmp_path / "params.yaml")["top"][names[changed]] == 77


def test_a_file_that_is_no_yaml_is_one_sentence_in_every_command(root: Path):
    """The toy repository has no settings to check; that commands of a real one check first is seen in test_params_check.py."""
    (root / "params.yaml").write_text("a: [1\nb: 2\n")
    for words in (["rounds", "2"], ["next"], ["recommend"], ["run", "--no-prefect"]):
        said = mistake(*words)
        assert "params.yaml" in said and "YAML" in said


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
