"""The flow: every stage of dvc.yaml as a Prefect task, in DVC's own order and with DVC's own edges.

Prefect orders, retries, schedules and shows. It caches nothing: it knows nothing of files on disk, so a hit after somebody
edited the data would be wrong. The runner asks DVC, and the task's state says what came of it.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from httpx import HTTPError
from prefect import flow, get_run_logger, runtime, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import PrefectException
from prefect.futures import wait
from prefect.settings import PREFECT_API_URL
from prefect.states import Cancelled, Completed, Failed, State
from prefect.task_runners import ThreadPoolTaskRunner

from flows import drift, environment, notify
from flows.engine import raw_data
from flows.engine.fork_server import ForkServer
from flows.engine.plan import Plan, Stage
from flows.engine.runner import Listener, Outcome, Runner
from flows.files import workspace_files
from flows.orchestration import flow_context, prefect_server, schedule_record
from flows.orchestration.flow_context import Result
from flows.tracking import promotion
from flows.tracking.tracker import Tracker

# A task waits in its thread for what it needs, so there must be one for every stage; the runner limits what runs at once.
THREADS: Any = ThreadPoolTaskRunner(max_workers=1024)


class Log(Listener):
    """A stage's lines in Prefect, as they come."""

    def __init__(self, logger: Any):
        self._logger = logger

    def line(self, stage: str, text: str) -> None:
        self._logger.info(text)


def tell(flow: Any, run: Any, state: State[Any]) -> None:
    """A run failed: a stage of it, or it ended before its stages (a mistake in params.yaml, a killed process)."""
    root = environment.find_root(Path(str((run.parameters or {}).get("root", "."))))
    notify.send(root, "failed", state.message or "the run ended before its stages", print)


TELL: list[Any] = [tell]  # Prefect's type of such functions has no place for those without *args


@flow(
    name="retrain",
    task_runner=THREADS,
    persist_result=False,
    on_failure=TELL,
    on_crashed=TELL,
)
def retrain(
    root: str = ".",
    target: str | None = None,
    force: list[str] | None = None,
    device: str = "auto",
    precision: str = "auto",
    workers: int | None = None,
    offline: bool = False,
    tracking: bool = True,
    promote: bool = False,
    update: bool = False,
    settle: float = 0,
) -> State[Any]:
    """Bring the workspace up to date: run what is stale, leave the rest.

    Args:
        root: the workspace, as seen from the folder that the flow runs in.
        target: a stage (`train@r1`) or all rounds of one (`train`) with what it needs; everything if left out.
        force: stages to run although they are fresh.
        device: auto, cpu, cuda, cuda:N or mps.
        precision: auto, fp32, bf16 or fp16.
        workers: processes for work on single images; the number of cores if left out.
        offline: fetch no weights.
        tracking: record the run in MLflow.
        promote: afterwards make the newest network and label set the promoted ones, if they are better beyond chance.
        update: first take what is newest at the source of raw data that `dvc import` brought.
        settle: do nothing where a raw file changed less than so many seconds ago: somebody may still be copying.
    """
    logger = get_run_logger()
    workspace = environment.find_root(Path(root))
    environment.apply(workspace)
    os.environ.update(environment.machine(device, precision, workers, offline))
    result = flow_context.result.get() or Result()
    schedule_record.started(workspace)
    with Runner(workspace, say=logger.info, after=drift.stop(workspace, logger.info), server=result.server) as runner:
        if update:
            raw_data.update(workspace, logger.info)
        elif unsettled := raw_data.unsettled(workspace, settle):
            return Completed(name="Skipped", message=unsettled)
        plan = runner.plan(target, force or ())
        if not plan.stale:
            return Completed(name="Cached", message=f"Nothing to do: all {len(plan.stages)} stages are fresh.")
        tracker = (result.tracker or Tracker(workspace, logger.warning)) if tracking else None
        if tracker:
            tracker.tags |= _tags()
        listeners = [*flow_context.listeners.get(), *([tracker] if tracker else [])]
        _submit(runner, plan, listeners, {name for word in force or () for name in plan.names(word)})
        result.outcomes = {
            name: runner.outcomes.get(name) or Outcome(name, "NotStarted", sentence="needs an earlier stage")
            for name in plan.stages
        }
        result.link = tracker.finish(plan, result.outcomes) if tracker else ""
        _artifacts(workspace, result)
    notify.outcomes(workspace, result.outcomes, logger.warning, failures=False)
    if promote and all(outcome.fine for outcome in result.outcomes.values()):
        for kind in ("network", "labels"):
            try:
                logger.info(promotion.attempt(workspace, kind))
            except environment.UserError as mistake:  # as where no image has truth: the run itself went well
                logger.warning(f"Nothing was promoted of the {kind}: {mistake}")
    return _verdict(result.outcomes)


