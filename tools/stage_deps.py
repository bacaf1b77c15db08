"""The code dependencies of each stage in dvc.yaml, computed from the imports of its files.

python -m tools.stage_deps --write   write the lists into dvc.yaml (`make deps`)
python -m tools.stage_deps --check   say which lists are stale; exit code 1 if any is (part of `make lint`)

A stage depends on every file of this project that its `__main__.py` reaches through imports, also imports inside functions, and
on the templates in its folder. The list is exact and as short as possible: a folder stands for its files where all of them are
reached. A kind's `__init__.py` holds only imports and the union and is passed through, not listed (else adding a method would
make old results stale): where a setting chooses one method of the kind, the list names that method's file through the setting,
as `tasks/train/losses/${train.loss.name}.py`; where a stage may use several of them, the whole folder.
"""

import ast
import re
from argparse import ArgumentParser
from pathlib import Path

from segmend.stage.cache import PACKAGES, ROOT, reached

# Where a stage may use any method of a kind, whatever the setting says: pseudo_label.network names given weights of any
# architecture, export.format `same` becomes the format that the data came in; correct.aggregator may be left out of params.yaml.
ANY_METHOD = {
    ("pseudo_label", "segmend/network/architectures"),
    ("export", "tasks/export/formats"),
    ("correct", "segmend/aggregators"),
}
ITEM = re.compile(r"^\s+- ")


class Code:
    """The Python files of a checkout and what they import."""

    def __init__(self, root: Path = ROOT):
        self.root = root
        self.stages = sorted(path.parent.name for path in (root / "tasks").glob("*/__main__.py"))
        inits = [path for top in ("tasks", "segmend") for path in (root / top).rglob("__init__.py")]
        # A folder whose __init__.py is a union of methods.
        self.kinds = sorted(path.parent for path in inits if "one_of(" in path.read_text())

    def reached(self, stage: str) -> set[Path]:
        """Every file that the stage's `__main__.py` imports, directly or through others, itself included."""
        return reached([self.root / "tasks" / stage / "__main__.py"], self.root)

    def chosen(self) -> dict[Path, dict[str, str]]:
        """By kind and stage the setting by which its method is chosen (`train.loss`), where a stage uses exactly one."""
        settings: dict[Path, dict[str, str]] = {}
        for stage in self.stages:
            path = self.root / "tasks" / stage / "settings.py"
            tree = ast.parse(path.read_text())
            kinds = {
                alias.asname or alias.name: self.root / Path(*node.module.split("."))
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and node.module
                for alias in node.names
            }
            params = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Params")
            for field in params.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.annotation, ast.Name):
                    folder = kinds.get(field.annotation.id)
                    if folder in self.kinds:
                        settings.setdefault(folder, {})[stage] = f"{stage}.{field.target.id}"  # type: ignore[arg-type, union-attr]
        return settings

    def closure(self, stage: str) -> list[str]:
        """The stage's code dependencies: sorted paths of files and folders, methods by their setting."""
        reached, settings = self.reached(stage), self.chosen()
        listed = set((self.root / "tasks" / stage).glob("*.j2"))
        for path in reached:
            if path.parent not in self.kinds:
                listed.add(path)
            elif path.name.startswith("_") and path.name != "__init__.py":
                listed.add(path)  # a private helper of the kind
        methods = []
        for kind in {path.parent for path in reached} & set(self.kinds):
            name = str(kind.relative_to(self.root))
            by_stage = settings.get(kind, {})
            if by_stage and (stage, name) not in ANY_METHOD:
                setting = by_stage.get(stage) or next(iter(by_stage.values()))  # train's network in evaluate and query
                methods.append(f"{name}/${{{setting}.name}}.py")
            else:
                listed |= set(kind.glob("*.py"))
        return sorted([*methods, *(str(path.relative_to(self.root)) for path in self.folded(listed))])

    def folded(self, listed: set[Path]) -> set[Path]:
        """`listed`, with a folder in place of its files where all its code is in the list.

        An `__init__.py` outside the kinds holds no code that a result depends on and is never listed by itself.
        """
        folders = sorted({folder for path in listed for folder in path.parents}, key=lambda folder: len(folder.parts))
        for folder in folders:
            if folder == self.root or self.root not in folder.parents:
                continue
            code = {path for path in folder.rglob("*") if path.suffix in (".py", ".j2") and not is_plain_init(path)}
            if len(code) > 1 and code <= listed:
                listed = {path for path in listed if folder not in path.parents} | {folder}
        return {path for path in listed if not is_plain_init(path)}


def is_plain_init(path: Path) -> bool:
    return path.name == "__init__.py" and "one_of(" not in path.read_text()


def is_code(dep: str) -> bool:
    return dep.split("/")[0] in PACKAGES


def rewritten(text: str, code: Code) -> tuple[str, list[str]]:
    """dvc.yaml with every stage's code dependencies made anew, and the stages whose list changed."""
    lines, out, stale = text.splitlines(), [], []
    stage, at = "", 0
    while at < len(lines):
        line = lines[at]
        out.append(line)
        at += 1
        if named := re.match(r"^  (\w+):$", line):
            stage = named.group(1)
        elif re.match(r"^\s+deps:$", line) and stage in code.stages:
            old = []
            while at < len(lines) and ITEM.match(lines[at]):
                old.append(lines[at])
                at += 1
            indent = " " * (len(old[0]) - len(old[0].lstrip()))
            others = [item for item in old if not is_code(item.strip().removeprefix("- "))]
            new = [*others, *(f"{indent}- {dep}" for dep in code.closure(stage))]
            if new != old:
                stale.append(stage)
            out += new
    return "\n".join(out) + "\n", stale


def main() -> int:
    parser = ArgumentParser("python -m tools.stage_deps", description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--root", type=Path, default=ROOT, help="another checkout")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="write the lists into dvc.yaml")
    what.add_argument("--check", action="store_true", help="exit with 1 if a list is stale")
    chosen = parser.parse_args()
    path = chosen.root.resolve() / "dvc.yaml"
    text, stale = rewritten(path.read_text(), Code(chosen.root.resolve()))
    if chosen.write:
        path.write_text(text)
    elif stale:
        print(f"dvc.yaml: the code dependencies of {', '.join(stale)} are stale; write them with: make deps")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
