"""DVC loaded once for a whole run: a process that forks for every `dvc repro -s`, and once more for the stage in it.

Loading DVC takes a second, loading torch two, and a run has a dozen stages or more. The server loads both once and runs nothing itself. It
starts no thread; those that OpenBLAS and jemalloc start are idle, and these libraries expect a fork. A fork is what a process of its own
would be: the same arguments, environment, folder and output, in a session of its own, which ends with the server as the server ends with
the runner.

A stage is forked where its command is plain `python -m tasks.NAME ...`; any other is started as DVC starts it. Nothing of this reaches
dvc.lock: plain `dvc repro` gives the same files.
"""

import gc
import importlib
import json
import os
import runpy
import shlex
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import IO, Any, NamedTuple

from flows.engine import child_process
from flows.engine.lock_file import LockWriter
from flows.engine.parent_death import die_with
from flows.engine.plan import Plan

START = "import sys; sys.path[0] = sys.argv[1]; from flows.engine.fork_server import serve; sys.exit(serve()())"
NUMBER = struct.Struct("i")  # the number of a process, then its exit code
LENGTH = struct.Struct("I")  # of a request
OURS = "tasks."
# What most stages that want a device load; torch takes 1.5 s, pandas (through pyarrow) 0.5 s, torch._dynamo, which the first optimizer of a
# process loads, 1.1 s of CPU time in each training and each correction with a classifier.
PRELOADED = (
    "torch", "pandas", "pyarrow.parquet", "scipy.ndimage", "scipy.sparse.csgraph", "skimage.measure", "PIL.Image", "pydantic", "jaxtyping",
    "ruamel.yaml", "tqdm", "torch.utils.data", "safetensors.torch", "joblib", "torch._dynamo",
)  # fmt: skip
DVC = (  # from dvc.repo.plots on: what it loads only when it has opened a repository
    "dvc.repo.reproduce", "dvc.stage.run", "dvc.stage.cache", "dvc.dvcfile", "dvc_data.index",
    "dvc.repo.plots", "dvc.repo.metrics", "dvc.repo.stage", "dvc.utils.strictyaml", "dvc.lock", "dvc.rwlock", "scmrepo.git", "dvc_render",
)  # fmt: skip
SHELL = set("$`\\*?[{~#!();<>|&\n")  # what means something to a shell, at least outside quotes


