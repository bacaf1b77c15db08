"""Run a Python module in a process group that dies with the process that started it, even when that one is killed -9.

Called as `python parent_death.py PARENT_PID MODULE ARGUMENTS...`, as the leader of its own session. On Linux the kernel sends
a signal when the parent is gone; elsewhere a thread checks once a second. Then the whole group is killed: the shell that dvc
starts and the stage inside it would not notice. It serves any command: a stage of your own, the Prefect server.

Stages check a second time (watch_runner in segmend/stage/command.py): the leader of the group is dvc, so when dvc and the runner
are killed together, nobody is left to kill the group, and the stage must end by itself.
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
    if os.getppid() != parent:  # it died before the signal was set up
        _kill_group()


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    sys.argv = sys.argv[2:]
    sys.path[0] = os.getcwd()  # as `python -m` has it, not the folder of this file
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
