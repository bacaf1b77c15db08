"""params.yaml read and checked: one frozen settings class per stage, one per method, no unknown keys.

A method is chosen by name; its departures from the defaults stand in a block of its own name:

    loss: {name: gce, gce: {q: 0.7}}

Blocks of methods that are not chosen may stay and are checked too, so that `dvc exp run -S train.loss.name=gce` works.
"""

from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML


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
