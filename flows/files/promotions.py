"""data/promotions.jsonl: what was promoted and rolled back, when and why. Plain, append-only, tracked by git, as the answers are."""

import json
import time
from datetime import datetime
from getpass import getuser
from pathlib import Path
from typing import Any

PATH = Path("data/promotions.jsonl")
CHAMPION = Path("data/weights/champion")  # the promoted network
HELD_OUT = Path("data/answers/held_out")  # questions whose answers judge label sets and change none, a folder a draw
TIME = "%Y-%m-%dT%H:%M:%S%z"
HELD_OUT_ANSWERS = "answers.jsonl"  # beside the questions


def draws(root: Path) -> list[Path]:
    """The folders of held-out questions, oldest first, as seen from the workspace."""
    folders = [path for path in (root / HELD_OUT).glob("*") if path.name.isdigit()]
    return [path.relative_to(root) for path in sorted(folders, key=lambda path: int(path.name))]


def append(root: Path, kind: str, action: str, **content: Any) -> None:
    """One line; `kind` is network, labels or data (accepted after drift), `action` promote or rollback."""
    line = {"kind": kind, "action": action, "at": time.strftime(TIME), "by": getuser(), **content}
    with (root / PATH).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def moment(line: dict[str, Any]) -> datetime:
    """When a line was written; comparable between the time zones of a team."""
    return datetime.strptime(line["at"], TIME)


def read(root: Path, kind: str) -> list[dict[str, Any]]:
    """The lines of a kind, oldest first."""
    path = root / PATH
    if not path.is_file():
        return []
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [line for line in lines if line["kind"] == kind]


def standing(root: Path, kind: str) -> list[dict[str, Any]]:
    """The promotions that were not rolled back, oldest first; the last one holds."""
    stack: list[dict[str, Any]] = []
    for line in read(root, kind):
        if line["action"] == "promote":
            stack.append(line)
        elif stack:
            stack.pop()
    return stack
