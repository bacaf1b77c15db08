"""The command line of every stage: read its settings, fix the seed, run it, write its metrics and its record.

A stage is one function; its keyword-only arguments are its paths, which dvc.yaml names:

    @stage
    def train(settings: Params, seed: int, *, dataset: Path, labels: Path, out: Path) -> dict[str, float]: ...

    python -m tasks.train --dataset data/dataset --labels data/labels/r0 --out data/models/r0 --metrics M --report R

The function returns its metrics (a flat dict of numbers; None where there is no number, with the reason beside it).
A ValueError is a user's mistake: its sentence is shown and the exit code is 2. Waiting (for people's answers) ends with
exit code 75. Any other exception is a defect: traceback, exit code 1. Commands that are no stages end their `main` alike by `user_mistakes`.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from errno import EDQUOT, ENOSPC
from functools import wraps
from inspect import Parameter, getdoc, signature, unwrap
from json import dumps
from os import _exit, environ, getpid, kill
from pathlib import Path
from platform import node
from resource import RUSAGE_SELF, getrusage
from shutil import rmtree
from subprocess import run as call
from threading import Thread
from time import monotonic, sleep
from typing import Any, ParamSpec

from segmend.stage import events, params

USER_MISTAKE, WAITING = 2, 75
Arguments = ParamSpec("Arguments")


class Waiting(Exception):
    """The stage needs answers from people first; the message says how many and where they go."""


def stage(function: Callable[..., dict[str, Any]]) -> Callable[..., int]:
    """Make a stage function a command; call the result with `SystemExit` under `if __name__ == "__main__"`."""

    def command(arguments: list[str] | None = None) -> int:
        chosen = vars(arguments_of(function).parse_args(sys.argv[1:] if arguments is None else arguments))
        watch_runner()
        metrics, report = chosen.pop("metrics"), chosen.pop("report")
        if not first():  # of several processes only the first writes and reports
            metrics = report = None
            environ.pop("SEGMEND_SPOOL", None)
        try:
            run(function, chosen, metrics, report)
        except ValueError as error:
            return end(USER_MISTAKE, str(error))
        except OSError as error:
            if error.errno not in (ENOSPC, EDQUOT):
                raise
            path = error.filename or Path.cwd()
            sentence = (
                f"The disk is full: {path} could not be written. Free space and run again; what was finished is kept."
            )
            return end(USER_MISTAKE, sentence)
        except Waiting as error:
            return end(WAITING, str(error))
        except KeyboardInterrupt:
            return end(130, "interrupted")
        events.send("outcome", exit=0, message="")
        return 0

    command.stage = function  # type: ignore[attr-defined]  # for tests and benchmarks, which call the function itself
    return command


def user_mistakes(main: Callable[Arguments, int]) -> Callable[Arguments, int]:
    """The `main` of a command that is no stage: a ValueError is shown as its sentence, and the exit code is 2."""

    @wraps(main)
    def command(*words: Arguments.args, **named: Arguments.kwargs) -> int:
        try:
            return main(*words, **named)
        except ValueError as error:
            print(error, file=sys.stderr)
            return USER_MISTAKE

    return command


def torchrun() -> bool:
    """Whether torchrun started this process, as one of WORLD_SIZE equal ones."""
    return "TORCHELASTIC_RUN_ID" in environ


def first() -> bool:
    """Whether this process is the only one of its stage, or the first of several."""
    return not torchrun() or environ["RANK"] == "0"


def end(code: int, message: str) -> int:
    with suppress(OSError):  # on a full disk the sentence still reaches the terminal
        events.send("outcome", exit=code, message=message)
    print(message, file=sys.stderr)
    return code


def name_of(function: Callable[..., Any]) -> str:
    """The stage a function belongs to: the name of its folder."""
    function = unwrap(function)  # tests wrap functions to check their shapes
    module = function.__globals__["__spec__"].name if "__spec__" in function.__globals__ else function.__module__
    return module.split(".")[1]


def paths_of(function: Callable[..., Any]) -> list[Parameter]:
    return [p for p in signature(function).parameters.values() if p.kind is Parameter.KEYWORD_ONLY]


def arguments_of(function: Callable[..., Any]) -> ArgumentParser:
    """The command line read off the stage function's signature."""
    parser = ArgumentParser(f"python -m tasks.{name_of(function)}", description=getdoc(function), allow_abbrev=False)
    for path in paths_of(function):
        required = path.default is Parameter.empty
        several = "list" in str(path.annotation)
        parser.add_argument(
            f"--{path.name.replace('_', '-')}",
            type=Path if "Path" in str(path.annotation) else str,
            required=required,
            default=None if required else path.default,
            nargs="+" if several else None,
            metavar="PATH" if "Path" in str(path.annotation) else "NAME",
        )
    parser.add_argument("--metrics", type=Path, metavar="PATH", help="write the stage's metrics here (JSON)")
    parser.add_argument("--report", type=Path, metavar="PATH", help="write the record of this run here (JSON)")
    return parser


