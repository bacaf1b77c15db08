"""A mistake in settings as one sentence: which setting, what is allowed, what was given, which name was probably meant.

pydantic's messages speak of types of Python; these speak of what stands in the file.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from re import match
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, SequenceNode

# By pydantic's type of error: what is allowed. {limits} are filled in from the error's context.
PHRASES = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text; put it in quotes",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must be written as the pattern {pattern} says",
    "literal_error": "must be one of {expected}",
    "missing": "is missing",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "none_required": "must be null",
}
NAME = r"^\w[\w.-]*$"  # what stands in a command line or a path: no blank, no quote, no slash
KINDS = {
    "int": "must be a whole number",
    "float": "must be a number",
    "tuple": "must be a list",
    "list": "must be a list",
}
MAPPING = "must hold `name: value` settings"


def nearest(name: Any, known: Iterable[str]) -> str:
    """` (did you mean 'epochs'?)`, or nothing where no known name is near."""
    close = get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""


def sentences(error: ValidationError, where: str, block: Any) -> list[str]:
    """One sentence per wrong setting; of a setting with several allowed forms all are named in one."""
    by_setting: dict[str, list[Any]] = {}
    for detail in error.errors():
        by_setting.setdefault(dotted(detail["loc"], where, block), []).append(detail)
    return [joined(details, setting) for setting, details in by_setting.items()]


def sentence(error: Any, where: str) -> str:
    """One of pydantic's errors in words."""
    return joined([error], dotted(error["loc"], where, None))


def dotted(loc: tuple[Any, ...], where: str, block: Any) -> str:
    """`where.name.name` of pydantic's path, without the parts that name types instead of settings."""
    parts = [where]
    for part in loc:
        if (
            isinstance(block, dict)
            and part in block
            or isinstance(block, list | tuple)
            and isinstance(part, int)
            and part < len(block)
        ):
            block = block[part]
        elif isinstance(part, int) and block is None:
            pass
        elif not match(r"^[A-Za-z_]\w*$", str(part)) or part in ("int", "float", "str", "bool", "constrained-str"):
            continue
        elif block is not None and not isinstance(block, dict):
            continue  # below a plain value only types follow
        parts.append(str(part))
    return ".".join(parts)


def joined(details: list[Any], setting: str) -> str:
    if details[0]["type"] == "unknown_setting":
        name, known = details[0]["ctx"]["name"], details[0]["ctx"]["known"]
        allowed = f"; it has: {', '.join(known)}" if known else ", which has no settings"
        return f"{setting}.{name} is not a known setting{nearest(name, known)} of {setting}{allowed}"
    if details[0]["type"] == "boolean":
        return f"{setting}.{details[0]['ctx']['name']} must be a number, not true or false"
    phrases = list(dict.fromkeys(phrase(detail) for detail in details))
    colon = "" if phrases[0].startswith(("must", "may", "is ")) else ":"
    given = details[0]["input"]
    shown = "" if isinstance(given, dict) or details[0]["type"] == "missing" else f" (it is {short(given)})"
    return f"{setting}{colon} {' or '.join(phrases)}{shown}"


def phrase(detail: Any) -> str:
    kind, context = detail["type"], detail.get("ctx") or {}
    if context.get("pattern") == NAME:
        return "may have letters, digits, and the signs _ . - only"
    if kind in PHRASES:
        near = nearest(detail["input"], match_names(context)) if kind == "literal_error" else ""
        whole = {key: int(v) if isinstance(v, float) and v.is_integer() else v for key, v in context.items()}
        return PHRASES[kind].format(**whole) + near
    if kind in ("dict_type", "model_type", "model_attributes_type", "mapping_type"):
        return MAPPING
    if kind.split("_")[0] in KINDS:
        return KINDS[kind.split("_")[0]]
    text = str(detail["msg"]).removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


def match_names(context: dict[str, Any]) -> list[str]:
    return [word.strip(" '") for word in str(context.get("expected", "")).replace(" or ", ",").split(",")]


def short(value: Any) -> str:
    """A value as it is written in YAML, cut where it is long."""
    text = {True: "true", False: "false", None: "null"}.get(value) if isinstance(value, bool | None) else repr(value)
    return str(text) if len(str(text)) <= 80 else f"{str(text)[:77]}..."


def place_of_yaml_error(error: Exception) -> str:
    """`, line 7: this is not valid YAML: ...` without the excerpt and the advice that the library adds."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or error).splitlines()[0].strip().rstrip(".")
    return f"{f', line {mark.line + 1}' if mark is not None else ''}: this is not valid YAML: {problem}"


def line_of(path: Path | str, mistake: str) -> str:
    """`, line 7` of the setting that a sentence begins with; of the nearest one above it where it is not in the file."""
    names = mistake.split(" ")[0].rstrip(":").split(".")
    try:
        node = YAML().compose(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, YAMLError):
        return ""
    line = None
    for name in names:
        if isinstance(node, MappingNode):
            pairs = [(key, value) for key, value in node.value if str(key.value) == name]
            if not pairs:
                break
            key, node = pairs[0]
            line = key.start_mark.line + 1
        elif isinstance(node, SequenceNode) and name.isdigit() and int(name) < len(node.value):
            node = node.value[int(name)]
            line = node.start_mark.line + 1
        else:
            break
    return "" if line is None else f", line {line}"
