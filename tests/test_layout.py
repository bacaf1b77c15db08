"""The rules of docs/design.md about the tree: imports point down, dvc.yaml lists what is imported, every method has a card and a test."""

import ast
import subprocess
import sys
from pathlib import Path
from shutil import copy, copytree

import pytest
from ruamel.yaml import YAML

from segmend.stage.cache import files_of, imports_of
from tools.stage_deps import ROOT, Code, rewritten

CODE = Code()
KINDS, STAGES = CODE.kinds, CODE.stages
METHODS = sorted(path for kind in KINDS for path in kind.glob("*.py") if not path.name.startswith("_"))
PACKAGES = [top for top in ("flows", "tasks", "segmend", "annotate") if (ROOT / top).is_dir()]
FILES = sorted(path for top in PACKAGES for path in (ROOT / top).rglob("*.py"))
# What each package may import of the others. `annotate` starts nothing: it is started by the command line.
MAY_IMPORT = {"flows": set(), "tasks": {"segmend"}, "segmend": set(), "annotate": {"segmend"}}
# Inside train, from the top: the engine uses the kinds, the kinds use what every method is given.
TRAIN = ("engine", "kinds", "api")


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def stage_of(path: Path) -> str | None:
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "tasks" and len(parts) > 2 else None


def room_of_train(path: Path) -> str:
    """engine, kinds, api, or "" for files above them and outside train."""
    parts = path.relative_to(ROOT).parts
    if parts[:2] != ("tasks", "train") or len(parts) < 4:
        return ""
    return parts[2] if parts[2] in TRAIN else "kinds"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_point_down(path):
    own = package_of(path)
    for target in files_of(imports_of(path)):
        names = f"{module_of(path)} imports {module_of(target)}"
        if package_of(target) != own:
            assert package_of(target) in MAY_IMPORT[own], (
                f"{names}: {own} may import {MAY_IMPORT[own] or 'none of ours'}"
            )
        elif own == "tasks" and stage_of(path):
            assert stage_of(target) in (None, stage_of(path)), f"{names}: stages never import stages"
        room, other = room_of_train(path), room_of_train(target)
        if room and other:
            assert TRAIN.index(room) <= TRAIN.index(other), f"{names}: engine -> kinds -> api"


@pytest.mark.parametrize("path", [path for kind in KINDS for path in kind.glob("*.py")], ids=module_of)
def test_a_method_imports_its_helpers_the_api_the_library_and_other_kinds_unions(path):
    if path.name == "__init__.py":
        return
    for target in files_of(imports_of(path)):
        helper = target.parent == path.parent and target.name.startswith("_") and target.name != "__init__.py"
        api = stage_of(target) == stage_of(path) and bool({"api", "reading"} & set(target.relative_to(ROOT).parts))
        union = target.name == "__init__.py" and (target.parent != path.parent or path.name.startswith("_"))
        library = package_of(target) == "segmend"
        names = f"{module_of(path)} imports {module_of(target)}"
        assert helper or api or union or library, (
            f"{names}: a method imports the kind's _*.py, api/, segmend, other unions"
        )


def test_packages_do_not_import_each_other_in_a_circle():
    """Folder by folder, inside each package."""
    edges: dict[str, set[str]] = {}
    for path in FILES:
        if path.name == "__init__.py":
            continue
        for target in files_of(imports_of(path)):
            if target.name != "__init__.py" and target.parent != path.parent and package_of(target) == package_of(path):
                edges.setdefault(module_of(path.parent / "__init__.py"), set()).add(
                    module_of(target.parent / "__init__.py")
                )

    def reaches(start: str, goal: str) -> bool:
        todo, seen = list(edges.get(start, ())), set()
        while todo:
            folder = todo.pop()
            if folder == goal:
                return True
            if folder not in seen:
                seen.add(folder)
                todo += edges.get(folder, ())
        return False

    # A package's and a stage's top files (flows/cli.py, tasks/<stage>/__main__.py and settings.py) stand above its folders.
    tops = {*PACKAGES, *(f"tasks.{stage}" for stage in STAGES)}
    for top in tops:
        edges.pop(top, None)
    assert not [folder for folder in edges if reaches(folder, folder)]


def test_a_shared_file_is_imported_by_more_than_one_stage():
    """A file of the library that one stage alone reaches belongs to that stage, unless people, flows or annotate call it."""
    called = {
        "library.py",
        "answers/consensus.py",
        "answers/gold.py",
        "answers/revert.py",
        "network/pyfunc.py",
        "network/class_vectors.py",
        "network/pretrained.py",
        "metrics/confident_learning.py",
    }
    users: dict[Path, set[str]] = {}
    for stage in STAGES:
        for path in CODE.reached(stage):
            users.setdefault(path, set()).add(stage)
    for path in (ROOT / "segmend").rglob("*.py"):
        name = str(path.relative_to(ROOT / "segmend"))
        if path.name != "__init__.py" and name not in called:
            assert len(users.get(path, ())) > 1, f"segmend/{name} is used by {users.get(path, 'no stage')} alone"


