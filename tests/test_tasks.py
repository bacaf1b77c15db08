"""`python -m tasks`: the whole of params.yaml is checked, and every mistake is a sentence with line, what is allowed and the nearest name."""

import shlex
from functools import reduce
from operator import getitem
from pathlib import Path
from re import findall, sub

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from segmend.answers.answers import RoundBudget
from segmend.stage.params import check
from tasks.__main__ import STAGES, Round, check_file

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = (ROOT / "params.yaml").read_text()
JARGON = ("constrained", "pydantic", "Traceback", "valid integer", "valid string", "instance of", "dict", "function-")

# What stands in the shipped file, what somebody writes instead, and words of the sentence.
MISTAKES = [
    ("report: {}", "report: {nosuch: 1}", "report.nosuch is not a known setting of report"),
    ("  epochs: 20", "  epoch: 12", "train.epoch is not a known setting (did you mean 'epochs'?)"),
    ("  epochs: 20", "  epochs: true", "train.epochs must be a number, not true or false"),
    ("  epochs: 20", "  epochs: twelve", "train.epochs must be a whole number (it is 'twelve')"),
    ("  epochs: 20", "  epochs: 1.5", "train.epochs must be a whole number (it is 1.5)"),
    ("  epochs: 20", "  epochs: 20\n  epochs: 13", 'found duplicate key "epochs"'),
    ("  epochs: 20", "  epochs: [1, 2", "this is not valid YAML"),
    ("  epochs: 20", "\tepochs: 12", "this is not valid YAML"),
    ("regions: 300", "regions: 1e9", "slic.regions must be at most 1000000"),
    ("seed: 0", "seed: !!python/object:os.system {}", "could not determine a constructor for the tag"),
    ("seed: 0", "seed: true", "seed must be a whole number (it is true)"),
    ("seed: 0", "seed: -1", "seed must be at least 0 (it is -1)"),
    ("seed: 0", "sed: 0", "unknown section 'sed' (did you mean 'seed'?)"),
    ("lr: 5e-3", "lr: .nan", "lr must be at most 1 (it is nan)"),
    ("lr: 5e-3", "lr: '5e-3x'", "lr must be a number (it is '5e-3x')"),
    ("{name: dice}", "../../x", "a method is chosen as {name: ...}, with one of: backward"),
    ("{name: dice}", "{name: ../../x}", "unknown method '../../x'; known: backward"),
    ("{name: dice}", "{name: [1]}", "unknown method '[1]'; known: backward"),
    ("{name: dice}", "{name: dyce}", "unknown method 'dyce' (did you mean 'dice'?)"),
    ("{name: dice}", "{name: dice, dice: 3}", "dice must hold the settings of that method"),
    ("kind: correction", "kind: corection", "(did you mean 'correction'?)"),
    ("prev: r0, budget: 4%", "prev: r7, budget: 6%", "rounds.r1.prev must be 'r0' (it is 'r7'); mend it with: segmend rounds 2"),
    ("prev: r0, budget: 4%", "prev: r0, budget: 200%", "rounds.r1.budget must be a count of at least 0, or a share"),
    ("prev: r0, budget: 4%", "prev: r0, budget: true", "rounds.r1.budget must be a count of at least 0, or a share"),
    ("prev: r0, budget: 4%", "prev: r0, budget: $(touch x)", "rounds.r1.budget must be a count"),
    ("prev: r0, budget: 4%", "prev: r0", "rounds.r1.budget is missing"),
    ("  r2: {prev: r1}\n", "", "models.r2.prev must be 'r1' (it is null); mend it with: segmend rounds 2"),
    ("last: r2", "last: r9", "last must be 'r2' (it is 'r9')"),
    ("start: none", "start: nothere", "the section pretraining has no such name"),
    ("pretraining: {}", "pretraining: {../x: {}}", "a name has letters, digits, _ and - only"),
    ("data: superalloy-demo", "data: a$(touch x)", "ingest.data: letters, digits, _ . and - are allowed"),
    ("data: superalloy-demo", "data: ..", "ingest.data: letters, digits, _ . and - are allowed"),
    ("evaluate: {}", "evaluate: 3", "evaluate must hold `name: value` settings (it is 3)"),
    ("evaluate: {}", "", "params.yaml has no section 'evaluate'"),
]  # fmt: skip


NOT_SETTINGS = ["", "- a\n- b\n", "3\n", "text", "[" * 5000, "a: &a [*a]\n", b"\xff\xfe\x00", b"seed: \x00\n", "seed: 2026-13-45\n", "1: 2\n"]  # fmt: skip


