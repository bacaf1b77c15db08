"""Parts of JSON files by their kind, so that a file that is not whole gets a sentence."""

from pathlib import Path
from typing import Any

from tasks.ingest.reading.class_names import read_json


def read_object(path: Path) -> dict[str, Any]:
    """A JSON file that is one object. Raises ValueError for anything else."""
    content = read_json(path)
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no JSON object {{...}}: export it again")
    return content


def objects_of(content: dict[str, Any], key: str, path: Path) -> list[dict[str, Any]]:
    """The list of objects under a key; empty where there is none. Raises ValueError for another kind."""
    value = content.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise ValueError(f"{path}: '{key}' is no list of objects {{...}}: export it again")
    return value


def object_of(content: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under a key; empty where there is none or it is of another kind."""
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def size_in(content: dict[str, Any], height: str, width: str) -> tuple[int, int] | None:
    """(height, width) under two keys; None unless both are whole numbers above 0."""
    rows, columns = content.get(height), content.get(width)
    good = isinstance(rows, int) and isinstance(columns, int) and rows > 0 and columns > 0
    return (int(rows), int(columns)) if good else None  # type: ignore[arg-type]
