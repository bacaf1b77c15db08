"""Start a module of tasks that is no stage, and say what it said."""

import subprocess
import sys
from pathlib import Path

from flows.environment import UserError

USER_MISTAKE = 2  # exit code of a module that met a user's mistake: one sentence on stderr


def run_module(root: Path, module: str, words: list[str], mistake: str) -> None:
    """`python -m module words` in the workspace, its output hidden.

    Raises UserError with `mistake`, in which {} is the sentence, for a user's mistake, and RuntimeError with all that it said for any
    other failure.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *words], cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    if done.returncode == USER_MISTAKE:
        raise UserError(mistake.format(done.stderr.strip()))
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr}")
