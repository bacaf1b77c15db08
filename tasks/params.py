"""params.yaml read and checked: one frozen settings class per stage, one per method, no unknown keys.

A method is chosen by name; its departures from the defaults stand in a block of its own name:

    loss: {name: gce, gce: {q: 0.7}}

Blocks of methods that are not chosen may stay and are checked too, so that `dvc exp run -S train.loss.name=gce` works.

    python -m tasks.params            check the whole file
    python -m tasks.params --schema   the JSON schema of every section
    python -m tasks.params --table    the table of methods, in Markdown
"""

from functools import reduce
from importlib import import_module
from operator import or_
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML

STAGES = ("ingest", "superpixelize", "pseudo_label", "pretrain", "train", "query", "correct", "evaluate", "report")


class Settings(BaseModel):
    """Frozen, checked settings; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Method(Settings):
    """Base of every method: its fields are the hyper-parameters, `name` a Literal, its call the algorithm."""

    name: str


def one_of(*methods: type[Method]) -> Any:
    """The field type "one of these methods, chosen by `name`" (a discriminated union in our block form)."""
    table = {get_args(method.model_fields["name"].annotation)[0]: method for method in methods}

    def choose(block: Any) -> Any:
        if isinstance(block, Method):
            return block
        known = ", ".join(sorted(table))
        if not isinstance(block, dict) or "name" not in block:
            raise ValueError(f"a method is chosen as {{name: ...}}, with one of: {known}")
        if block["name"] not in table:
            raise ValueError(f"unknown method '{block['name']}'; known: {known}")
        strangers = sorted(set(block) - set(table) - {"name"})
        if strangers:
            raise ValueError(f"unknown key '{strangers[0]}'; beside name, only blocks named after methods: {known}")
        made = {
            name: validated(table[name], {"name": name, **(block[name] or {})}, name) for name in table if name in block
        }
        return made.get(block["name"]) or table[block["name"]](name=block["name"])

    union = reduce(or_, methods)
    return Annotated[union, BeforeValidator(choose), Field(json_schema_extra={"methods": sorted(table)})]


def methods_of(choice: Any) -> tuple[type[Method], ...]:
    """The classes behind a field type made by `one_of`."""
    inner = get_args(choice)[0]
    return get_args(inner) or (inner,)


class Round(Settings):
    """One round of questions."""

    prev: str = Field(description="the round whose network and labels this one starts from")
    budget: Annotated[int, Field(ge=0, strict=True)] | Annotated[str, Field(pattern=r"^\d+(\.\d+)?%$")] = Field(
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
        found = {name: one.prev for name, one in self.rounds.items()}
        models = {name: one.prev for name, one in self.models.items()}
        last = f"r{len(expected)}"
        if found != expected or models != {"r0": "start", **expected} or self.last != last:
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


def load(path: Path | str = "params.yaml") -> dict[str, Any]:
    """The raw content of params.yaml, read as DVC reads it (YAML 1.2: 1e-3 is a number)."""
    if not Path(path).is_file():
        raise ValueError(f"{path} is not here: run from the top folder of a workspace (where dvc.yaml is)")
    return YAML(typ="safe").load(Path(path)) or {}


def validated(kind: Any, block: Any, where: str) -> Any:
    """`block` as an instance of `kind`, or a ValueError with one sentence per mistake."""
    try:
        return TypeAdapter(kind).validate_python(block)
    except ValidationError as trouble:
        raise ValueError("; ".join(sentence(error, where) for error in trouble.errors())) from None


def sentence(error: Any, where: str) -> str:
    """One of pydantic's errors in our words: place, what is wrong, what was given."""
    place = ".".join([where, *(str(part) for part in error["loc"] if "function-" not in str(part))])
    if error["type"] == "extra_forbidden":
        return f"{place} is not a known setting (segmend methods lists the methods, docs/params.md the settings)"
    text = error["msg"].removeprefix("Value error, ")
    given = "" if isinstance(error["input"], dict) else f" (it is {error['input']!r})"
    return f"{place}: {text[:1].lower()}{text[1:]}{given}"


def check(kind: Any, block: Any, where: str, path: Path | str = "params.yaml") -> Any:
    """`validated`, with the name of the file in front of the sentence."""
    try:
        return validated(kind, block, where)
    except ValueError as trouble:
        raise ValueError(f"{path}: {trouble}") from None


def read(section: str, kind: type[Settings], path: Path | str = "params.yaml") -> Any:
    """The section of params.yaml as checked settings."""
    content = load(path)
    if section not in content:
        raise ValueError(f"params.yaml has no section '{section}'; it has: {', '.join(content)}")
    return check(kind, content[section], section, path)


def seed(path: Path | str = "params.yaml") -> int:
    """The seed of the whole run."""
    return check(Annotated[int, Field(ge=0)], load(path).get("seed"), "seed")


def sections() -> dict[str, type[Settings]]:
    """The settings class of every stage, looked up by the stage's name (no stage is imported by a shared file)."""
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


def main() -> int:
    from argparse import ArgumentParser, RawDescriptionHelpFormatter
    from json import dumps
    from sys import stderr

    parser = ArgumentParser("tasks.params", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--schema", action="store_true", help="print the JSON schema of every section")
    group.add_argument("--table", action="store_true", help="print the table of methods in Markdown")
    chosen = parser.parse_args()
    if chosen.schema:
        print(dumps({name: kind.model_json_schema() for name, kind in sections().items()}, indent=2))
    elif chosen.table:
        # Run as __main__, this file is not the module that the methods derive from.
        from tasks.params import method_table as table

        print(table())
    else:
        try:
            check_file()
        except ValueError as trouble:
            print(trouble, file=stderr)
            return 2
        print("params.yaml is in order")
    return 0


def method_table() -> str:
    """All methods of all stages as a Markdown table: where, name, idea (the first line of the method's file)."""
    from sys import modules

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


if __name__ == "__main__":
    raise SystemExit(main())