class Forked:
    """A process that the server forked, with what subprocess.Popen has of one."""

    def __init__(self, status: int, stdout: IO[str]):
        self.returncode: int | None = None
        self.stdout: IO[str] | None = stdout
        self._status = status
        self.pid = self._number()

    def poll(self) -> int | None:
        if self.returncode is None and wait([self._status], 0):
            self.returncode = self._number()
            os.close(self._status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended; subprocess.TimeoutExpired after so many seconds."""
        if self.returncode is None and not wait([self._status], timeout):
            raise subprocess.TimeoutExpired("dvc", timeout or 0.0)
        return self.poll() or 0

    def _number(self) -> int:
        data = os.read(self._status, NUMBER.size)
        return int(NUMBER.unpack(data)[0]) if data else -signal.SIGKILL  # the server died, and what it forked with it


class ForkServer:
    """The server of one run. Start it from a thread that outlives its stages: Linux ends it with that thread."""

    def __init__(self, root: Path, env: dict[str, str], preload: Iterable[str] = ()):
        """`preload` are modules that stages want; they are loaded while nothing else is asked for."""
        self._one_at_a_time = threading.Lock()
        self._connection, theirs = socket.socketpair()
        with theirs:
            code = str(Path(__file__).resolve().parents[2])
            self._process = subprocess.Popen(
                [sys.executable, "-c", START, code, str(os.getpid()), str(theirs.fileno()), *preload],
                cwd=root,
                env={**env, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def dvc(self, arguments: list[str], env: dict[str, str]) -> Forked:
        """Start `dvc arguments`; the result's `stdout` is all that it and its stage print."""
        content = json.dumps({"arguments": arguments, "env": {**env, "PYTHONUNBUFFERED": "1"}}).encode()
        output, their_output = os.pipe()
        status, their_status = os.pipe()
        try:
            with self._one_at_a_time:
                socket.send_fds(self._connection, [LENGTH.pack(len(content))], [their_output, their_status])
                self._connection.sendall(content)
        except OSError as error:
            raise RuntimeError(f"the process that runs DVC has ended ({self._process.poll()}); run again") from error
        finally:
            os.close(their_output)
            os.close(their_status)
        return Forked(status, open(output, encoding="utf-8", errors="replace"))

    def close(self) -> None:
        self._connection.close()  # which ends it
        self._process.wait()


def server_for(root: Path, todo: Plan) -> ForkServer:
    """The server of a run; it loads what the stages want where that pays."""
    several = sum(bool(stage.meta.get("device")) for stage in todo.stale) > 2  # for fewer it gains nothing
    preload = PRELOADED if several and sys.platform == "linux" else ()  # forks with torch are not safe on macOS
    return ForkServer(root, child_process.with_own_python(dict(os.environ)), preload)


class Request(NamedTuple):
    arguments: list[str]
    env: dict[str, str]
    output: int
    status: int


def serve() -> Callable[[], object]:
    """The server: forks for every request until the other end of its socket is closed. It returns once in every process: what that
    has to do."""
    _, parent, number, *preload = sys.argv[1:]
    sys.path[0] = os.getcwd()  # as `python -m` has it
    die_with(int(parent))
    connection = socket.socket(fileno=int(number))
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # else nothing would be written to `wake`
    signal.set_wakeup_fd(wake)
    load_dvc()
    children: dict[int, int] = {}  # the file that wants the exit code of each
    while True:
        while preload and not wait([connection, woken], 0):
            importlib.import_module(preload.pop(0))
            gc.freeze()  # memory that no collection touches stays shared
        ready = wait([connection, woken])
        if woken in ready:
            os.read(woken, 4096)
            for pid, status in ended(children):
                with suppress(BrokenPipeError):
                    os.write(children[pid], NUMBER.pack(os.waitstatus_to_exitcode(status)))
                os.close(children.pop(pid))
        if connection not in ready:
            continue
        request = received(connection)
        if request is None:
            return int
        server, pid = os.getpid(), os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            connection.close()
            for file in (woken, wake, request.status, *children.values()):
                os.close(file)
            return dvc_or_stage(request, server)
        os.close(request.output)
        os.write(request.status, NUMBER.pack(pid))
        children[pid] = request.status


def load_dvc() -> None:
    """What `dvc repro` loads, with the parsers of its commands."""
    for name in DVC:
        importlib.import_module(name)
    importlib.import_module("dvc.cli.parser").get_main_parser()


def received(connection: socket.socket) -> Request | None:
    """The next request, with its open files; None at the end."""
    data, files, *_ = socket.recv_fds(connection, LENGTH.size, 2)
    if not data:
        return None
    content, (length,) = b"", LENGTH.unpack(data)
    while len(content) < length:
        content += connection.recv(length - len(content))
    return Request(**json.loads(content), output=files[0], status=files[1])


def ended(children: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The number and wait status of every child that has ended."""
    for pid in list(children):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            yield pid, status


def dvc_or_stage(request: Request, server: int) -> Callable[[], object]:
    """Two processes: the leader of the session will run DVC; the other waits for the stage's command, forked before DVC holds
    anything that a second process must not have."""
    os.setsid()
    die_with(server)
    for standard in (1, 2):
        os.dup2(request.output, standard)
    os.close(request.output)
    command, give = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(give)
        return partial(run_stage, command)
    os.close(command)
    return partial(run_dvc, request, pid, give)


def run_dvc(request: Request, stage: int, give: int) -> int:
    become(["dvc", *request.arguments], request.env, os.getcwd())
    module: Any = importlib.import_module("dvc.stage.run")
    module._run = command = StageCommand(module._run, stage, give)
    files: Any = importlib.import_module("dvc.dvcfile")
    files.modify_yaml = LockWriter(files.modify_yaml)
    code = int(importlib.import_module("dvc.cli").main(request.arguments))
    command.dismiss()
    return code


def run_stage(command: int) -> None:
    with open(command, "rb") as pipe:
        content = pipe.read()
    if not content:  # DVC had nothing to run, or ran it itself
        os._exit(0)
    given = json.loads(content)
    become(**given)
    runpy.run_module(given["arguments"][0], run_name="__main__", alter_sys=True)


def become(arguments: list[str], env: dict[str, str], folder: str) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.path[0], sys.argv = folder, arguments
    with suppress(OSError):  # Linux has it: `top` and `ps -o comm` show which process is which stage
        Path("/proc/self/comm").write_text(" ".join(arguments[:2]))


class StageCommand:
    """In place of DVC's own start of a shell."""

    def __init__(self, as_dvc_does: Callable[..., None], stage: int, give: int):
        self._as_dvc_does, self._stage, self._give = as_dvc_does, stage, give

    def __call__(self, executable: str, cmd: str, **process: Any) -> None:
        arguments = module_of(cmd) if self._stage else []
        if not arguments:
            self._as_dvc_does(executable, cmd, **process)
            return
        given = {"arguments": arguments, "env": dict(process["env"]), "folder": str(process["cwd"])}
        stage, self._stage = self._stage, 0  # it takes one command
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the stage's matter, as in DVC
        with open(self._give, "wb") as pipe:
            pipe.write(json.dumps(given).encode())
        code = os.waitstatus_to_exitcode(os.waitpid(stage, 0)[1])
        signal.signal(signal.SIGINT, before)
        if code:
            raise importlib.import_module("dvc.stage.exceptions").StageCmdFailedError(cmd, code)

    def dismiss(self) -> None:
        """End the process that still waits for a command: left behind, it would be a zombie in a container, where nobody collects them."""
        if self._stage:
            os.close(self._give)
            os.waitpid(self._stage, 0)


def module_of(cmd: str) -> list[str]:
    """The module and arguments of `python -m tasks.NAME ...`; none where a shell has more to do than take off quotes."""
    if SHELL & set(cmd):
        return []
    try:
        words = shlex.split(cmd)
    except ValueError:  # an open quote
        return []
    return words[2:] if words[:2] == ["python", "-m"] and len(words) > 2 and words[2].startswith(OURS) else []