def test_only_tracking_knows_mlflow_and_only_flows_know_prefect_and_dvc():
    for path in FILES:
        tops = {module.split(".")[0] for module in imports_of(path)}
        if package_of(path) == "flows":
            assert not tops & {"torch", "skimage"}, path
            assert "mlflow" not in tops or path.is_relative_to(ROOT / "flows/tracking"), path
        else:
            assert not tops & {"mlflow", "prefect", "dvc"}, path


def test_the_lists_of_dvc_yaml_are_what_the_stages_import():
    text = (ROOT / "dvc.yaml").read_text()
    assert rewritten(text, CODE) == (text, []), "write them with: make deps"
    for name, plan in YAML(typ="safe").load(text)["stages"].items():
        for dep in plan.get("do", plan)["deps"]:
            assert "${" in dep or dep.startswith("data/") or (ROOT / dep).exists(), f"{name}: {dep} is not there"


@pytest.fixture
def copied(tmp_path):
    """A copy of the code, in which a test may add and edit files."""
    for package in PACKAGES:
        copytree(
            ROOT / package,
            tmp_path / package,
            ignore=lambda _, names: {name for name in names if name == "__pycache__"},
        )
    copy(ROOT / "dvc.yaml", tmp_path)
    return tmp_path


def check(root: Path) -> int:
    command = [sys.executable, "-m", "tools.stage_deps", "--check", "--root", str(root)]
    return subprocess.run(command, cwd=ROOT, capture_output=True).returncode


def test_a_new_helper_of_the_training_loop_needs_no_edit_of_dvc_yaml(copied):
    engine = copied / "tasks/train/engine"
    (engine / "gradient_report.py").write_text('"""Norms of gradients."""\n')
    assert check(copied) == 1  # not imported: the folder is no longer exact
    loop = engine / "loop.py"
    loop.write_text(loop.read_text() + "\nfrom tasks.train.engine import gradient_report  # noqa: E402, F401\n")
    assert check(copied) == 0


def test_a_new_method_needs_no_edit_of_dvc_yaml(copied):
    (copied / "tasks/train/losses/new_loss.py").write_text('"""A loss."""\n')
    init = copied / "tasks/train/losses/__init__.py"
    init.write_text(init.read_text() + "\nfrom tasks.train.losses import new_loss  # noqa: E402, F401\n")
    assert check(copied) == 0


def test_a_new_import_of_a_shared_file_makes_the_list_stale(copied):
    loop = copied / "tasks/train/engine/loop.py"
    loop.write_text(loop.read_text() + "\nfrom segmend.images import regions  # noqa: E402, F401\n")
    assert check(copied) == 1
    subprocess.run([sys.executable, "-m", "tools.stage_deps", "--write", "--root", str(copied)], cwd=ROOT, check=True)
    assert "- segmend/images/regions.py" in (copied / "dvc.yaml").read_text() and check(copied) == 0


@pytest.mark.parametrize("stage", STAGES)
def test_constraints_are_a_dependency_of_train_and_evaluate_only(stage):
    plan = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"][stage]
    assert ("constraints.txt" in plan.get("do", plan)["deps"]) == (stage in ("train", "evaluate"))


@pytest.mark.parametrize("path", METHODS, ids=module_of)
def test_every_method_has_a_card_and_a_test(path):
    card = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert 5 <= len(card.splitlines()) <= 40, f"{path}: a method's file opens with its card, 6 to 20 lines"
    assert any(word in card for word in ("Paper:", "Idea:", "Formula:", "Source:")), f"{path}: the card names no source"
    assert mirror(path).is_file(), f"{path} has no test"


def mirror(path: Path) -> Path:
    """Where the test of a file is: tests/ mirrors tasks/ without its name, the other packages with theirs."""
    parts = path.relative_to(ROOT).parts
    return ROOT.joinpath("tests", *(parts[1:] if parts[0] == "tasks" else parts)).with_name(f"test_{path.stem}.py")


def test_tests_mirror_the_code():
    """A test named after a file lies where that file lies."""
    places: dict[str, set[Path]] = {}
    for path in FILES:
        if path.name != "__init__.py":
            places.setdefault(mirror(path).name, set()).add(mirror(path).parent)
    for test in (ROOT / "tests").rglob("test_*.py"):
        folders = places.get(test.name)
        of_the_stage = test.stem == f"test_{test.parent.name}"  # tests/ingest/test_ingest.py is of the stage as a whole
        if folders and "benchmarks" not in test.parts and not of_the_stage:
            assert test.parent in folders, f"{test} is not beside the tests of its neighbours; it belongs in {folders}"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_files_are_short(path):
    assert len(path.read_text().splitlines()) <= 300, f"{path}: split it by idea"


def test_the_tree_holds_no_drawer_for_odds_and_ends():
    drawers = {"utils", "common", "helpers", "misc", "core"}
    assert not [path for path in FILES if drawers & set(path.relative_to(ROOT).with_suffix("").parts)]