def run(function: Callable[..., Any], paths: dict[str, Any], metrics: Path | None, report: Path | None) -> None:
    begin = monotonic()
    events.notes.clear()
    section = name_of(function)
    settings = params.read(section, signature(function).parameters["settings"].annotation)
    for name, path in paths.items():
        # DVC empties outputs before a stage; a stage started by hand must not mix old files with new ones.
        if name.startswith("out") and isinstance(path, Path) and path.is_dir() and first():
            rmtree(path)
    events.params({f"{section}.{key}": value for key, value in flat(settings.model_dump()).items()})
    events.send(
        "inputs", paths=[str(p) for name, p in paths.items() if isinstance(p, Path) and not name.startswith("out")]
    )
    numbers = function(settings, params.seed(), **paths)
    events.metrics(
        {f"{section}.{k}": v for k, v in numbers.items() if isinstance(v, int | float)}, step=step_of(report)
    )
    if metrics:
        write_json(metrics, numbers)
    if report:
        chosen = {f"{section}.{key}": value for key, value in params.departures(settings).items()}
        write_json(report, record(monotonic() - begin, numbers, chosen))


def step_of(report: Path | None) -> int:
    """The round, read off the record's name (reports/train/r2.json is 2), so that dashboards can plot by round."""
    stem = report.stem if report else ""
    return int(stem[1:]) if stem[:1] == "r" and stem[1:].isdigit() else 0


def record(seconds: float, numbers: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    """The one output whose bytes differ per run: who made this, with what settings (departures from the defaults), where, how long it took."""
    peak = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    return {
        "mlflow_run_id": environ.get("SEGMEND_RUN_ID"),
        "git_commit": git("rev-parse", "HEAD"),
        "git_dirty": bool(git("status", "--porcelain", "--untracked-files=no")),
        "host": node(),
        "device": environ.get("SEGMEND_DEVICE", "auto"),
        "precision": environ.get("SEGMEND_PRECISION", "auto"),
        "seconds": round(seconds, 2),
        "peak_memory_mb": round(peak),
        "notes": dict(events.notes),
        "settings": chosen,
        "metrics": numbers,
    }


def git(*words: str) -> str | None:
    answer = call(["git", *words], capture_output=True, text=True)
    return answer.stdout.strip() if answer.returncode == 0 else None


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dumps(content, indent=2) + "\n")


def flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level with dotted names."""
    level: dict[str, Any] = {}
    for key, value in content.items():
        level |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return level


def watch_runner() -> None:
    """End this process when the runner that started it is gone, so that two runs never write the same outputs.

    flows/engine/parent_death.py ends the whole process group of a dead runner. Its leader is dvc: when both are killed together (by the
    kernel for want of memory, or by hand) only this check is left.
    """
    runner = environ.get("SEGMEND_RUNNER_PID", "")
    if not runner or int(runner) == getpid():
        return

    def watch() -> None:
        while True:
            try:
                kill(int(runner), 0)
            except ProcessLookupError:
                _exit(1)
            sleep(0.5)

    Thread(target=watch, daemon=True).start()
