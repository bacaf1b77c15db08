"""One stage per GPU, two on a CPU, over all workspaces of a user: a file lock per slot, freed when its holder dies."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

CPU = ["cpu", "cpu-2"]  # training leaves a core to its data loader, so a second stage beside it costs it little


def devices(env: dict[str, str]) -> list[str]:
    """What a stage may ask for: "cuda:ID" for each visible GPU, else "mps" or the CPU's slots as SEGMEND_DEVICE says.

    Asks nvidia-smi, not torch, whose import costs seconds and hundreds of megabytes in a process that only waits.
    """
    wanted = env.get("SEGMEND_DEVICE", "auto")
    if wanted in ("cpu", "mps"):
        return CPU if wanted == "cpu" else [wanted]
    gpus = [f"cuda:{number}" for number in _visible_gpus(env)]
    if wanted.startswith("cuda:"):  # the N-th of the visible ones, as torch counts
        number = int(wanted.removeprefix("cuda:"))
        return gpus[number : number + 1] or [wanted]
    return gpus or CPU


def _visible_gpus(env: dict[str, str]) -> list[str]:
    if "CUDA_VISIBLE_DEVICES" in env:
        return [part.strip() for part in env["CUDA_VISIBLE_DEVICES"].split(",") if part.strip() not in ("", "-1")]
    if shutil.which("nvidia-smi") is None:
        return []
    answer = subprocess.run(
        ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return answer.stdout.split() if answer.returncode == 0 else []


def lock_folder() -> Path:
    """Private to the user and the same for all workspaces."""
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(base) / f"segmend-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def held(
    wanted: bool | int | str, env: dict[str, str], say: Callable[[str], None], stopped: Callable[[], bool]
) -> Iterator[dict[str, str]]:
    """Hold as many devices as the stage's `meta: {device: ...}` says (false, true, a number, "all"); yields the
    environment that shows the stage these alone. Waits for busy ones, with one message; gives up when stopped."""
    known = devices(env) if wanted else []
    count = len(known) if wanted == "all" else min(int(wanted), len(known))
    with ExitStack() as stack:
        mine: list[str] = []
        announced = False
        while len(mine) < count and not stopped():
            for device in known:
                lock = FileLock(lock_folder() / f"{device.replace(':', '-')}.lock", timeout=0)
                try:
                    if device not in mine:
                        stack.enter_context(lock)
                        mine.append(device)
                except Timeout:
                    continue
                if len(mine) == count:
                    break
            if len(mine) < count:
                stack.close()  # take all or none, so that two stages cannot wait for each other's
                mine.clear()
                if not announced:
                    say(f"waiting for a free device ({', '.join(known)} in use by another stage on this machine)")
                announced = True
                time.sleep(0.2)
        gpus = [device.removeprefix("cuda:") for device in mine if device.startswith("cuda:")]
        yield {"CUDA_VISIBLE_DEVICES": ",".join(gpus), "SEGMEND_DEVICE": "cuda"} if gpus else {}
