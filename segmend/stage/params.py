"""params.yaml read and checked: one frozen settings class per stage, one per method, no unknown keys.

A method is chosen by name; its departures from the defaults stand in a block of its own name:

    loss: {name: gce, gce: {q: 0.7}}

Blocks of methods that are not chosen may stay and are checked too, so that `dvc exp run -S train.loss.name=gce` works.
A mistake is one sentence: file and line, setting, what is allowed, what was given (segmend/stage/mistakes.py).
"""

from functools import cache, reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from segmend.stage.mistakes import line_of, nearest, place_of_yaml_error, sentence, sentences, short

__all__ = [
    "Method",
    "Settings",
    "check",
    "load",
    "methods_of",
    "one_of",
    "read",
    "seed",
    "sentence",
    "validated",
]


class Settings(BaseModel):
    """Frozen, checked settings; an unknown key is an error, and so are true and false where a number belongs."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _names_and_booleans(cls, block: Any) -> Any:
        if not isinstance(block, dict):
            return block
        known = names_of(cls)
        for name in block:
            if name not in known:
                raise PydanticCustomError("unknown_setting", "unknown", {"name": str(name), "known": sorted(known)})
        for name in numeric(cls):
            value = block.get(name)
            if type(value) is bool or (isinstance(value, list | tuple) and bool in map(type, value)):
                raise PydanticCustomError("boolean", "boolean", {"name": name})
        return block


@cache
def names_of(kind: type[Settings]) -> frozenset[str]:
    """The names of its fields; looking them up in pydantic for each answer of a long file takes a twentieth of the time."""
    return frozenset(kind.model_fields)


@cache
def numeric(kind: type[Settings]) -> tuple[str, ...]:
    """The fields that hold numbers, alone or in lists, and neither true nor false."""

    def types(annotation: Any) -> set[Any]:
        if get_origin(annotation) is None:
            return {annotation} if isinstance(annotation, type) else set()
        return {inner for part in get_args(annotation) for inner in types(part)}

    of = {name: types(field.annotation) for name, field in kind.model_fields.items()}
    return tuple(name for name, inner in of.items() if inner & {int, float} and not inner & {bool, str})


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
        if not isinstance(block["name"], str) or block["name"] not in table:
            raise ValueError(f"unknown method '{block['name']}'{nearest(block['name'], table)}; known: {known}")
        for name in block:
            if name not in table and name != "name":
                raise ValueError(
                    f"unknown key '{name}'{nearest(name, table)}; beside name, only blocks named after methods: {known}"
                )
            if name in table and not isinstance(block[name], dict | None):
                raise ValueError(f"{name} must hold the settings of that method, as {{{name}: {{setting: value}}}}")
        made = {
            name: validated(table[name], {"name": name, **(block[name] or {})}, name) for name in table if name in block
        }
        return made.get(block["name"]) or table[block["name"]](name=block["name"])

    union = reduce(or_, methods)
    return Annotated[union, BeforeValidator(choose), Field(json_schema_extra={"methods": sorted(table)})]


def departures(settings: Settings, prefix: str = "") -> dict[str, Any]:
    """Every chosen method, and every value that differs from its default, under the dotted names of params.yaml
    (`loss.name`, `loss.gce.q`); of a list of methods their names."""
    found: dict[str, Any] = {}
    for name, field in type(settings).model_fields.items():
        value, where = getattr(settings, name), f"{prefix}{name}"
        if isinstance(value, Method):
            found |= {f"{where}.name": value.name} | departures(value, f"{where}.{value.name}.")
        elif isinstance(value, Settings):
            found |= departures(value, f"{where}.")
        elif isinstance(value, list | tuple) and value and all(isinstance(item, Method) for item in value):
            found[where] = ", ".join(item.name for item in value)
            for item in value:
                found |= departures(item, f"{where}.{item.name}.")
        elif name != "name" and value != field.get_default(call_default_factory=True):
            found[where] = value
    return found


def methods_of(choice: Any) -> tuple[type[Method], ...]:
    """The classes behind a field type made by `one_of`."""
    inner = get_args(choice)[0]
    return get_args(inner) or (inner,)


def load(path: Path | str = "params.yaml") -> dict[str, Any]:
    """The raw content of params.yaml, read as DVC reads it (YAML 1.2: 1e-3 is a number); ValueError where it is no YAML mapping."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path} is not here: run from the top folder of a workspace (where dvc.yaml is)")
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not UTF-8 text; save it as UTF-8") from None
    except (
        YAMLError,
        ValueError,
        RecursionError,
    ) as error:  # an impossible date is a ValueError; 1,000 brackets recurse too deep
        raise ValueError(f"{path.name}{place_of_yaml_error(error)}") from None
    if not isinstance(content, dict):
        what = "is empty" if content is None else f"holds a {type(content).__name__} at the top"
        raise ValueError(f"{path.name} {what}; it must hold sections, as `seed: 0` and `ingest: {{...}}`")
    if not all(isinstance(name, str) for name in content):
        raise ValueError(
            f"{path.name}: sections are named by text, not by {short(next(n for n in content if not isinstance(n, str)))}"
        )
    return content


def validated(kind: Any, block: Any, where: str) -> Any:
    """`block` as an instance of `kind`, or a ValueError with one sentence per mistake."""
    try:
        return TypeAdapter(kind).validate_python(block)
    except ValidationError as error:
        raise ValueError("; ".join(sentences(error, where, block))) from None


def check(kind: Any, block: Any, where: str, path: Path | str = "params.yaml") -> Any:
    """`validated`, with the name of the file and the line in front of each sentence."""
    try:
        return TypeAdapter(kind).validate_python(block)
    except ValidationError as error:
        mistakes = sentences(error, where, block)
    name = Path(path).name
    raise ValueError("\n".join(f"{name}{line_of(path, mistake)}: {mistake}" for mistake in mistakes))


def read(section: str, kind: type[Settings], path: Path | str = "params.yaml") -> Any:
    """The section of params.yaml as checked settings."""
    content = load(path)
    if section not in content:
        raise ValueError(f"params.yaml has no section '{section}'; it has: {', '.join(map(str, content))}")
    return check(kind, content[section], section, path)


def read_optional(section: str, kind: type[Settings], path: Path | str = "params.yaml") -> Any:
    """As `read`; a section that is not there means its defaults."""
    return read(section, kind, path) if section in load(path) else kind()


def seed(path: Path | str = "params.yaml") -> int:
    """The seed of the whole run, from 0 to 2^32 - 1."""
    return check(Annotated[int, Field(ge=0, lt=2**32, strict=True)], load(path).get("seed"), "seed", path)
