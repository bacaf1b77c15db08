"""The whole pipeline on toy data: cold, warm, one thing changed, killed and gone on, pushed and pulled."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
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
    """A copy of the tracked files (and of new ones not yet tracked) with toy settings and two rounds."""
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
    segmend(place, "rounds", "2")
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


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A workspace in which everything ran once."""
    place = make_workspace(tmp_path_factory.mktemp("made"))
    run(place)
    return place


@pytest.fixture
def workspace(made, tmp_path) -> Path:
    """A copy of it that a test may change."""
    place = tmp_path / "workspace"
    shutil.copytree(made, place, symlinks=True)
    return place


ROUNDS = {f"{stage}@r{k}" for stage in ("train", "evaluate") for k in (0, 1, 2)}
ROUNDS |= {f"{stage}@r{k}" for stage in ("query", "correct") for k in (1, 2)}
ALL = ROUNDS | {"ingest", "superpixelize", "pseudo_label", "report"}


def test_a_cold_run_runs_everything_and_leaves_nothing_stale(made):
    assert ran({}, records(made)) == ALL
    assert stale(made) == set()
    assert "up to date" in dvc(made, "status")
    rounds = json.loads(segmend(made, "status", "--json"))["rounds"]
    assert [one["round"] for one in rounds] == ["r0", "r1", "r2"]
    assert rounds[2]["wrong_pixels"] < rounds[0]["wrong_pixels"] and rounds[2]["clicks"] > rounds[1]["clicks"] > 0
    page = (made / "data/report/index.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org", "") and "<svg" in page or "data:image" in page


def test_a_second_run_runs_nothing_and_says_so(made):
    before = records(made)
    said = run(made)
    assert "Nothing to do" in said and records(made) == before


def test_plain_dvc_gives_the_same_files_and_the_same_lock(made, tmp_path):
    place = make_workspace(tmp_path)
    dvc(place, "repro")
    assert lock(place) == lock(made)
    assert stale(place) == set()


@pytest.mark.parametrize(
    "changes, again",
    [
        ({"evaluate": {"boundary_width": 0.03}}, {"evaluate@r0", "evaluate@r1", "evaluate@r2", "report"}),
        ({"rounds": {"r2": {"budget": 3}}}, {"query@r2", "correct@r2", "train@r2", "evaluate@r2", "report"}),
    ],
)
def test_one_setting_changed_runs_only_what_it_must(workspace, changes, again):
    before, settings = records(workspace), (workspace / "params.yaml").read_text()
    edit(workspace, changes)
    assert stale(workspace) == again
    run(workspace)
    assert ran(before, records(workspace)) == again
    (workspace / "params.yaml").write_text(settings)
    middle = records(workspace)
    run(workspace)  # put back: taken from DVC's run cache, with the records of the runs that made them
    assert records(workspace) == before != middle


def test_a_round_added_runs_only_that_round(workspace):
    before = records(workspace)
    segmend(workspace, "rounds", "3")
    run(workspace)
    assert ran(before, records(workspace)) == {"query@r3", "correct@r3", "train@r3", "evaluate@r3", "report"}


def test_an_edited_method_that_is_not_used_keeps_everything_fresh(workspace):
    for path, again in {
        "tasks/query/acquisitions/random.py": False,
        "tasks/query/acquisitions/expected_gain.py": True,
    }.items():
        with (workspace / path).open("a") as file:
            file.write("# a comment\n")
        assert ("query@r1" in stale(workspace)) == again


