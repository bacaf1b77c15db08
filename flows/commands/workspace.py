"""Data and workspaces: take a folder of the user's as raw data, make a workspace for another data set."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from flows.engine import shared_cache
from flows.environment import UserError
from flows.files import workspace_files
from flows.files.params_file import ParamsFile

CODE = Path(__file__).resolve().parents[2]  # the workspace whose code this is
USER_MISTAKE = 2
DEMONSTRATION = "data/raw/superalloy-demo"  # 3 MB of pictures that another data set has no use for
LEVELS = ("none", "easy", "medium", "hard")


def take_data(root: Path, path: Path, form: str | None, noise: str | None) -> tuple[str, list[str]]:
    """Link a folder to data/raw/NAME and point params.yaml at it; returns the difference and remarks.

    The format is recognised anew for every folder that params.yaml does not name yet, and nothing of the section ingest that
    was set for another folder stays. The given masks count as truth only if a folder `truth` says so or mistakes are planted
    (`noise`); else people answer.
    """
    if not path.is_dir():
        raise UserError(f"--data {path}: no such folder.")
    if noise is not None and noise not in LEVELS:
        raise UserError(f"--noise {noise}: one of {', '.join(LEVELS)}.")
    path = path.resolve()
    if not any(path.iterdir()):
        raise UserError(f"--data {path}: the folder is empty.")
    name = link_name(path.name)
    file = ParamsFile(root)
    known = file.get("ingest.data") == name and (root / "data" / "raw" / name).exists()
    form, why = (form, "as asked") if form else (None, "") if known else recognised(path)
    remarks = [link(root, path, name)]
    if name != path.name:
        remarks.append(f"The data set is called '{name}' here: names have letters, digits, _ . and - only.")
    if not known:
        file.only("ingest", ("data", "format", "noise"))
    file.set("ingest.data", name)
    if form is not None:
        file.set("ingest.format.name", form)
        remarks.append(f"Read as format `{form}` ({why}); another one: --format NAME.")
    if file.get("ingest.keep_going"):  # holds for one run
        file.set("ingest.keep_going", False)
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


def recognised(path: Path) -> tuple[str, str]:
    """The format of a folder and the reason, as `segmend inspect` says them: the same code, in a process of its own."""
    command = [sys.executable, "-m", "tasks.ingest.inspect", str(path), "--recognise"]
    answer = subprocess.run(command, cwd=CODE, capture_output=True, text=True, check=False)
    if answer.returncode == USER_MISTAKE:
        raise UserError(f"--data {answer.stderr.strip()}")
    if answer.returncode:
        raise RuntimeError(answer.stderr)
    content = json.loads(answer.stdout)
    others = f"; it could be {' or '.join(content['others'])} too" if content["others"] else ""
    return content["format"], content["why"] + others


def link_name(name: str) -> str:
    """A folder's name as one of data/raw: letters of any script, digits, _ . and -, so that no command can take it apart."""
    if re.fullmatch(r"\w[\w.-]*", name):
        return name
    return re.sub(r"[^\w.]+", "-", name).strip("-.") or "data"


def link(root: Path, path: Path, name: str) -> str:
    """data/raw/NAME as a symbolic link, hard links where those are not allowed, else a copy. Returns what was done."""
    raw = root / "data" / "raw"
    target = raw / name
    if path == target.resolve():
        return ""
    if target.is_symlink() or target.exists():
        raise UserError(f"data/raw/{name} is there already and is another folder; rename yours, or remove that one.")
    raw.mkdir(parents=True, exist_ok=True)
    try:
        target.symlink_to(path, target_is_directory=True)
        return f"data/raw/{name} is a link to {path}."
    except OSError:  # a file system or a user without that right
        try:
            shutil.copytree(path, target, copy_function=os.link)
            return f"data/raw/{name} has hard links to the files of {path}."
        except OSError:
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(path, target)
            return f"data/raw/{name} is a copy of {path}."


def git(place: Path, folder: Path, *words: str) -> None:
    """A step of making the worktree `folder`, in `place`."""
    answer = subprocess.run(["git", *words], cwd=place, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise UserError(f"git could not make a worktree at {folder}: {' '.join(answer.stderr.split())}")


def work_of_people(root: Path) -> list[str]:
    """What a new worktree holds of people's work on the data set of before: answers, promotions. An answers file without any has a blank line."""
    names = ("data/answers", "data/promotions.jsonl")
    files = {name: workspace_files.git(root, "ls-files", "-z", "--", name).split("\0") for name in names}
    return [name for name in names if any(file and (root / file).read_bytes().strip() for file in files[name])]


def make(root: Path, folder: Path) -> list[str]:
    """A workspace for another data set: a git worktree with its own params, data and runs, sharing the DVC cache."""
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is there already and not empty.")
    if not workspace_files.git(root, "rev-parse", "HEAD"):
        raise UserError(f"{root} has no commit yet; a workspace is a git worktree of one: commit first.")
    branch = f"workspace/{folder.name}"
    known = workspace_files.git(root, "rev-parse", "--verify", f"refs/heads/{branch}")
    arguments = ["worktree", "add", "--no-checkout", *((str(folder), branch) if known else ("-b", branch, str(folder)))]
    git(root, folder, *arguments)
    without = bool(workspace_files.git(root, "ls-files", "--", DEMONSTRATION))
    if without:
        git(
            folder, folder, "sparse-checkout", "init", "--no-cone"
        )  # its own step: before git 2.35 `set` has no such option
        git(folder, folder, "sparse-checkout", "set", "/*", f"!/{DEMONSTRATION}/")
    git(folder, folder, "checkout", "--quiet")
    shared_cache.share(root, folder)
    remarks = [
        f"{folder} is a workspace on branch {branch}; its code, params, answers and runs are its own, the DVC cache is shared."
    ]
    if without:
        remarks.append(f"{DEMONSTRATION} is not in it; there, `git sparse-checkout disable` brings it.")
    if named := work_of_people(folder):
        remarks.append(
            f"{' and '.join(named)} came along, with what people answered or promoted here; where {folder} gets another data set, remove them "
            f"there: git rm -rq {' '.join(named)}"
        )
    if workspace_files.git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!dvc.lock"):
        remarks.append("It starts from the last commit: your uncommitted changes are not in it.")
    return [
        *remarks,
        "Do not run plain `dvc gc` in any of them: it deletes what the others need. `segmend gc` knows them all.",
        f"Go on with: cd {folder} && segmend run --data PATH   (a segmend called there runs the code there)",
    ]
