"""YAML files of a workspace as plain values; a file that cannot be read is one sentence with its line."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from flows.environment import UserError


def read_mapping(path: Path) -> dict[str, Any]:
    """The content of a file that holds one mapping; {} for an empty file."""
    try:
        return as_mapping(path.read_text(encoding="utf-8"), path.name)
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is not UTF-8 text; save it as UTF-8.") from error


def as_mapping(text: str, name: str) -> dict[str, Any]:
    """The same for text that stands in no file yet, or in one of another name."""
    try:
        content = YAML(typ="safe").load(text)
    except (
        YAMLError,
        ValueError,
        RecursionError,
    ) as error:  # an impossible date is a ValueError, 1,000 brackets recurse too deep
        raise UserError(f"{name}{line_of(error)}: this is not valid YAML: {reason(error)}.") from error
    if content is not None and not isinstance(content, dict):
        raise UserError(f"{name} must hold `name: value` lines at the top, not a {type(content).__name__}.")
    return content or {}


def line_of(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return f", line {mark.line + 1}" if mark is not None else ""


def reason(error: Exception) -> str:
    """What is wrong, without the excerpt and the advice that follow it."""
    text = str(getattr(error, "problem", None) or error)
    return text.splitlines()[0].strip().rstrip(".")
