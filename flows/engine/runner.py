"""Run the stages of dvc.yaml: plan, lock, run one stage as `dvc repro -s`, pass its output on, report the outcome.

No Prefect, no MLflow, no torch. The command line, the Prefect flow and the tests all use this class. DVC decides what is
stale and writes dvc.lock, so a plain `dvc repro` gives the same files at any time.
"""

import json
import os
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from flows.engine import child_process, device_locks, disk_space, plan, spool
from flows.engine.fork_server import ForkServer, server_for
from flows.engine.plan import Plan, Stage
from flows.environment import without_secrets
from flows.files.params_file import make_answers_files
from flows.files.workspace_files import params

USER_MISTAKE, WAITING = 2, 75  # exit codes of a stage with a meaning of their own (segmend/stage/command.py)
TAIL = 20  # last lines kept of each stage


@dataclass(frozen=True)
class Outcome:
    """What became of a stage: Cached, Restored, Completed, Drifted (done, but nothing may use it yet), Waiting, Failed, TimedOut or NotStarted.

    `code` is the stage's own exit code where it reported one, `tail` its last lines, `sentence` its reason.
    """

    stage: str
    what: str
    seconds: float = 0.0
    code: int = 0
    tail: tuple[str, ...] = ()
    sentence: str = ""

    @property
    def fine(self) -> bool:
        return self.what in ("Cached", "Restored", "Completed")

    @property
    def waits(self) -> bool:
        """For people: for their answers, or for a look at data that has drifted. It is no failure."""
        return self.what in ("Waiting", "Drifted")


class Listener:
    """What is notified of a stage: the terminal, Prefect's log, the tracking. Called from several threads."""

    def starting(self, stage: Stage, folder: Path) -> dict[str, str]:
        """A stage is about to be executed with this spool folder; what is returned goes into its environment."""
        return {}

    def line(self, stage: str, text: str) -> None: ...

    def item(self, stage: str, item: dict[str, Any]) -> None: ...

    def ended(self, stage: Stage, outcome: Outcome, folder: Path | None) -> None:
        """Called for each start of a stage, and for one that needed none (`folder` is then None)."""


