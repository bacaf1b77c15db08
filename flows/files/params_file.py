"""Edit params.yaml as a person would: only the lines that change are written anew, and the change is shown."""

import difflib
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from flows.environment import UserError
from flows.files import workspace_files
from flows.files.params_check import check_params
from flows.files.yaml_file import as_mapping, read_mapping

WHOLE = ("rounds", "models")  # chains: merging two of them makes neither


class ParamsFile:
    """params.yaml open for changes; nothing is written before `save`."""

    def __init__(self, root: Path):
        self.root, self.path = root, root / "params.yaml"
        read_mapping(self.path)  # one sentence if it is no YAML
        self.before = self.path.read_text(encoding="utf-8")
        self._yaml = YAML()
        self._yaml.width = 4096  # never break a line that was not broken
        self._yaml.preserve_quotes = True
        self._yaml.indent(**indents(self.before))
        self.content: Any = self._yaml.load(self.before) or CommentedMap()

    def get(self, dotted: str, default: Any = None) -> Any:
        value = self.content
        for key in dotted.split("."):
            if not isinstance(value, dict) or key not in value:
                return default
            value = value[key]
        return value

    def set(self, dotted: str, value: Any) -> None:
        """Set one value; sections on the way are made as needed."""
        *sections, last = dotted.split(".")
        section = self.content
        for key in sections:
            if not isinstance(section.get(key), dict):
                section[key] = CommentedMap()
            section = section[key]
        if last not in section or section[last] != value:
            section[last] = value

    def only(self, section: str, keys: tuple[str, ...]) -> None:
        """Remove every key of a section but these."""
        content = self.get(section)
        for key in [key for key in content or () if key not in keys]:
            del content[key]

    def merge(self, changes: dict[str, Any], where: str = "") -> None:
        """Take over every value that `changes` names; the chain of rounds is taken over as a whole."""
        for key, value in changes.items():
            path = f"{where}{key}"
            if isinstance(value, dict) and isinstance(self.get(path), dict) and path not in WHOLE:
                self.merge(value, f"{path}.")
            else:
                self.set(path, value)

    def text(self) -> str:
        """The file with its changes. ruamel.yaml writes all of it in its own layout: its changes are taken over line by line,
        into the layout that stands here."""
        old = self._yaml.load(self.before) or CommentedMap()
        if self.content == old:
            return self.before  # nothing changed: not a blank moves
        written = self._dumped(self.content)
        merged = moved(self.before, self._dumped(old), written)
        try:
            same = as_mapping(merged, "params.yaml") == as_mapping(written, "params.yaml")
        except UserError:
            same = False
        return merged if same else written

    def _dumped(self, content: Any) -> str:
        stream = io.StringIO()
        self._yaml.dump(content, stream)
        return stream.getvalue()

    def difference(self) -> str:
        """The change as a unified diff; empty when there is none."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.text().splitlines(), "params.yaml", "params.yaml", n=0, lineterm=""
        )
        return "\n".join(line for line in lines if not line.startswith(("@@", "---", "+++")))

    def save(self, any_rounds: bool = False) -> str:
        """Check what is to be written, write it, and return the difference. A UserError leaves the file as it was."""
        difference = self.difference()
        if difference:
            text = self.text()
            check_params(self.root, text, any_rounds)
            temporary = self.path.with_suffix(".yaml.new")
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(self.path)
        return difference


def indents(text: str) -> dict[str, int]:
    """How this file indents mappings and lists, for ruamel.yaml; 2, 2, 0 where there are none."""
    mapping = re.search(r"^[\w-]+:[^\n{\[]*\n(?:\s*#.*\n)*( +)[\w-]+:", text, flags=re.MULTILINE)
    listed = re.search(r"^( *)[\w-]+:[^\S\n]*(?:#.*)?\n( *)- ", text, flags=re.MULTILINE)
    offset = len(listed[2]) - len(listed[1]) if listed else 0
    return {"mapping": len(mapping[1]) if mapping else 2, "sequence": offset + 2, "offset": offset}


def moved(before: str, laid_out: str, changed: str) -> str:
    """The changes from `laid_out` to `changed`, made in `before`, which is `laid_out` in another layout."""
    old, base, new = before.splitlines(True), laid_out.splitlines(True), changed.splitlines(True)
    line: list[int] = []  # of `before`, for each line of `laid_out`
    for _, i1, i2, j1, j2 in difflib.SequenceMatcher(None, base, old, autojunk=False).get_opcodes():
        line += [min(j1 + k, j2) for k in range(i2 - i1)]
    line.append(len(old))
    text, done = [], 0
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, base, new, autojunk=False).get_opcodes():
        if tag != "equal":
            text += old[done : line[i1]] + new[j1:j2]
            done = max(done, line[i2])
    return "".join(text + old[done:])


def merge_experiment(root: Path, name: str) -> str:
    """Merge experiments/NAME.yaml into params.yaml; returns the difference. Refuses to bury edits that git does not have."""
    source = root / "experiments" / f"{name.removesuffix('.yaml')}.yaml"
    if not source.exists():
        known = ", ".join(sorted(path.stem for path in source.parent.glob("*.yaml"))) or "none yet"
        raise UserError(f"There is no experiments/{source.name}; known experiments: {known}.")
    file = ParamsFile(root)
    file.merge(read_mapping(source))
    if file.difference() and workspace_files.git(root, "status", "--porcelain", "--", "params.yaml"):
        raise UserError(
            f"params.yaml has edits that git does not know and `-e {name}` would mix with them; "
            "commit them, or drop them with: git checkout params.yaml"
        )
    return file.save()


def set_rounds(root: Path, number: int, budget: str | None = None) -> tuple[str, list[str]]:
    """Make the chain r0..rN; returns the difference and remarks.

    A new round has the settings of the round before it. `budget` is that of every round that is not asked yet.
    """
    file = ParamsFile(root)
    old, old_models = mapping_of(file.get("rounds")), mapping_of(file.get("models"))
    rounds, models = CommentedMap(), CommentedMap()
    models["r0"] = _one_line({**mapping_of(old_models.get("r0")), "prev": "start"})
    settings: dict[str, Any] = {"budget": "5%"}
    for index in range(1, number + 1):
        name, prev = f"r{index}", f"r{index - 1}"
        settings = {key: value for key, value in (mapping_of(old.get(name)) or settings).items() if key != "prev"}
        if budget is not None and not (root / "data" / "queries" / name).exists():
            settings["budget"] = int(budget) if budget.isdigit() else budget
        rounds[name] = _one_line({"prev": prev, **settings})
        models[name] = _one_line({"prev": prev})
    if file.get("rounds") != rounds or file.get("models") != models or file.get("last") != f"r{number}":
        for key, value in (("rounds", rounds), ("models", models), ("last", f"r{number}")):
            _replace(file.content, key, value)
    difference = file.save()
    return difference, keep_answers(root, list(rounds))


def mapping_of(value: Any) -> dict[str, Any]:
    """A mapping as plain values; {} for anything else, which `segmend rounds` writes anew."""
    return dict(value) if isinstance(value, dict) else {}


def _replace(content: CommentedMap, key: str, value: Any) -> None:
    """Change a mapping in place where there is one, so that the comment after its last entry stays."""
    if not isinstance(value, CommentedMap) or not isinstance(content.get(key), CommentedMap) or not value:
        content[key] = value
        return
    section = content[key]
    for name in [name for name in section if name not in value]:
        del section[name]
    for name, entry in value.items():
        if section.get(name) != entry:
            section[name] = entry


def _one_line(content: dict[str, Any]) -> CommentedMap:
    mapping = CommentedMap(content)
    mapping.fa.set_flow_style()
    return mapping


def make_answers_files(root: Path, rounds: Iterable[str]) -> None:
    """The files of answers that are missing; a blank line in each, since DVC warns of empty files."""
    folder = root / "data" / "answers"
    for name in rounds:
        if not (folder / f"{name}.jsonl").exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.jsonl").write_text("\n")


def keep_answers(root: Path, rounds: list[str]) -> list[str]:
    """One file of answers per round, so that DVC can depend on it.

    Answers are never deleted.
    """
    folder = root / "data" / "answers"
    folder.mkdir(parents=True, exist_ok=True)
    make_answers_files(root, rounds)
    remarks = []
    for path in sorted(folder.glob("r*.jsonl")):
        if path.stem not in rounds:
            if path.read_text().strip():
                remarks.append(f"{path.relative_to(root)} has answers and is kept, though round {path.stem} is gone.")
            else:
                path.unlink()
    return remarks
