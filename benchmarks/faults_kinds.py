"""Faults by kind: something is broken in a workspace that had run, a run is begun, and afterwards the bytes must be the same.

Every fault says what the run must end with: 0 where it mends the fault itself, 2 and one sentence where a person must. Then the
fault is taken back where only a person can, and a last run must leave everything fresh, with the same bytes as before.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from json import dumps
from pathlib import Path
from shutil import rmtree
from subprocess import TimeoutExpired
from time import monotonic
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from benchmarks.faults_kills import begin, bytes_of, forget

LABELS, SEGMEND = "data/labels/r1", ("-m", "flows.cli", "run", "--no-prefect")
CONFLICT = "<<<<<<< HEAD\nseed: 0\n=======\nseed: 1\n>>>>>>> theirs\n"


class Fault(NamedTuple):
    """`breaks` breaks the workspace while it is entered, and takes back what a run cannot; it may yield environment variables."""

    name: str
    breaks: Callable[[Path], Any]
    exit: int = 0
    words: str = ""  # what the run must say
    command: tuple[str, ...] = SEGMEND


def removed(*names: str) -> Callable[[Path], Any]:
    @contextmanager
    def breaks(workspace: Path) -> Iterator[None]:
        for name in names:
            path = workspace / name
            rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        yield

    return breaks


def written(name: str, change: Callable[[bytes], bytes], back: bool = False) -> Callable[[Path], Any]:
    """A file with other content (under a new inode: outputs are linked to DVC's cache); put back afterwards if `back`."""

    @contextmanager
    def breaks(workspace: Path) -> Iterator[None]:
        path = workspace / name
        before = path.read_bytes() if path.is_file() else b""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(change(before))
        yield
        if back:
            path.write_bytes(before)

    return breaks


def cached(workspace: Path, output: str) -> Path:
    """A file of an output in DVC's cache."""
    outs = YAML(typ="safe").load((workspace / "dvc.lock").read_text())["stages"]["correct@r1"]["outs"]
    digest = next(out["md5"] for out in outs if out["path"] == output)
    return workspace / ".dvc/cache/files/md5" / digest[:2] / digest[2:]


@contextmanager
def corrupt_object(workspace: Path) -> Iterator[None]:
    path = cached(workspace, LABELS)
    path.chmod(0o644)
    path.write_bytes(b"[]"[:1])
    rmtree(workspace / LABELS)
    yield


@contextmanager
def missing_object(workspace: Path) -> Iterator[None]:
    cached(workspace, LABELS).unlink()
    rmtree(workspace / LABELS)
    yield


@contextmanager
def edited_label(workspace: Path) -> Iterator[None]:
    mask = next((workspace / LABELS).rglob("*.png"))
    content = mask.read_bytes()
    mask.unlink()
    mask.write_bytes(content[:-9])
    yield


@contextmanager
def dangling_link(workspace: Path) -> Iterator[None]:
    rmtree(workspace / LABELS)
    (workspace / LABELS).symlink_to(workspace / "nowhere")
    yield
    (workspace / LABELS).unlink()


@contextmanager
def from_the_future(workspace: Path) -> Iterator[None]:
    for path in (workspace / LABELS).rglob("*.png"):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
        os.utime(path, (4e9, 4e9))
    yield


@contextmanager
def answers_folder(workspace: Path) -> Iterator[None]:
    path = workspace / "data/answers/r1.jsonl"
    content = path.read_bytes()
    path.unlink()
    path.mkdir()
    yield
    path.rmdir()
    path.write_bytes(content)


@contextmanager
def dead_lock(workspace: Path) -> Iterator[None]:
    table = {str(workspace / LABELS): {"pid": 999_999_999, "cmd": "dvc repro"}}
    (workspace / ".dvc/tmp/rwlock").write_text(dumps({path: {"write": holder} for path, holder in table.items()}))
    yield


def address(variable: str, path: str, silent: bool) -> Callable[[Path], Any]:
    """A server's address at which nobody listens, or one that takes calls and never answers."""

    @contextmanager
    def breaks(_: Path) -> Iterator[dict[str, str]]:
        with ExitStack() as stack:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            if silent:
                listener.listen(50)
            else:
                stack.close()
            yield {variable: f"http://127.0.0.1:{port}{path}"}

    return breaks


def variable(name: str, value: str) -> Callable[[Path], Any]:
    @contextmanager
    def breaks(_: Path) -> Iterator[dict[str, str]]:
        yield {name: value}

    return breaks


@contextmanager
def other_run(workspace: Path) -> Iterator[None]:
    """Another run has just begun; this one waits for it."""
    other = begin(workspace, *SEGMEND)
    yield
    with suppress(TimeoutExpired):
        other.communicate(timeout=300)


HALF: Callable[[bytes], bytes] = lambda content: content[: len(content) // 2]  # noqa: E731
WITH_PREFECT = ("-m", "flows.cli", "run")

FAULTS = (
    Fault("an object of the cache is corrupt, its output gone", corrupt_object),
    Fault("an object of the cache is missing, its output gone", missing_object),
    Fault("the whole cache is deleted", removed(".dvc/cache")),
    Fault("the cache and all outputs of a round are deleted", removed(".dvc/cache", LABELS, "data/models/r1")),
    Fault("an output is deleted", removed("data/regions")),
    Fault("a label file is cut short by hand", edited_label),
    Fault("a file is added to an output by hand", written(f"{LABELS}/extra.png", lambda _: b"no picture")),
    Fault("an output is a link to nowhere", dangling_link, 2, "a link that leads nowhere"),
    Fault("files are newer than now", from_the_future),
    Fault("a killed dvc left its lock", dead_lock),
    Fault("the folder .work is deleted", removed(".work")),
    Fault("the folder .dvc/tmp is deleted", removed(".dvc/tmp")),
    Fault("dvc.lock is deleted", removed("dvc.lock")),
    Fault("dvc.lock is cut in half", written("dvc.lock", HALF, back=True), 2, "dvc.lock"),
    Fault(
        "dvc.lock has a merge conflict", written("dvc.lock", lambda b: CONFLICT.encode() + b, back=True), 2, "dvc.lock"
    ),
    Fault(
        "params.yaml has a merge conflict",
        written("params.yaml", lambda b: CONFLICT.encode() + b, back=True),
        2,
        "params.yaml",
    ),
    Fault("dvc.yaml has a merge conflict", written("dvc.yaml", lambda b: CONFLICT.encode() + b, back=True), 2, "dvc.yaml"),
    Fault("an answers file is a folder", answers_folder, 2, "r1.jsonl"),
    Fault("an answers file is cut within a line", written("data/answers/r1.jsonl", lambda _: b'{"query": "r1-0', back=True), 2, "r1.jsonl, line 1"),
    Fault("mlflow.db is half made", written("mlflow.db", HALF), 0),
    Fault("mlflow.db is no data base", written("mlflow.db", lambda _: b"nothing" * 999), 0),
    Fault("the MLflow server is gone", address("MLFLOW_TRACKING_URI", "", silent=False), 0),
    Fault("the MLflow server takes calls and never answers", address("MLFLOW_TRACKING_URI", "", silent=True), 0),
    Fault("the Prefect server is gone", address("PREFECT_API_URL", "/api", silent=False), 2, "--no-prefect", WITH_PREFECT),
    Fault(
        "the Prefect server takes calls and never answers",
        address("PREFECT_API_URL", "/api", silent=True),
        2,
        "--no-prefect",
        WITH_PREFECT,
    ),
    Fault("another run works in the workspace", other_run),
    Fault("the folder for temporary files is not there", variable("TMPDIR", "/nowhere/at/all")),
    Fault("there is no home folder", variable("HOME", "/nowhere/at/all")),
    Fault("numbers are written with a comma here", variable("LC_ALL", "de_DE.UTF-8")),
)  # fmt: skip


def trial(fault: Fault, workspace: Path) -> dict[str, Any]:
    """Break, run, take back, run: what the first run said and whether the last one left the same bytes."""
    before = bytes_of(workspace)
    forget(workspace, "report")  # so that something is to be done
    stale_lock = (workspace / "dvc.lock").read_bytes()
    since = monotonic()
    with fault.breaks(workspace) as more:
        process = begin(workspace, *fault.command, **(more or {}))
        try:
            output = process.communicate(timeout=600)[0]
        except TimeoutExpired:
            process.kill()
            output = process.communicate()[0] + "\nit did not end within ten minutes"
    seconds = monotonic() - since
    if not (workspace / "dvc.lock").is_file():
        (workspace / "dvc.lock").write_bytes(stale_lock)
    last = begin(workspace, *SEGMEND)
    ending = last.communicate(timeout=600)[0]
    equal = last.returncode == 0 and bytes_of(workspace) == before
    lines = [line for line in output.strip().splitlines() if line.strip()]
    sentence = next((line for line in lines if fault.words and fault.words in line), lines[-1] if lines else "")
    passed = process.returncode == fault.exit and fault.words in output and "Traceback" not in output and equal
    row = {
        "kind": "fault",
        "name": fault.name,
        "exit": process.returncode,
        "sentence": sentence.replace(str(workspace), ".")[:240],
    }
    row |= {"seconds": round(seconds, 1), "equal": equal, "passed": passed}
    return row if passed else row | {"output": output[-1500:], "ending": ending[-500:]}
