"""Random kills: a stage is started anew, something of it is killed at a random moment, again and again; then it must end with the same bytes."""

from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from os import kill, readlink
from pathlib import Path
from random import Random
from shutil import rmtree
from signal import SIGINT, SIGKILL, SIGTERM, Signals
from subprocess import PIPE, STDOUT, Popen, TimeoutExpired
from sys import executable, prefix
from time import monotonic, sleep
from typing import Any

from ruamel.yaml import YAML

from tests.pipeline import ENVIRONMENT, edit, lock, run
from tests.toys import clone

# Settings with which kills meet checkpoints: training of 12 epochs that saves its state every second.
SETTINGS = {"train": {"epochs": 12}, "pretrain": {"epochs": 4}, "pretraining": {"contrastive": {}}}
STAGES = (
    "ingest", "superpixelize", "pseudo_label", "pretrain@contrastive", "train@r0", "train@r1", "query@r1", "correct@r1",
    "evaluate@r1", "report",
)  # fmt: skip
VICTIMS = ("flow", "dvc", "stage")
KILLS = 5  # of one stage, before it may end
# How a run is begun: the command with its tracking, the runner alone, DVC alone. The lighter ones are begun more often.
RUNNER = """
import sys
from pathlib import Path
from flows.engine.runner import Runner
with Runner(Path.cwd()) as runner:
    outcomes = runner.run_all(runner.plan(*sys.argv[1:]))
for outcome in outcomes.values():
    if not outcome.fine:
        print(f"{outcome.stage}: {outcome.what}. {outcome.sentence}")
sys.exit(any(not outcome.fine for outcome in outcomes.values()))
"""
STARTS = {
    "segmend": ("-m", "flows.cli", "run", "--no-prefect", "--target"),
    "runner": ("-c", RUNNER),
    "dvc": ("-m", "dvc", "repro", "--single-item"),
}
SIGNALS = (SIGKILL, SIGKILL, SIGTERM, SIGINT)  # half of them cannot be caught


def prepared(folder: Path, settings: dict[str, Any] | None = None) -> Path:
    """A workspace of toy images in which everything ran once; made unless it is there."""
    if not (folder / "ready").exists():
        rmtree(folder, ignore_errors=True)
        (folder / "workspace").mkdir(parents=True)
        workspace = clone(folder / "workspace")
        edit(workspace, SETTINGS if settings is None else settings)
        run(workspace)
        (folder / "ready").touch()
    return folder / "workspace"


def bytes_of(workspace: Path) -> str:
    """A digest of everything that the stages made, but for their records, and of what dvc.lock says of it."""
    digest = sha256(repr(sorted(lock(workspace).items())).encode())
    for top in ("data", "metrics"):
        for path in sorted(path for path in (workspace / top).rglob("*") if path.is_file()):
            digest.update(str(path.relative_to(workspace)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def begin(workspace: Path, *words: str, **more: str) -> Popen:
    """Python with these words in the workspace, and more environment variables; its stages wait for no devices of others."""
    environment = {**ENVIRONMENT, "SEGMEND_CHECKPOINT": "1", "XDG_RUNTIME_DIR": str(workspace / ".work"), **more}
    return Popen([executable, *words], cwd=workspace, env=environment, stdout=PIPE, stderr=STDOUT, text=True)


def processes(workspace: Path) -> Iterator[tuple[int, str]]:
    """Number, command line and own name (of a fork) of every process that works in this workspace."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if readlink(entry / "cwd") == str(workspace):
                    words = (entry / "cmdline").read_bytes() + (entry / "comm").read_bytes()
                    yield int(entry.name), words.replace(b"\0", b" ").replace(b"\n", b" ").decode(errors="replace")


def victim_of(workspace: Path, victim: str, flow: int) -> int | None:
    """The process to kill, if it runs by now."""
    if victim == "flow":
        return flow
    word = "tasks." if victim == "stage" else " repro "
    return next((number for number, words in processes(workspace) if word in words and number != flow), None)


def forget(workspace: Path, stage: str) -> None:
    """Take a stage out of dvc.lock and out of the run cache, so that it must be executed."""
    yaml = YAML()
    content = yaml.load(workspace / "dvc.lock")
    content["stages"].pop(stage, None)
    yaml.dump(content, workspace / "dvc.lock")
    rmtree(workspace / ".dvc/cache/runs", ignore_errors=True)


def killed(workspace: Path, begun: str, stage: str, victim: str, number: Signals, delay: float) -> dict[str, Any]:
    """One run of the stage, with `victim` killed `delay` seconds after it began to run."""
    flow: Popen = begin(workspace, *STARTS[begun], stage)
    target, limit = None, monotonic() + 120
    while target is None and flow.poll() is None and monotonic() < limit:
        target = victim_of(workspace, victim, flow.pid)
        sleep(0.02)
    end = monotonic() + delay
    while flow.poll() is None and monotonic() < end:
        sleep(0.01)
    met = target is not None and flow.poll() is None
    if met:
        with suppress(ProcessLookupError):
            kill(target, number)
    output = flow.communicate(timeout=600)[0]
    limit = monotonic() + 15
    while (left := list(processes(workspace))) and monotonic() < limit:
        sleep(0.1)
    return {
        "met": met,
        "exit": flow.returncode,
        "traceback": "Traceback" in output,
        "said": (output.strip().splitlines() or [""])[-1].replace(f"{prefix}/", "").replace(f"{workspace}/", "")[:300],
        "left": len(left),
    }


def trial(number: int, workspace: Path, seconds: dict[str, float]) -> list[dict[str, Any]]:
    """KILLS kills of one stage, then a run to the end; a row for each kill."""
    random = Random(number)
    stage = STAGES[number % len(STAGES)]
    before = bytes_of(workspace)
    forget(workspace, stage)
    rows = []
    for _ in range(KILLS):
        victim, signal = random.choice(VICTIMS), random.choice(SIGNALS)
        delay = random.random() * seconds.get(stage, 5.0)
        begun = random.choice(
            ("runner", "runner", "runner", "segmend") if victim == "flow" else ("runner", "dvc", "dvc")
        )
        rows.append({"stage": stage, "begun": begun, "victim": victim, "signal": signal.name, "delay": round(delay, 2)})
        rows[-1] |= killed(workspace, begun, stage, "flow" if begun == victim else victim, signal, delay)
    since = monotonic()
    last: Popen = begin(workspace, *STARTS["runner"])
    try:
        output = last.communicate(timeout=600)[0]
    except TimeoutExpired:
        last.kill()
        output = "the last run did not end"
    seconds[stage] = min(30.0, 0.5 * (seconds.get(stage, 5.0) + monotonic() - since))
    equal = last.returncode == 0 and bytes_of(workspace) == before
    ending = {"ended": last.returncode, "equal": equal} | ({} if equal else {"ending": output[-1000:]})
    return [{"kind": "kill", "trial": number, **row, **ending} for row in rows]
