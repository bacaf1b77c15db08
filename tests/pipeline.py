"""What tests of the whole pipeline do with a workspace (tests/toys.py makes it): its sources, commands, records."""

import json
import os
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
SOURCE_FOLDERS = ("flows", "tasks", "segmend", "annotate", "tools", "tests", "benchmarks", "docs", "experiments")
ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "SEGMEND_WORKERS": "1",
    "SEGMEND_PRECISION": "fp32",
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",  # dvc.yaml says `python`
}


def git(workspace: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=workspace, check=True, capture_output=True, text=True).stdout


def sources(root: Path) -> list[str]:
    """The files below `root` that a workspace is made from: what git tracks, and new source files that it does not ignore.

    Outputs may stand in a clone, committed or not; dvc.lock and the answers are what git does not ignore of them.
    """
    tracked = git(root, "ls-files").splitlines()
    new = git(root, "ls-files", "--others", "--exclude-standard", "--", *SOURCE_FOLDERS).splitlines()
    names = [name for name in (*tracked, *new) if name != "dvc.lock" and not name.startswith("data/answers/")]
    return sorted(name for name in names if (root / name).is_file())


def toy_settings(images: int = 12, regions: int = 40, epochs: int = 1) -> dict:
    """Changes of params.yaml with which the whole pipeline runs on drawn data in seconds: the recipe segmend, which needs no features."""
    toy = {"name": "toy", "toy": {"images": images}}
    return {
        "ingest": {"data": "toy", "format": toy, "noise": {"level": "medium"}},
        "superpixelize": {"method": {"name": "slic", "slic": {"regions": regions}}},
        "train": {"epochs": epochs},
        "query": {"acquisition": {"name": "expected_gain"}, "random": 0},
        "correct": {"expansion": {"name": "evidence"}},
    }


def edit(workspace: Path, changes: dict) -> None:
    """Merge changes into params.yaml."""
    yaml = YAML()
    content = yaml.load(workspace / "params.yaml")

    def merge(old, new):
        for key, value in new.items():
            if isinstance(value, dict) and isinstance(old.get(key), dict):
                merge(old[key], value)
            else:
                old[key] = value

    merge(content, changes)
    yaml.dump(content, workspace / "params.yaml")


def start(workspace: Path, *words: str) -> subprocess.Popen:
    command = [sys.executable, "-m", *words]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    locks = workspace / ".work"  # device locks of its own, so that other tests' stages are not waited for
    locks.mkdir(exist_ok=True)
    return subprocess.Popen(command, cwd=workspace, env={**ENVIRONMENT, "XDG_RUNTIME_DIR": str(locks)}, **streams)


def segmend(workspace: Path, *words: str, code: int = 0) -> str:
    running = start(workspace, "flows.cli", *words)
    output = running.communicate(timeout=550)[0]
    assert running.returncode == code, output
    return output


def run(workspace: Path, code: int = 0) -> str:
    return segmend(workspace, "run", "--no-prefect", code=code)


def dvc(workspace: Path, *words: str) -> str:
    running = start(workspace, "dvc", *words)
    output = running.communicate(timeout=550)[0]
    assert running.returncode == 0, output
    return output


def stale(workspace: Path) -> set[str]:
    stages = json.loads(segmend(workspace, "status", "--json"))["stages"]
    return {stage["name"] for stage in stages if not stage["fresh"]}


def records(workspace: Path) -> dict[str, bytes]:
    """The records of all stages: a stage that ran again has a new one."""
    return {
        str(path.relative_to(workspace)): path.read_bytes() for path in sorted((workspace / "reports").rglob("*.json"))
    }


def ran(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    changed = {name for name in after if before.get(name) != after[name]}
    return {name.removeprefix("reports/").removesuffix(".json").replace("/", "@") for name in changed}


def lock(workspace: Path) -> dict:
    """dvc.lock without the records, whose bytes differ per run."""
    stages = YAML(typ="safe").load(workspace / "dvc.lock")["stages"]
    for stage in stages.values():
        stage["outs"] = [out for out in stage["outs"] if not out["path"].startswith("reports/")]
    return stages
