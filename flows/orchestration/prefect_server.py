"""Which Prefect server a run talks to: the one you named, the one of `segmend ui --prefect`, or one for this run alone.

A temporary server is a child that dies with us (flows/engine/parent_death.py); Prefect's own would outlive a killed flow. Its data base is
the workspace's, so the dashboard shows its runs later.
"""

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPException
from pathlib import Path

from flows.engine import child_process
from flows.environment import UserError, without_secrets


def free_port(wanted: int | None = None) -> int:
    """`wanted` if it is free, else any."""
    for port in (wanted, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise UserError("No free network port on this machine.")


def answers(api: str) -> bool:
    try:
        with urllib.request.urlopen(f"{api.rstrip('/')}/health", timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, ValueError, HTTPException):  # URLError is an OSError
        return False


def _note(root: Path) -> Path:
    return root / ".work" / "prefect" / "server.json"


def running(root: Path) -> str | None:
    """The address of a server that this workspace has up already."""
    try:
        api = str(json.loads(_note(root).read_text())["api"])
    except (OSError, ValueError, KeyError):
        return None
    return api if answers(api) else None


@contextmanager
def started(
    root: Path, port: int | None = None, quiet: bool = True, meanwhile: Callable[[], object] = bool
) -> Iterator[str]:
    """A server of our own; yields its API address once it answers (5 s; 13 s the first time, when it makes its data base).
    `meanwhile` is done while it starts."""
    port = free_port(port)
    api = f"http://127.0.0.1:{port}/api"
    home = Path(os.environ["PREFECT_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    env = child_process.with_own_python({**os.environ, "PREFECT_API_URL": api})
    if quiet:
        env["PREFECT_SERVER_UI_ENABLED"] = "false"  # nobody would look for the minute that it lives
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(
            child_process.guarded("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)),
            cwd=root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        meanwhile()
        limit = time.monotonic() + float(os.environ.get("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180"))
        while not answers(api):
            if server.poll() is not None or time.monotonic() > limit:
                raise UserError(
                    f"The Prefect server did not start; see {home / 'server.log'}, or run with --no-prefect."
                )
            time.sleep(0.1)
        _note(root).parent.mkdir(parents=True, exist_ok=True)
        _note(root).write_text(json.dumps({"api": api, "pid": server.pid}))
        yield api
    finally:
        _note(root).unlink(missing_ok=True)
        child_process.end_group(server)


def probe(api: str) -> None:
    """Raise a UserError unless a server answers there within 5 s: a client of Prefect would try for minutes."""
    if not (answers(api) or answers(api)):
        raise UserError(
            f"No Prefect server answers at {without_secrets(api)} (PREFECT_API_URL). Start it, unset the variable, or run with "
            "--no-prefect."
        )


@contextmanager
def at_hand(
    root: Path, port: int | None = None, quiet: bool = True, meanwhile: Callable[[], object] = bool
) -> Iterator[str]:
    """The server to use, named in PREFECT_API_URL; a UserError if the one that is named there does not answer.
    Call before prefect is imported: it reads the variable then."""
    api = os.environ.get("PREFECT_API_URL") or running(root)
    with ExitStack() as stack:
        if api is None:
            port = free_port(port)
            os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
            stack.callback(os.environ.pop, "PREFECT_API_URL", None)
            api = stack.enter_context(started(root, port, quiet, meanwhile))
        else:
            probe(api)
            os.environ["PREFECT_API_URL"] = api
        yield api
