"""What `segmend run` does: change params.yaml as the options say, run the flow if anything is stale, find the exit code."""

import atexit
import logging
import os
import sys
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from flows import drift, notify
from flows.commands.workspace import take_data
from flows.display import Display
from flows.engine import raw_data
from flows.engine.fork_server import server_for
from flows.engine.plan import Plan
from flows.engine.runner import USER_MISTAKE, WAITING, Outcome, Runner
from flows.environment import UserError
from flows.files import params_file
from flows.orchestration import prefect_server
from flows.tracking.tracker import Tracker

STAGE_FAILED = 1


def prepare(
    root: Path, data: Path | None, form: str | None, noise: str | None, experiment: str | None, keep_going: bool
) -> None:
    """What the options change in params.yaml, shown."""
    changes: list[str] = []
    remarks: list[str] = []
    if experiment is not None:
        changes.append(params_file.merge_experiment(root, experiment))
        params_file.keep_answers(root, list(params_file.ParamsFile(root).get("rounds") or {}))
    if data is not None:
        difference, remarks = take_data(root, data, form, noise)
        changes.append(difference)
    if keep_going:
        file = params_file.ParamsFile(root)
        file.set("ingest.keep_going", True)
        changes.append(file.save())
    for text in filter(None, changes):
        typer.echo(f"params.yaml changed:\n{text}")
    for remark in remarks:
        typer.echo(remark)


def execute(
    root: Path, console: Console, parameters: dict[str, Any], with_prefect: bool
) -> tuple[Plan, dict[str, Outcome], str]:
    """Plan; if anything is stale run it, through Prefect or not. Prefect and MLflow are loaded only then."""
    with Display(console) as display:
        with Runner(root, say=display.say, after=drift.stop(root, display.say)) as runner:
            plan = runner.plan(parameters["target"], parameters["force"])
            if not plan.stale:
                return plan, {}, ""
            if any(stage.name == "ingest" for stage in plan.stale) and (lacking := raw_data.missing(root)):
                raise UserError(lacking)
            display.say(f"{len(plan.stale)} of {len(plan.stages)} stages are stale.")
            display.expect(plan, root)
            if not with_prefect:
                tracker = Tracker(root, display.say)
                outcomes = runner.run_all(plan, [display, tracker], parameters["force"])
                link = tracker.finish(plan, outcomes)
                notify.outcomes(root, outcomes, display.say)
                return plan, outcomes, link
        logging.raiseExceptions = (
            False  # a server that is lost is said once, not after every line that could not be sent
        )
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # the display says it all, once
        tracker, server = Tracker(root, display.say), server_for(root, plan)  # they load while Prefect's server starts
        # A temporary server must outlive what Prefect still sends at exit, or that is tried again for a minute; what is
        # registered before prefect is imported runs last.
        servers = ExitStack()
        atexit.register(servers.close)
        servers.enter_context(
            prefect_server.at_hand(root, meanwhile=lambda: import_module("flows.orchestration.retrain"))
        )
        retrain = import_module("flows.orchestration.retrain")
        try:
            result = retrain.run(parameters, [display], tracker, server)
        except retrain.ServerLost as lost:
            display.say(f"{lost} The stages go on without Prefect.")
            result = lost.result
            if not result.outcomes:
                with Runner(root, say=display.say, after=drift.stop(root, display.say)) as runner:
                    rest = runner.plan(parameters["target"])
                    result.outcomes = runner.run_all(rest, [display, tracker])
                    result.link = tracker.finish(rest, result.outcomes)
            atexit.register(_leave, servers, exit_code(result.outcomes))
        finally:
            server.close()
        return plan, result.outcomes, result.link


def _leave(servers: ExitStack, code: int) -> None:
    """End at once: what Prefect still wants to send to a server that is gone would be tried for minutes."""
    servers.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def exit_code(outcomes: dict[str, Outcome]) -> int:
    """The worst of what happened; a failure that is only the user's mistake is 2, as when a stage is called by hand."""
    failed = [outcome for outcome in outcomes.values() if outcome.what in ("Failed", "TimedOut")]
    if failed:
        return USER_MISTAKE if all(outcome.code == USER_MISTAKE for outcome in failed) else STAGE_FAILED
    return WAITING if any(outcome.waits for outcome in outcomes.values()) else 0
