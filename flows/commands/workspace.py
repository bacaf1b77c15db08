"""Data and workspaces: take a folder of the user's as raw data, make a workspace for another data set."""

import os
import shutil
import subprocess
from pathlib import Path

from flows.engine import plan
from flows.environment import UserError
from flows.files import workspace_files
from flows.files.params_file import ParamsFile

LEVELS = ("none", "easy", "medium", "hard")


def take_data(root: Path, path: Path, form: str | None, noise: str | None) -> tuple[str, list[str]]:
    """Link a folder to data/raw/NAME and point params.yaml at it; returns the difference and remarks.

    The given masks count as truth only if a folder `truth` says so or mistakes are planted (`noise`); else people answer.
    """
    if not path.is_dir():
        raise UserError(f"--data {path}: no such folder.")
    if noise is not None and noise not in LEVELS:
        raise UserError(f"--noise {noise}: one of {', '.join(LEVELS)}.")
    path = path.resolve()
    if not any(path.iterdir()):
        raise UserError(f"--data {path}: the folder is empty.")
    name, remarks = path.name, [link(root, path)]
    file = ParamsFile(root)
    file.set("ingest.data", name)
    if form is not None:
        file.set("ingest.format.name", form)
    elif file.get("ingest.format.name") in ("brain", "toy"):  # what makes its own data cannot read a folder
        file.set("ingest.format.name", "folders")
        remarks.append("Reading it as format `folders` (images and masks by equal name); another one: --format NAME.")
    file.set("ingest.noise.level", noise or "none")
    planted = noise not in (None, "none")
    if not planted and not (path / "truth").is_dir():
        file.set("correct.oracle.name", "people")
        remarks.append(
            "No folder `truth` and no --noise: the given masks are not taken for truth, people answer the queries."
        )
    elif file.get("correct.oracle.name") == "people":
        file.set("correct.oracle.name", "ground_truth")
        remarks.append("The truth is known: a simulated oracle answers the queries.")
    return file.save(), [remark for remark in remarks if remark]


def link(root: Path, path: Path) -> str:
    """data/raw/NAME as a symbolic link, hard links where those are not allowed, else a copy. Returns what was done."""
    raw = root / "data" / "raw"
    place = raw / path.name
    if path == place.resolve() or path.parent == raw.resolve():
        return ""
    if place.is_symlink() or place.exists():
        raise UserError(
            f"data/raw/{path.name} is there already and is another folder; rename yours, or remove that one."
        )
    raw.mkdir(parents=True, exist_ok=True)
    try:
        place.symlink_to(path, target_is_directory=True)
        return f"data/raw/{path.name} is a link to {path}."
    except OSError:  # a file system or a user without that right
        try:
            shutil.copytree(path, place, copy_function=os.link)
            return f"data/raw/{path.name} has hard links to the files of {path}."
        except OSError:
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(path, place)
            return f"data/raw/{path.name} is a copy of {path}."


def make(root: Path, folder: Path) -> list[str]:
    """A workspace for another data set: a git worktree with its own params, data and runs, sharing the DVC cache."""
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is there already and not empty.")
    if not workspace_files.git(root, "rev-parse", "HEAD"):
        raise UserError(f"{root} has no commit yet; a workspace is a git worktree of one: commit first.")
    branch = f"workspace/{folder.name}"
    known = workspace_files.git(root, "rev-parse", "--verify", f"refs/heads/{branch}")
    words = ["worktree", "add", str(folder), branch] if known else ["worktree", "add", "-b", branch, str(folder)]
    answer = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise UserError(f"git could not make a worktree at {folder}: {' '.join(answer.stderr.split())}")
    plan.share_cache(root, folder)
    remarks = [
        f"{folder} is a workspace on branch {branch}; its code, params, answers and runs are its own, the DVC cache is shared."
    ]
    if workspace_files.git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!dvc.lock"):
        remarks.append("It starts from the last commit: your uncommitted changes are not in it.")
    return [
        *remarks,
        f"Go on with: cd {folder} && segmend run --data PATH   (a segmend called there runs the code there)",
    ]
