"""A workspace of the shipped project with toy settings, and what tests of the whole pipeline do with it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
TOY = {
    "seed": 0,
    "ingest": {"data": "toy", "format": {"name": "toy", "toy": {"images": 12}}, "noise": {"level": "medium"}},
    "superpixelize": {"method": {"name": "slic", "slic": {"regions": 40}}},
    "train": {"epochs": 1},
}
ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "SEGMEND_WORKERS": "1",
    "SEGMEND_PRECISION": "fp32",
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",  # dvc.yaml says `python`
}


def git(place: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=place, check=True, capture_output=True)


def make_workspace(place: Path) -> Path:
    """A copy of the tracked files (and of new ones not yet tracked) with toy settings and one round."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/", "benchmarks/")):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    git(place, "init", "--quiet", "--initial-branch=main")
    git(place, "config", "user.email", "toy@example.org")
    git(place, "config", "user.name", "toy")
    edit(place, TOY)
    segmend(place, "rounds", "1")
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message=toy")
    return place


def edit(place: Path, changes: dict) -> None:
    """Merge changes into params.yaml."""
    yaml = YAML()
    content = yaml.load(place / "params.yaml")

    def merge(old, new):
        for key, value in new.items():
            if isinstance(value, dict) and isinstance(old.get(key), dict):
                merge(old[key], value)
            else:
                old[key] = value

    merge(content, changes)
    yaml.dump(content, place / "params.yaml")


def start(place: Path, *words: str) -> subprocess.Popen:
    command = [sys.executable, "-m", *words]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    own = place / ".work"  # device locks of its own, so that other tests' stages are not waited for
    own.mkdir(exist_ok=True)
    return subprocess.Popen(command, cwd=place, env={**ENVIRONMENT, "XDG_RUNTIME_DIR": str(own)}, **output)


def segmend(place: Path, *words: str, code: int = 0) -> str:
    running = start(place, "flows.cli", *words)
    said = running.communicate(timeout=400)[0]
    assert running.returncode == code, said
    return said


def run(place: Path, code: int = 0) -> str:
    return segmend(place, "run", "--no-prefect", code=code)


def dvc(place: Path, *words: str) -> str:
    running = start(place, "dvc", *words)
    said = running.communicate(timeout=400)[0]
    assert running.returncode == 0, said
    return said


def stale(place: Path) -> set[str]:
    found = json.loads(segmend(place, "status", "--json"))["stages"]
    return {stage["name"] for stage in found if not stage["fresh"]}


def records(place: Path) -> dict[str, bytes]:
    """The records of all stages: a stage that ran again has a new one."""
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted((place / "reports").rglob("*.json"))}


def ran(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    changed = {name for name in after if before.get(name) != after[name]}
    return {name.removeprefix("reports/").removesuffix(".json").replace("/", "@") for name in changed}


def lock(place: Path) -> dict:
    """dvc.lock without the records, whose bytes differ per run."""
    stages = YAML(typ="safe").load(place / "dvc.lock")["stages"]
    for stage in stages.values():
        stage["outs"] = [out for out in stage["outs"] if not out["path"].startswith("reports/")]
    return stages
