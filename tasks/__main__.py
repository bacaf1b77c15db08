"""Check params.yaml, and say what it may hold.

python -m tasks            check the whole file
python -m tasks --schema   the JSON schema of every section
python -m tasks --table    the table of methods, in Markdown
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module
from json import dumps
from pathlib import Path
from sys import modules, stderr
from typing import Any, get_args

from pydantic import Field

from segmend.answers.answers import RoundBudget
from segmend.stage.params import Method, Settings, check, load, read, seed

STAGES = (
    "ingest",
    "superpixelize",
    "pseudo_label",
    "pretrain",
    "train",
    "query",
    "correct",
    "evaluate",
    "export",
    "report",
)


class Round(Settings):
    """One round of questions."""

    prev: str = Field(description="the round whose network and labels this one starts from")
    budget: RoundBudget = Field(
        description="a count (of query.unit), or a share of all regions of the train split, as '5%'; 0: nothing is asked"
    )


class Model(Settings):
    """One training: which round's scores it continues."""

    prev: str


class Rounds(Settings):
    """The sections that unroll the rounds; `segmend rounds N` writes them."""

    rounds: dict[str, Round]
    models: dict[str, Model]
    last: str

    def check_chain(self) -> None:
        """Raise ValueError unless r1, r2, ... follow one another and `last` is the newest."""
        expected = {f"r{k}": f"r{k - 1}" for k in range(1, len(self.rounds) + 1)}
        rounds = {name: entry.prev for name, entry in self.rounds.items()}
        models = {name: entry.prev for name, entry in self.models.items()}
        last = f"r{len(expected)}"
        if rounds != expected or models != {"r0": "start", **expected} or self.last != last:
            raise ValueError(
                f"params.yaml: rounds, models and last do not form the chain r0 -> ... -> {last}; "
                f"mend it with: segmend rounds {len(expected)}"
            )


def check_start(content: dict[str, Any], path: Path | str) -> None:
    """ValueError unless the weights that training begins with are none, or are made by a pretraining."""
    start, named = (content.get("train") or {}).get("start", "none"), content.get("pretraining") or {}
    if start != "none" and start not in named:
        raise ValueError(
            f"{path}: train.start is '{start}', but the section pretraining has no such name; write there {start}: {{}}, or set "
            "train.start to none"
        )


def sections() -> dict[str, type[Settings]]:
    """The settings class of every stage, looked up by the stage's name."""
    return {stage: import_module(f"tasks.{stage}.settings").Params for stage in STAGES}


def check_file(path: Path | str = "params.yaml") -> dict[str, Settings]:
    """Check every section; raise one ValueError that lists all mistakes."""
    content, mistakes, made = load(path), [], {}
    known = {"seed", "rounds", "models", "last", "pretraining", *STAGES}
    mistakes += [f"params.yaml: unknown section '{name}'" for name in content if name not in known]
    for name, kind in sections().items():
        try:
            made[name] = read(name, kind, path)
        except ValueError as trouble:
            mistakes.append(str(trouble))
    try:
        seed(path)
        check_start(content, path)
        check(Rounds, {key: content.get(key) for key in ("rounds", "models", "last")}, "params").check_chain()
    except ValueError as trouble:
        mistakes.append(str(trouble))
    if mistakes:
        raise ValueError("\n".join(mistakes))
    return made


def method_table() -> str:
    """All methods of all stages as a Markdown table: where, name, idea (the first line of the method's file)."""
    rows = ["| stage | setting | name | idea |", "|---|---|---|---|"]
    for stage, kind in sections().items():
        for setting, methods in choices(kind):
            for method in methods:
                name = get_args(method.model_fields["name"].annotation)[0]
                idea = (modules[method.__module__].__doc__ or "").strip().splitlines()[0].rstrip(".")
                rows.append(f"| {stage} | `{stage}.{setting}` | `{name}` | {idea} |")
    return "\n".join(rows)


def choices(kind: type[Settings], prefix: str = "") -> list[tuple[str, list[type[Method]]]]:
    """The settings that choose a method (also those inside other settings, with dotted names), with the methods."""
    found = []
    for name, field in kind.model_fields.items():
        classes = classes_in(field.annotation)
        methods = [one for one in classes if issubclass(one, Method)]
        if methods:
            found.append((prefix + name, methods))
        for inner in classes:
            if not issubclass(inner, Method):
                found += choices(inner, f"{prefix}{name}.")
    return found


def classes_in(annotation: Any) -> list[type[Settings]]:
    """The settings classes that an annotation speaks of, through unions, lists and Annotated."""
    if isinstance(annotation, type) and not get_args(annotation):
        return [annotation] if issubclass(annotation, Settings) else []
    return [one for part in get_args(annotation) for one in classes_in(part)]


def main() -> int:
    parser = ArgumentParser("python -m tasks", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--schema", action="store_true", help="print the JSON schema of every section")
    group.add_argument("--table", action="store_true", help="print the table of methods in Markdown")
    chosen = parser.parse_args()
    if chosen.schema:
        print(dumps({name: kind.model_json_schema() for name, kind in sections().items()}, indent=2))
        return 0
    if chosen.table:
        print(method_table())
        return 0
    try:
        check_file()
    except ValueError as trouble:
        print(trouble, file=stderr)
        return 2
    print("params.yaml is in order")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