def stages_of(place: Path) -> list[int]:
    """Processes that run a stage in this workspace."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
                here = os.readlink(entry / "cwd") == str(place)
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue
            if here and any(word.startswith(b"tasks.") for word in command):
                found.append(int(entry.name))
    return found


def wait_for(condition, seconds: float = 60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def training_alone(place: Path) -> tuple[str, ...]:
    """The first training made stale, with nothing to take from the run cache; the command that runs it and no more."""
    shutil.rmtree(place / ".dvc/cache/runs")
    edit(place, {"train": {"epochs": 2}})
    return ("run", "--no-prefect", "--target", "train@r0")


def test_a_killed_stage_fails_and_the_next_run_goes_on(workspace):
    command = training_alone(workspace)
    running = start(workspace, "flows.cli", *command)
    pid = wait_for(lambda: stages_of(workspace))[0]
    time.sleep(1)
    os.kill(pid, signal.SIGKILL)
    said = running.communicate(timeout=200)[0]
    assert running.returncode == 1, said
    segmend(workspace, *command)
    assert "train@r0" not in stale(workspace)


def test_a_killed_run_leaves_no_stage_and_the_next_run_goes_on(workspace):
    command = training_alone(workspace)
    running = start(workspace, "flows.cli", *command)
    wait_for(lambda: stages_of(workspace))
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    wait_for(lambda: not stages_of(workspace), 20)
    segmend(workspace, *command)
    assert "train@r0" not in stale(workspace)


def test_two_runs_at_once_do_the_work_once(workspace):
    edit(workspace, {"report": {}, "evaluate": {"boundary_width": 0.04}})
    first, second = (start(workspace, "flows.cli", "run", "--no-prefect") for _ in range(2))
    said = [one.communicate(timeout=300)[0] for one in (first, second)]
    assert first.returncode == second.returncode == 0, said
    assert sum("Nothing to do" in text for text in said) == 1, said


def test_pushed_and_pulled_a_clone_runs_nothing(workspace, tmp_path):
    dvc(workspace, "remote", "add", "--default", "store", str(tmp_path / "store"))
    dvc(workspace, "push", "--run-cache")
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message=made")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(workspace), str(clone))
    dvc(clone, "pull")
    assert stale(clone) == set()
    assert "Nothing to do" in run(clone)


def test_the_next_questions_are_shown_and_nothing_changes(made):
    said = segmend(made, "next", "--budget", "7")
    assert "7 questions (7)" in said and "Expected to fix" in said
    assert (made / ".work/next/queries.png").is_file()
    assert len((made / ".work/next/queries.jsonl").read_text().splitlines()) == 7
    assert "are fresh" in run(made) and not dvc(made, "status", "--quiet")
    assert "'5 %'" in segmend(made, "next", "--budget", "5 %", code=2)


def test_the_rounds_show_in_dvc(made):
    shown = dvc(made, "metrics", "show")
    assert all(f"metrics/evaluate/r{k}.json" in shown for k in (0, 1, 2))
    assert "train@r2" in dvc(made, "dag")
    dvc(made, "plots", "show", "--out", str(made / ".work/plots"))


def test_experiments_of_dvc_run(workspace):
    dvc(workspace, "exp", "run", "--set-param", "query.acquisition.name=random", "--name", "random")
    assert "random" in dvc(workspace, "exp", "list", "--name-only")


def test_without_truth_it_asks_and_waits(workspace):
    """With people as oracle the run stops at correct, says where to answer, and goes on when the answers are there."""
    edit(workspace, {"correct": {"oracle": {"name": "people"}}})
    said = run(workspace, code=75)
    assert "data/answers/r1.jsonl" in said
    queries = [json.loads(line) for line in (workspace / "data/queries/r1/queries.jsonl").read_text().splitlines()]
    assert queries and (workspace / "data/queries/r1/queries.png").is_file()
    with (workspace / "data/answers/r1.jsonl").open("a") as file:
        for query in queries:
            answer = {"query": query["query"], "image": query["image"], "footprint": query["footprint"]}
            answer |= {"kind": "class", "classes": [query["shown"]], "who": "ada", "clicks": 1, "seconds": 2.0}
            file.write(json.dumps(answer | {"when": "2026-01-01T00:00:00Z"}) + "\n")
    said = run(workspace, code=75)
    assert "data/answers/r2.jsonl" in said