def mistakes(text: str | bytes, folder: Path) -> str:
    """What is said of a file with this content; nothing if it is in order."""
    path = folder / "params.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        check_file(path)
    except ValueError as error:
        return str(error)
    return ""


def test_the_shipped_file_is_in_order():
    assert set(check_file()) == set(STAGES)


@pytest.mark.parametrize(("old", "new", "words"), MISTAKES, ids=[new for _, new, _ in MISTAKES])
def test_a_mistake_is_one_sentence_with_its_line(tmp_path, old, new, words):
    said = mistakes(SHIPPED.replace(old, new, 1), tmp_path)
    assert words in said and not [word for word in JARGON if word in said]
    if "has no section" not in said:
        line = int(findall(r"params\.yaml, line (\d+): ", said)[0])
        changed = SHIPPED[: SHIPPED.index(old)].count("\n") + 1
        assert abs(line - changed) < 8  # a setting that is not there is looked for at the section above it


@pytest.mark.parametrize("content", NOT_SETTINGS, ids=lambda content: repr(content)[:40])
def test_what_is_no_settings_file_is_one_sentence(tmp_path, content):
    said = mistakes(content, tmp_path)
    assert said.startswith("params.yaml") and not [word for word in JARGON if word in said]


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(STAGES), st.data())
def test_any_value_of_any_setting_is_accepted_or_refused_in_words(tmp_path_factory, stage, data):
    content = YAML(typ="safe").load(SHIPPED)
    name = data.draw(st.sampled_from(sorted(content[stage]) or ["pictures"]))
    content[stage][name] = data.draw(VALUES)
    folder = tmp_path_factory.mktemp("any")
    try:
        with (folder / "params.yaml").open("w") as file:
            YAML(typ="safe").dump(content, file)
    except Exception:  # YAML cannot hold every text; then nobody can write it
        return
    said = mistakes((folder / "params.yaml").read_bytes(), folder)
    assert not [word for word in JARGON if word in said]


def test_commands_quote_every_value_of_params():
    """Inside single quotes no value is run by the shell; that none holds a single quote itself is what the check is for."""
    for name, stage in YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"].items():
        command = stage.get("do", stage)["cmd"]
        assert "${" not in sub(r"'[^']*'", "", command), f"{name}: a variable stands outside of single quotes"


@settings(deadline=None, max_examples=8)
@given(st.text(st.sampled_from("ab1%.-_ '\"$()`;&|\\\n*~ü"), min_size=1, max_size=8))
def test_no_value_that_passes_the_check_changes_a_command(tmp_path_factory, value):
    """Every variable of every command of dvc.yaml in turn has this value: refused, or one word of the command."""
    commands = {
        name: stage.get("do", stage)["cmd"]
        for name, stage in YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"].items()
    }
    folder = tmp_path_factory.mktemp("shell")
    for variable in sorted({name for command in commands.values() for name in findall(r"\$\{([\w.]+)\}", command)}):
        content = YAML(typ="safe").load(SHIPPED)
        if variable == "key":
            content["rounds"][value] = {"prev": "r2", "budget": 1}
            content["models"][value], content["last"] = {"prev": "r2"}, value
        elif variable == "last":
            content["last"] = value
        elif variable.startswith("item."):
            content["rounds"]["r1"][variable.removeprefix("item.")] = value
        else:
            *above, setting = variable.split(".")
            reduce(getitem, above, content)[setting] = value
        with (folder / "params.yaml").open("w") as file:
            YAML(typ="safe").dump(content, file)
        if not mistakes((folder / "params.yaml").read_bytes(), folder):
            for command in commands.values():
                plain = shlex.split(sub(r"\$\{[\w.]+\}", "x", command))
                assert len(shlex.split(command.replace(f"${{{variable}}}", value))) == len(plain)


def test_a_broken_chain_of_rounds_names_the_remedy(tmp_path):
    said = mistakes(SHIPPED.replace("  r2: {prev: r1}\n", ""), tmp_path)
    assert "segmend rounds 2" in said
    check_file(tmp_path / "params.yaml", chain=False)  # for the command that mends it


@pytest.mark.parametrize("budget", [0, 1, "5%", "0.5%", "100%"])
def test_budgets(budget):
    assert Round(prev="r0", budget=budget).budget == check(RoundBudget, budget, "--budget") == budget


@pytest.mark.parametrize("budget", ["5", "many", -1, 1.5, True, "101%", None, [3]])
def test_bad_budgets(budget):
    with pytest.raises(ValueError, match="a count of at least 0, or a share from 0% to 100%"):
        Round(prev="r0", budget=budget)
