"""Edit params.yaml as a person would: comments, order and everything else stay, and the change is shown."""

import difflib
import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from flows.environment import UserError
from flows.files import workspace_files

WHOLE = ("rounds", "models")  # chains: merging two of them makes neither


class ParamsFile:
    """params.yaml open for changes; nothing is written before `save`."""

    def __init__(self, root: Path):
        self.root, self.path = root, root / "params.yaml"
        self._yaml = YAML()
        self._yaml.width = 4096  # never break a line that was not broken
        self._yaml.preserve_quotes = True
        self.before = self.path.read_text()
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
        if self.content == self._yaml.load(self.before):
            return self.before  # nothing changed: not a blank moves
        stream = io.StringIO()
        self._yaml.dump(self.content, stream)
        return stream.getvalue()

    def difference(self) -> str:
        """The change as a unified diff; empty when there is none."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.text().splitlines(), "params.yaml", "params.yaml", n=0, lineterm=""
        )
        return "\n".join(line for line in lines if not line.startswith(("@@", "---", "+++")))

    def save(self) -> str:
        """Write, and return the difference."""
        difference = self.difference()
        if difference:
            self.path.write_text(self.text())
        return difference


def merge_experiment(root: Path, name: str) -> str:
    """Merge experiments/NAME.yaml into params.yaml; returns the difference. Refuses to bury edits that git does not have."""
    source = root / "experiments" / f"{name.removesuffix('.yaml')}.yaml"
    if not source.exists():
        known = ", ".join(sorted(path.stem for path in source.parent.glob("*.yaml"))) or "none yet"
        raise UserError(f"There is no experiments/{source.name}; known experiments: {known}.")
    file = ParamsFile(root)
    file.merge(YAML(typ="safe").load(source.read_text()) or {})
    check_chain(file)
    if file.difference() and workspace_files.git(root, "status", "--porcelain", "--", "params.yaml"):
        raise UserError(
            f"params.yaml has edits that git does not know and `-e {name}` would mix with them; "
            "commit them, or drop them with: git checkout params.yaml"
        )
    return file.save()


def check_chain(file: ParamsFile) -> None:
    """Each round starts from one that stands before it, and `last` is the end; raises UserError naming the broken link."""
    rounds, models = file.get("rounds") or {}, file.get("models") or {}
    if not models:
        return
    first, *others = models
    if list(rounds) != others:
        raise UserError(
            f"params.yaml: rounds ({', '.join(rounds) or 'none'}) must be models without its first "
            f"({', '.join(others) or 'none'}); mend with: segmend rounds {len(rounds)}"
        )
    seen = [first]
    for name in others:
        for section, content in (("rounds", rounds), ("models", models)):
            if content[name].get("prev") not in seen:
                raise UserError(
                    f"params.yaml: {section}.{name}.prev is '{content[name].get('prev')}', which is no earlier round; "
                    f"it is usually '{seen[-1]}'."
                )
        seen.append(name)
    if file.get("last") != seen[-1]:
        raise UserError(f"params.yaml: last is '{file.get('last')}' but the last round is '{seen[-1]}'.")


def set_rounds(root: Path, number: int) -> tuple[str, list[str]]:
    """Make the chain r0..rN. New rounds take the settings of the round before them. Returns the difference and remarks."""
    file = ParamsFile(root)
    old = file.get("rounds") or {}
    rounds, models = CommentedMap(), CommentedMap()
    models["r0"] = _one_line(dict((file.get("models") or {}).get("r0") or {"prev": "start"}))
    settings: dict[str, Any] = {"budget": "5%"}
    for index in range(1, number + 1):
        name, prev = f"r{index}", f"r{index - 1}"
        settings = {key: value for key, value in (old.get(name) or settings).items() if key != "prev"}
        rounds[name] = _one_line({"prev": prev, **settings})
        models[name] = _one_line({"prev": prev})
    if file.get("rounds") != rounds or file.get("models") != models or file.get("last") != f"r{number}":
        for key, value in (("rounds", rounds), ("models", models), ("last", f"r{number}")):
            _replace(file.content, key, value)
    difference = file.save()
    return difference, keep_answers(root, list(rounds))


def _replace(content: CommentedMap, key: str, value: Any) -> None:
    """Change a mapping in place where there is one, so that the comment after its last entry stays."""
    if not isinstance(value, CommentedMap) or not isinstance(content.get(key), CommentedMap) or not value:
        content[key] = value
        return
    place = content[key]
    for name in [name for name in place if name not in value]:
        del place[name]
    for name, entry in value.items():
        if place.get(name) != entry:
            place[name] = entry


def _one_line(content: dict[str, Any]) -> CommentedMap:
    mapping = CommentedMap(content)
    mapping.fa.set_flow_style()
    return mapping


def keep_answers(root: Path, rounds: list[str]) -> list[str]:
    """One file of answers per round, so that DVC can depend on it; a blank line at first, since DVC warns of empty files.

    Answers are never deleted.
    """
    folder = root / "data" / "answers"
    folder.mkdir(parents=True, exist_ok=True)
    for name in rounds:
        if not (folder / f"{name}.jsonl").exists():
            (folder / f"{name}.jsonl").write_text("\n")
    remarks = []
    for path in sorted(folder.glob("r*.jsonl")):
        if path.stem not in rounds:
            if path.read_text().strip():
                remarks.append(f"{path.relative_to(root)} has answers and is kept, though round {path.stem} is gone.")
            else:
                path.unlink()
    return remarks