class Runner:
    """The stages of one workspace. Use it in a `with`: entering waits until no other run works there."""

    def __init__(
        self,
        root: Path,
        jobs: int | None = None,
        say: Callable[[str], None] = print,
        after: Callable[[Iterable[str]], str] = lambda outs: "",
        server: ForkServer | None = None,
    ):
        """`after` is asked after each stage, with its outputs, why nothing that needs them may start; "" lets the run go on. `server` is
        one that the caller has started and ends."""
        self.root = root.resolve()
        self.outcomes: dict[str, Outcome] = {}
        self.session = f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._say, self._after = say, after
        self._jobs = threading.BoundedSemaphore(jobs or max(2, (os.cpu_count() or 2) // 2))
        self._stop = threading.Event()
        self._came_from = self.root
        self._server, self._own_server = server, server is None
        work = self.root / ".work"
        self._lock, self._holder = FileLock(work / "runner.lock", thread_local=False), work / "runner.json"

    def __enter__(self) -> "Runner":
        self._holder.parent.mkdir(exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            self._say(f"Another run{self._who()} works in this workspace; waiting for it to end.")
            self._lock.acquire()
        self._holder.write_text(json.dumps({"pid": os.getpid(), "since": time.strftime("%H:%M:%S")}))
        # A killed dvc leaves its entry, and a new process with the same number would block every stage; no run is alive now.
        (self.root / ".dvc" / "tmp" / "rwlock").unlink(missing_ok=True)
        self._came_from = Path.cwd()
        os.chdir(self.root)  # DVC's run-cache reads paths from the current folder
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.stop()
        os.chdir(self._came_from)
        if self._server is not None and self._own_server:
            self._server.close()
            self._server = None
        self._holder.unlink(missing_ok=True)
        self._lock.release()

    def _who(self) -> str:
        try:
            holder = json.loads(self._holder.read_text())
        except (OSError, ValueError):  # it has just taken the lock, or just ended
            return ""
        return f" (process {holder['pid']}, since {holder['since']})"

    def stop(self) -> None:
        """End the stages that run; those that wait do not start."""
        self._stop.set()

    def plan(self, target: str | None = None, force: Iterable[str] = ()) -> Plan:
        """Plan; a round that was written into params.yaml by hand gets its file of answers, empty, as DVC depends on it."""
        make_answers_files(self.root, params(self.root).get("rounds") or ())
        todo = plan.read_plan(self.root).force(force).select(target)
        if todo.stale and (remark := disk_space.remark(self.root, todo)):
            self._say(remark)
        return todo

    def prepare(self, todo: Plan) -> None:
        """Start what the stages run in. Call it in the thread that entered the `with`, before the first of them."""
        if todo.stale and self._server is None:
            self._server = server_for(self.root, todo)

    def run_all(self, todo: Plan, listeners: Sequence[Listener] = (), force: Iterable[str] = ()) -> dict[str, Outcome]:
        """Run a plan; independent branches side by side. After a failure its dependants do not start, others go on."""
        self.prepare(todo)
        forced = {name for target in force for name in todo.names(target)}
        waiting, running = dict(todo.stages), dict[Future[Outcome], str]()
        with ThreadPoolExecutor(max(1, len(waiting))) as pool:
            try:
                while waiting or running:
                    for name, stage in list(waiting.items()):
                        if all(other in self.outcomes for other in stage.upstream if other in todo.stages):
                            running[pool.submit(self.run_stage, waiting.pop(name), listeners, name in forced)] = name
                    for future in wait(running, timeout=0.5, return_when=FIRST_COMPLETED).done:
                        running.pop(future)
                        future.result()
            except BaseException:
                self.stop()  # before the pool waits for its threads
                raise
        return self.outcomes

    def run_stage(self, stage: Stage, listeners: Sequence[Listener] = (), force: bool = False) -> Outcome:
        """Run one stage if it is stale, with the retries of its `meta: {retries: n}`, and remember what became of it."""
        blocked = [name for name in stage.upstream if name in self.outcomes and not self.outcomes[name].fine]
        if blocked:
            outcome = Outcome(stage.name, "NotStarted", sentence=f"needs {', '.join(blocked)}")
        elif not force and (stage.fresh or (stage.only_upstream and not plan.is_stale(self.root, stage.name))):
            outcome = Outcome(stage.name, "Cached")
        else:
            outcome = self._attempts(stage, listeners, force)
        if outcome.fine and (sentence := self._after(stage.outs)):
            outcome = replace(outcome, what="Drifted", code=WAITING, sentence=sentence)
        self.outcomes[stage.name] = outcome
        if outcome.what in ("NotStarted", "Cached", "Drifted"):
            for listener in listeners:
                listener.ended(stage, outcome, None)
        return outcome

    def _attempts(self, stage: Stage, listeners: Sequence[Listener], force: bool) -> Outcome:
        """Trying again helps against crashes, not against a user's mistake, missing answers or a stop."""
        tries = 1 + int(stage.meta.get("retries", 0))
        for attempt in range(tries):
            outcome = self._execute(stage, attempt, listeners, force)
            if outcome.what not in ("Failed", "TimedOut") or outcome.code == USER_MISTAKE or self._stop.is_set():
                break
        return outcome

    def _execute(self, stage: Stage, attempt: int, listeners: Sequence[Listener], force: bool) -> Outcome:
        """One `dvc repro -s`. Held meanwhile: the devices that the stage wants."""
        messages = DvcMessages(stage.name)

        def pass_line(text: str) -> None:
            text = without_secrets(text)
            if messages.add(text):
                for listener in listeners:
                    listener.line(stage.name, text)

        def pass_item(item: dict[str, Any]) -> None:
            for listener in listeners:
                listener.item(stage.name, item)

        env = child_process.with_own_python(dict(os.environ))
        with (
            device_locks.held(stage.meta.get("device", False), env, pass_line, self._stop.is_set) as device,
            self._jobs,
        ):
            begin = time.monotonic()
            folder = spool.make(self.root, self.session, stage.name, attempt)
            env |= device | {"SEGMEND_SPOOL": str(folder), "SEGMEND_RUNNER_PID": str(os.getpid())}
            if force or not plan.can_restore(self.root, stage.name):
                for listener in listeners:
                    env |= listener.starting(stage, folder)
            assert self._server is not None, "prepare() comes first"
            command = ["--wait-for-lock", "repro", "-s", *["-f"] * force, stage.name]
            with spool.Tail(folder, pass_item) as tail:
                while True:
                    process = self._server.dvc(command, env)
                    code, timed_out = child_process.follow(process, pass_line, stage.meta.get("timeout"), self._stop)
                    if not (code and messages.busy) or self._stop.wait(2):
                        break
                    messages = DvcMessages(
                        stage.name
                    )  # another `dvc repro` of the user's holds these files; it will end
        outcome = messages.outcome(code, timed_out, tail.outcome, self._stop.is_set(), time.monotonic() - begin)
        for listener in listeners:
            listener.ended(stage, outcome, folder)
        if not (folder / spool.PENDING).exists():
            spool.drop(folder)
        return outcome


class DvcMessages:
    """The output of DVC and of the stage, parsed for the outcome. The first of DVC's three messages counts: the stage's own
    output comes after it."""

    IGNORED = (
        "Updating lock file",
        "Generating lock file",
        "To track the changes with git",
        "\tgit add ",
        "To enable auto staging",
        "\tdvc config core.autostage",
        "Use `dvc push`",
        "Running stage '",
        "> ",
    )

    def __init__(self, name: str):
        self.tail: deque[str] = deque(maxlen=TAIL)
        self.busy = False
        self.what = ""
        self._outcomes = {
            f"Running stage '{name}'": "Completed",
            f"Stage '{name}' is cached - skipping run": "Restored",
            f"Stage '{name}' didn't change": "Cached",
            f"'{name}' didn't change": "Cached",
        }

    def add(self, text: str) -> bool:
        """Note one line; false if it is one of DVC's that say nothing about this stage."""
        if not self.what:
            self.what = next((what for start, what in self._outcomes.items() if text.startswith(start)), "")
            self.busy = self.busy or "is busy, it is being blocked by" in text
        waits = text.startswith("ERROR: failed to reproduce") and text.endswith(f"exited with {WAITING}")  # no error
        if not text.strip() or text.startswith(self.IGNORED) or waits:
            return False
        self.tail.append(text)
        return True

    def outcome(
        self, code: int, timed_out: bool, reported: dict[str, Any] | None, stopped: bool, seconds: float
    ) -> Outcome:
        """`reported` is the stage's outcome line: dvc's own exit code is 255 for every failure."""
        name = next(iter(self._outcomes)).split("'")[1]
        reported = reported or {}
        inner, sentence = int(reported.get("exit", 1)), str(reported.get("message", ""))
        made = partial(Outcome, name, seconds=seconds, tail=tuple(self.tail))
        if code == 0:
            return made(self.what or "Restored")  # no sentence: an import or a frozen stage, updated without a command
        if timed_out:
            return made("TimedOut", code=1, sentence=f"stopped after {seconds:.0f} s, the time-out in its meta")
        if stopped:
            return made("Failed", code=130, sentence="stopped from outside")
        if not sentence and any("No space left on device" in line for line in self.tail):
            inner, sentence = USER_MISTAKE, "the disk is full; free space and run again, what was finished is kept"
        if inner == WAITING:
            return made("Waiting", code=WAITING, sentence=sentence)
        return made("Failed", code=inner or 1, sentence=sentence or f"ended with exit code {inner or 1}")
