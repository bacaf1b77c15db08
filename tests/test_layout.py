"""The house keeps its shape: imports point down, deps are what is imported, every method has a card and a test."""

import ast
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
STAGES = sorted(p.parent.name for p in (ROOT / "tasks").glob("*/__main__.py"))
KINDS = sorted(
    p.parent for p in (ROOT / "tasks").rglob("__init__.py") if "one_of(" in p.read_text()
)  # a folder whose table is a union of methods
METHODS = sorted(p for kind in KINDS for p in kind.glob("*.py") if p.name != "__init__.py")
FILES = sorted(p for top in ("flows", "tasks") for p in (ROOT / top).rglob("*.py"))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Every module a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the whole name"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def files_of(modules: frozenset[str]) -> set[Path]:
    """The files of this project behind module names."""
    stems = (ROOT / Path(*module.split(".")) for module in modules if module.split(".")[0] in ("flows", "tasks"))
    return {p for stem in stems for p in (stem.with_suffix(".py"), stem / "__init__.py") if p.is_file()}


def stage_of(path: Path) -> str | None:
    part = path.relative_to(ROOT / "tasks").parts[0] if path.is_relative_to(ROOT / "tasks") else ""
    return part if part in STAGES else None


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_point_down(path):
    for target in files_of(imports_of(path)):
        names = f"{module_of(path)} imports {module_of(target)}"
        if path.is_relative_to(ROOT / "flows"):
            assert target.is_relative_to(ROOT / "flows"), f"{names}: flows never import tasks"
        elif stage_of(path) is None:
            assert stage_of(target) is None, f"{names}: shared files never import a stage"
        elif path.parent in KINDS:
            inside = path.name == "__init__.py" and target.parent == path.parent
            beside = target.parent == path.parent.parent and target.stem not in ("__main__", "settings")
            assert inside or beside or stage_of(target) is None, f"{names}: a method imports shared files only"
        else:
            assert stage_of(target) in (None, stage_of(path)), f"{names}: stages never import stages"


def test_only_tracking_knows_mlflow_and_only_flows_know_prefect_and_dvc():
    for path in FILES:
        tops = {module.split(".")[0] for module in imports_of(path)}
        if path.is_relative_to(ROOT / "tasks"):
            assert not tops & {"mlflow", "prefect", "dvc"}, path
        else:
            assert not tops & {"torch", "skimage"}, path
            assert "mlflow" not in tops or "tracking" in path.name, path


def chosen(path: Path, kind: Path) -> str:
    """A method's file in dvc.yaml's deps: the chosen one, through its setting's name."""
    return f"{kind.relative_to(ROOT)}/${{method}}.py"


def closure(stage: str) -> set[str]:
    """What a stage's deps must name: its own files, shared files it reaches, and each kind it chooses from.

    A kind's __init__.py holds only imports and the union: it is passed through for what its methods share, not named.
    """
    folder = ROOT / "tasks" / stage
    todo, seen = [folder / "__main__.py"], set()
    named = {str(path.relative_to(ROOT)) for path in folder.glob("*.j2")}  # templates are code too
    while todo:
        path = todo.pop()
        if path in seen or path == ROOT / "tasks/__init__.py":
            continue
        seen.add(path)
        if path.parent in KINDS:
            named.add(f"{path.parent.relative_to(ROOT)}/*")
        elif path != folder / "__init__.py":
            named.add(str(path.relative_to(ROOT)))
        todo += files_of(imports_of(path))
    return named


def declared(stage: str) -> set[str]:
    """The code among a stage's deps; a kind's chosen file, or its whole folder, stands for the kind."""
    plan = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"][stage]
    code = [dep for dep in plan.get("do", plan)["deps"] if dep.startswith("tasks/")]
    assert all((ROOT / dep).exists() for dep in code if "${" not in dep), f"{stage} depends on code that is not there"
    return {f"{Path(dep).parent}/*" if "${" in dep else f"{dep}/*" if (ROOT / dep).is_dir() else dep for dep in code}


@pytest.mark.parametrize("stage", STAGES)
def test_deps_equal_what_the_stage_imports(stage):
    assert declared(stage) == closure(stage)


@pytest.mark.parametrize("stage", STAGES)
def test_constraints_are_a_dependency_of_train_and_evaluate_only(stage):
    plan = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"][stage]
    assert ("constraints.txt" in plan.get("do", plan)["deps"]) == (stage in ("train", "evaluate"))


@pytest.mark.parametrize("path", METHODS, ids=module_of)
def test_every_method_has_a_card_and_a_test(path):
    card = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert 5 <= len(card.splitlines()) <= 40, f"{path}: a method's file opens with its card, 6 to 20 lines"
    assert any(word in card for word in ("Paper:", "Idea:", "Formula:", "Source:")), f"{path}: the card names no source"
    kind = path.parent.relative_to(ROOT / "tasks")
    assert (ROOT / "tests" / kind / f"test_{path.stem}.py").is_file(), f"{path} has no test"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_files_are_short(path):
    assert len(path.read_text().splitlines()) <= 300, f"{path}: split it by idea"


def test_the_tree_holds_no_drawer_for_odds_and_ends():
    drawers = {"utils", "common", "helpers", "misc", "core"}
    assert not [path for path in FILES if drawers & set(path.relative_to(ROOT).with_suffix("").parts)]
