"""Run a Python module in a process group that dies with the process that started it, even when that one is killed -9.

Called as `python parent_death.py PARENT_PID MODULE ARGUMENTS...`, as the leader of its own session. On Linux the kernel tells
us that the parent is gone; elsewhere a thread looks once a second. Then the whole group is killed: the shell that dvc
starts and the stage inside it have no other way to notice.
"""

import ctypes
import os
import runpy
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
GONE = signal.SIGUSR1  # not SIGTERM: that one must reach the stage, which may want to save a checkpoint


def _kill_group(*_) -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    _kill_group()


def die_with(parent: int) -> None:
    signal.signal(GONE, _kill_group)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, GONE)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it died before we began to listen
        _kill_group()


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    sys.argv = sys.argv[2:]
    sys.path[0] = os.getcwd()  # as `python -m` has it, not the folder of this file
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