def _submit(runner: Runner, plan: Plan, listeners: Sequence[Listener], forced: set[str]) -> None:
    """One task per stage; the edges are DVC's."""
    runner.prepare(plan)
    futures: dict[str, Any] = {}
    for name, stage in plan.stages.items():
        named: Any = run_stage.with_options(name=name, task_run_name=name, description=f"dvc repro -s {name}")
        before = [futures[other] for other in stage.upstream if other in futures]
        futures[name] = named.submit(handed=_Handed(runner, stage, listeners, name in forced), wait_for=before)
    wait(list(futures.values()))


class _Handed:
    """A task's argument that Prefect must not look into."""

    def __init__(self, runner: Runner, stage: Stage, listeners: Sequence[Listener], force: bool):
        self.run: Callable[[Listener], Outcome] = lambda log: runner.run_stage(stage, [log, *listeners], force)


@task(cache_policy=NO_CACHE, persist_result=False)
def run_stage(handed: _Handed) -> State[Any]:
    """One stage of dvc.yaml."""
    return state_of(handed.run(Log(get_run_logger())))


def state_of(outcome: Outcome) -> State[Any]:
    """The outcome under its own name. Waiting is neither failed nor done: a cancelled state, whose dependants do not start."""
    if outcome.fine:
        return Completed(name=outcome.what, message=f"{outcome.seconds:.1f} s" if outcome.seconds else None)
    if outcome.waits or outcome.what == "NotStarted":
        return Cancelled(name=outcome.what, message=outcome.sentence)
    return Failed(name=outcome.what, message="\n".join([outcome.sentence, *outcome.tail]))


def _verdict(outcomes: dict[str, Outcome]) -> State[Any]:
    failed = [outcome for outcome in outcomes.values() if outcome.what in ("Failed", "TimedOut")]
    if failed:
        return Failed(message="; ".join(f"{outcome.stage}: {outcome.sentence}" for outcome in failed))
    waiting = [outcome for outcome in outcomes.values() if outcome.waits]
    if waiting:
        return Completed(
            name=waiting[0].what, message="; ".join(f"{outcome.stage}: {outcome.sentence}" for outcome in waiting)
        )
    return Completed(
        message=f"{sum(outcome.what == 'Completed' for outcome in outcomes.values())} of {len(outcomes)} stages ran"
    )


def _tags() -> dict[str, str]:
    run, address = runtime.flow_run.id, runtime.flow_run.ui_url
    return {"prefect.flow_run_id": str(run or ""), "prefect.flow_run_url": str(address or "")}


def _artifacts(root: Path, result: Result) -> None:
    """What somebody who looks at the run in Prefect wants next."""
    if not _server_answers():
        return
    counts: dict[str, list[str]] = {}
    for outcome in result.outcomes.values():
        counts.setdefault(outcome.what, []).append(outcome.stage)
    lines = [f"* **{what}**: {', '.join(names)}" for what, names in counts.items()]
    create_markdown_artifact("\n".join(lines), key="stages", description="What became of each stage")
    if rows := workspace_files.rounds(root):
        create_table_artifact(rows, key="rounds", description="Labels and network after each round")
    if report := workspace_files.html_report(root):
        create_link_artifact(
            report.as_uri(), link_text=report.name, key="report", description="The report of this workspace"
        )
    if result.link:
        create_link_artifact(
            result.link,
            link_text="Curves in MLflow",
            key="mlflow",
            description="The curves of this workspace in MLflow",
        )


def _server_answers() -> bool:
    """Whether the server that Prefect itself uses is there; its address may stand in a profile instead of the environment."""
    api = PREFECT_API_URL.value()
    return api is None or prefect_server.answers(str(api))


class ServerLost(Exception):
    """Prefect's server stopped answering; the `result` holds the outcomes if all stages had ended by then."""

    def __init__(self, result: Result):
        super().__init__("Prefect's server no longer answers.")
        self.result = result


def run(
    parameters: dict[str, Any], listeners: Sequence[Listener], tracker: Tracker | None, server: ForkServer | None = None
) -> Result:
    """Run the flow in this process, for the command line. Raises what crashed it, and ServerLost if that was the server."""
    result = Result(tracker=tracker, server=server)
    tokens = flow_context.listeners.set(listeners), flow_context.result.set(result)
    try:
        state = retrain(**parameters, return_state=True)
        if not result.outcomes and not state.is_completed():
            state.result()  # it ended before its stages: raise why
        return result
    except (HTTPError, PrefectException, RuntimeError, OSError) as error:
        if _server_answers():
            raise
        raise ServerLost(result) from error
    finally:
        flow_context.listeners.reset(tokens[0])
        flow_context.result.reset(tokens[1])


if __name__ == "__main__":
    retrain()  # type: ignore[call-overload]  # for a server that is up: python -m flows.orchestration.retrain
