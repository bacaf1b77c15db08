"""The raw data before a run: brought up to date where `dvc import` made it, and left alone while somebody still copies into it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from flows.environment import UserError
from flows.files import workspace_files
from flows.files.yaml_file import read_mapping

RAW = Path("data/raw")


def imported(root: Path) -> Path | None:
    """The file that `dvc import` or `dvc import-url` wrote for the raw data of this workspace; None where the data came otherwise."""
    path = root / RAW / f"{workspace_files.dataset_name(root)}.dvc"
    return path if path.is_file() and read_mapping(path).get("frozen") else None


def missing(root: Path) -> str:
    """What to do where the raw data that params.yaml names is not there; "" where it is, or where DVC can bring it."""
    folder = RAW / workspace_files.dataset_name(root)
    if (root / folder).exists() or (root / f"{folder}.dvc").is_file():
        return ""
    tracked = workspace_files.git(
        root, "ls-files", "-t", "--", str(folder)
    )  # each with a letter, S: left out of this worktree
    command = "git sparse-checkout disable" if tracked.startswith("S ") else f"git checkout -- {folder}"
    bring = f"; or bring back what git has of it: {command}" if tracked else ""
    gone = (
        f"is a link to {os.readlink(root / folder)}, which is not there"
        if (root / folder).is_symlink()
        else "is not there"
    )
    return f"{folder}, which params.yaml names (ingest.data), {gone}: name your own folder with `segmend run --data PATH`{bring}."


def update(root: Path, say: Callable[[str], None]) -> None:
    """`dvc update`: take what is newest at the source. UserError where the source does not answer."""
    path = imported(root)
    if path is None:
        raise UserError(
            f"{RAW / workspace_files.dataset_name(root)} was not made by dvc import, so there is nothing to update it from; leave --update out."
        )
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "update", str(path.relative_to(root))], cwd=root, capture_output=True, text=True, check=False
    )  # fmt: skip
    if done.returncode:
        raise UserError(f"dvc update {path.relative_to(root)}: {' '.join(done.stderr.split())}")
    changed = path.read_bytes() != before
    say(f"{path.relative_to(root)} is {'updated from its source' if changed else 'up to date with its source'}.")


def unsettled(root: Path, seconds: float, now: float | None = None) -> str:
    """Why the raw data is not ready: something in it changed less than `seconds` ago. "" where it is, or where that is not asked."""
    folder = root / RAW / workspace_files.dataset_name(root)
    if not seconds or not folder.is_dir():
        return ""
    changed = max(os.stat(path).st_mtime for path in entries(folder) if os.path.exists(path))
    age = (now or time.time()) - changed
    if age >= seconds:
        return ""
    return f"{folder.relative_to(root)} changed {max(0, age):.0f} s ago, so somebody may still be copying; the next run takes it up."


def entries(folder: Path) -> Iterator[str]:
    """The folder and all that it holds; it may be a link itself."""
    for place, _, files in os.walk(folder):
        yield place
        yield from (os.path.join(place, name) for name in files)
