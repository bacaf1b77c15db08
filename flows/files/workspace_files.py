"""What the files of a workspace say about its runs: reports, dvc.lock, rounds, git. Read only; no DVC, no MLflow."""

import csv
import hashlib
import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from flows.files.yaml_file import read_mapping

ROUND_KEYS = ("round", "clicks", "data_miou", "coverage", "wrong_pixels", "model_miou", "ceiling_miou")


def params(root: Path) -> dict[str, Any]:
    """params.yaml as plain values."""
    return read_mapping(root / "params.yaml")


def dataset_name(root: Path) -> str:
    """The folder of data/raw that this workspace works on; names the experiment and the registered network."""
    return str((params(root).get("ingest") or {}).get("data") or root.name)


def lock_entries(root: Path) -> dict[str, dict[str, Any]]:
    """The stages of dvc.lock; empty when there is none yet."""
    path = root / "dvc.lock"
    return read_mapping(path).get("stages") or {} if path.exists() else {}


def lock_md5(root: Path) -> str:
    """One word for the state of all data; equal hashes, equal inputs and outputs."""
    path = root / "dvc.lock"
    return hashlib.md5(path.read_bytes()).hexdigest() if path.exists() else ""


def out_hashes(root: Path, stage: str) -> dict[str, str]:
    """The outputs of a stage and their md5 (a folder's ends in .dir)."""
    return hashes_of(lock_entries(root), stage)


def hashes_of(entries: Mapping[str, dict[str, Any]], stage: str) -> dict[str, str]:
    """`out_hashes` of entries that were read already."""
    return {out["path"]: out["md5"] for out in entries.get(stage, {}).get("outs", []) if "md5" in out}


def input_hashes(root: Path, stage: str) -> dict[str, str]:
    """The data that a stage read (not its code): dependencies that are outputs of other stages, or under data/."""
    entries = lock_entries(root)
    made = {out["path"] for entry in entries.values() for out in entry.get("outs", [])}
    return {
        dep["path"]: dep["md5"]
        for dep in entries.get(stage, {}).get("deps", [])
        if "md5" in dep and (dep["path"] in made or dep["path"].startswith("data/"))
    }


def report(root: Path, outs: tuple[str, ...]) -> dict[str, Any]:
    """The record of the run that made a stage's outputs (reports/...json, written by segmend/stage/command.py); {} without one."""
    path = next((root / out for out in outs if out.startswith("reports/")), None)
    return json.loads(path.read_text()) if path is not None and path.exists() else {}


def rounds(root: Path) -> list[dict[str, Any]]:
    """The table of rounds as far as it has come: the scores of the newest round, which carry those before it."""
    for name in reversed(params(root).get("models") or {}):
        path = root / "data" / "scores" / name / "rounds.json"
        if path.exists():
            return [{key: row.get(key) for key in ROUND_KEYS} for row in json.loads(path.read_text())]
    return []


def class_scores(root: Path) -> list[dict[str, str]]:
    """One row a round so far and class, as evaluate wrote them: round, class, data_iou, model_iou, ..."""
    for name in reversed(params(root).get("models") or {}):
        path = root / "data" / "scores" / name / "classes.csv"
        if path.exists():
            with path.open(newline="") as file:
                return list(csv.DictReader(file))
    return []


def settings(root: Path, outs: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """Of the stages with these outputs: the chosen methods and what departs from the defaults, by dotted name, as their records say."""
    found = {"seed": params(root).get("seed")}
    for names in outs:
        found |= report(root, names).get("settings") or {}
    return found


def data_hashes(root: Path) -> dict[str, str]:
    """The raw data and what ingest made of it, with their md5."""
    hashes = input_hashes(root, "ingest") | out_hashes(root, "ingest")
    return {path: md5 for path, md5 in hashes.items() if not path.startswith("reports/")}


def html_report(root: Path) -> Path | None:
    """The report of the last run, if it has been made."""
    return next(iter(sorted((root / "data" / "report").glob("*.html"))), None)


def git(root: Path, *words: str) -> str:
    """What git answers, or nothing where there is no git."""
    try:
        answer = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def git_tags(root: Path) -> dict[str, str]:
    """Commit and whether tracked files differ from it; dvc.lock does not count, as every run changes it."""
    commit = git(root, "rev-parse", "HEAD")
    changed = git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!dvc.lock")
    return {"mlflow.source.git.commit": commit, "segmend.dirty": str(bool(changed)).lower()} if commit else {}
