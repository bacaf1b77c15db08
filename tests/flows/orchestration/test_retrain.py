"""The flow on a real Prefect server, started once: states, lines, artifacts, kills, and a schedule that fires."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import environment
from flows.orchestration import prefect_server, schedule_record
from tests.flows.toys import alive, behave, executed, until

pytestmark = pytest.mark.slow
HERE = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server, with this process's Prefect pointed at it."""
    home = tmp_path_factory.mktemp("prefect")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.shipped_settings().items():
            patch.setenv(name, value)
        patch.setenv("PREFECT_HOME", str(home))
        patch.setenv("PREFECT_SERVER_LOGGING_LEVEL", "WARNING")
        with prefect_server.at_hand(
            home
        ):  # names it in the environment, which Prefect's threads read when it is first imported
            from prefect.events.worker import EventsWorker
            from prefect.logging.handlers import APILogHandler
            from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

            address = os.environ["PREFECT_API_URL"]
            with temporary_settings({PREFECT_API_URL: address, PREFECT_HOME: home}):
                yield address
                APILogHandler().flush()
                EventsWorker.drain_all(timeout=10)


@pytest.fixture(scope="module", autouse=True)
def served(api: str, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`segmend serve` on a schedule of every minute, begun first and looked at last."""
    root = tmp_path_factory.mktemp("served") / "nightly"
    shutil.copytree(template, root)
    (root / ".work" / "prefect").mkdir(parents=True)
    schedule_record.started(root)
    os.utime(root / schedule_record.RECORD, (1000, 1000))  # it ran once, so a time was missed since
    with (root / "serve.log").open("w") as log:
        process = subprocess.Popen(
            segmend("serve", "--cron", "* * * * *", "--device", "cpu"),
            cwd=root,
            env=outside(api, root),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    yield root
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:  # a busy machine
        process.kill()
        process.wait()


def segmend(*words: str) -> list[str]:
    return [sys.executable, "-m", "flows.cli", *words]


def outside(api: str, root: Path) -> dict[str, str]:
    env = {**os.environ, "PREFECT_API_URL": api, "PYTHONPATH": str(HERE), "XDG_RUNTIME_DIR": str(root.parent)}
    env.pop("MLFLOW_TRACKING_URI", None)  # mlflow sets it in this process when another test names a store
    return env | {"PREFECT_HOME": str(root / ".work" / "prefect"), "PREFECT_RUNNER_POLL_FREQUENCY": "2"}


def runs_of(flow_run_id: object) -> dict[str, object]:
    """Task name -> its state."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    with get_client(sync_client=True) as client:
        tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id])))
    return {task.name: task.state for task in tasks}


def run(root: Path, **parameters: object):
    from flows.orchestration.retrain import retrain

    state = retrain(root=str(root), **{"tracking": False, **parameters}, return_state=True)
    # task states travel as events, so they arrive a little later
    names = {"first", "left", "right", "last"}
    if state.name not in ("Cached", "Skipped"):
        until(lambda: set(runs_of(state.state_details.flow_run_id)) >= names)
        time.sleep(0.5)
    return state, {name: found.name for name, found in runs_of(state.state_details.flow_run_id).items()}


def test_states_of_a_cold_and_a_changed_run(toy: Path, api: str):
    state, tasks = run(toy)
    assert state.name == "Completed" and set(tasks.values()) == {"Completed"}
    (toy / "params.yaml").write_text("x: 1\ny: 2\n")
    behave(toy, "last", "")
    state, tasks = run(toy)
    assert tasks == {"first": "Cached", "left": "Completed", "right": "Cached", "last": "Cached"}
    (toy / "params.yaml").write_text("x: 1\ny: 1\n")
    assert run(toy)[1]["left"] == "Restored"


def test_nothing_stale_makes_no_task(toy: Path, api: str):
    from flows.engine.runner import Runner

    with Runner(toy, say=lambda text: None) as runner:
        runner.run_all(runner.plan())
    begin = time.monotonic()
    state, tasks = run(toy)
    assert (state.name, tasks) == ("Cached", {}) and "all 4 stages are fresh" in state.message
    assert time.monotonic() - begin < 20


def test_failure_and_waiting(toy: Path, api: str, received: list[dict]):
    behave(toy, "left", "print('the last line'); sys.exit(1)")
    state, tasks = run(toy)
    assert [item["event"] for item in received] == ["failed"] and "left: ended with exit code" in received[0]["text"]
    assert state.type.value == "FAILED" and "left" in state.message
    assert tasks == {"first": "Completed", "left": "Failed", "right": "Completed", "last": "NotReady"}
    assert "the last line" in runs_of(state.state_details.flow_run_id)["left"].message

    behave(toy, "left", "send('outcome', exit=75, message='answer 3 queries'); sys.exit(75)")
    state, tasks = run(toy)
    assert [item["event"] for item in received] == ["failed", "waiting"] and "answer 3" in received[1]["text"]
    assert state.name == "Waiting" and not state.is_failed() and "answer 3 queries" in state.message
    assert tasks["left"] == "Waiting" and tasks["last"] == "NotReady"
    assert not runs_of(state.state_details.flow_run_id)["left"].is_failed()


def test_lines_and_artifacts_are_in_prefect(toy: Path, api: str):
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, LogFilter, LogFilterFlowRunId
    from prefect.logging.handlers import APILogHandler

    rounds = toy / "data" / "scores" / "r0" / "rounds.json"
    rounds.parent.mkdir(parents=True)
    rounds.write_text(
        '[{"round": "r0", "clicks": 0, "data_miou": 0.5, "coverage": 1.0, "wrong_pixels": 10, "model_miou": 0.4}]'
    )
    (toy / "params.yaml").write_text("x: 1\ny: 1\nmodels: {r0: {prev: start}}\n")
    state, _ = run(toy)
    APILogHandler().flush()
    run_id = state.state_details.flow_run_id
    with get_client(sync_client=True) as client:
        lines = [log.message for log in client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id])))]
        made = client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id])))
    assert "hello from first" in lines and "hello from last" in lines
    assert {artifact.key for artifact in made} == {"stages", "rounds"}


def test_raw_data_that_is_being_copied_skips_the_run(toy: Path, api: str):
    (toy / "params.yaml").write_text("x: 1\ny: 1\ningest: {data: leaves}\n")
    (toy / "data/raw/leaves").mkdir(parents=True)
    state, _ = run(toy, settle=1000)
    assert state.name == "Skipped" and "still be copying" in state.message and executed(toy) == []


def test_a_promotion_that_cannot_be_made_fails_no_run(toy: Path, api: str):
    """The toy has no network: all stages run, the log says what was not promoted and why."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
    from prefect.logging.handlers import APILogHandler

    state, tasks = run(toy, promote=True)
    APILogHandler().flush()
    run_id = state.state_details.flow_run_id
    with get_client(sync_client=True) as client:
        lines = [log.message for log in client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id])))]
    assert state.name == "Completed" and set(tasks.values()) == {"Completed"}
    found = [line for line in lines if "Nothing was promoted" in line]
    assert len(found) == 2 and "There is nothing to promote yet" in found[0]


def test_killed_flow_leaves_no_stage(toy: Path, api: str):
    behave(toy, "first", "Path('pid').write_text(str(os.getpid())); time.sleep(100)")
    flow = subprocess.Popen(segmend("run"), cwd=toy, env=outside(api, toy), stdout=subprocess.DEVNULL)
    pid = int(until(lambda: (toy / "pid").exists() and (toy / "pid").read_text(), 60))
    flow.send_signal(signal.SIGKILL)
    flow.wait()
    until(lambda: not alive(pid))


def test_interrupted_flow_ends_cleanly(toy: Path, api: str):
    behave(toy, "first", "Path('pid').write_text(str(os.getpid())); time.sleep(100)")
    flow = subprocess.Popen(
        segmend("run"), cwd=toy, env=outside(api, toy), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    pid = int(until(lambda: (toy / "pid").exists() and (toy / "pid").read_text(), 60))
    flow.send_signal(signal.SIGTERM)
    _, errors = flow.communicate(timeout=60)
    assert flow.returncode == 130 and "Interrupted" in errors
    assert not alive(pid)


def test_a_schedule_fires(served: Path, api: str):
    from prefect.client.orchestration import get_client

    def finished():
        assert "Traceback" not in (said := (served / "serve.log").read_text()), said  # it ended, and why
        with get_client(sync_client=True) as client:
            deployments = client.read_deployments()
            runs = [run for run in client.read_flow_runs() if run.deployment_id in {d.id for d in deployments}]
        return [run for run in runs if run.state.is_final()]

    (first, *_) = until(finished, 150)
    assert first.state.is_completed(), first.state
    assert first.parameters == first.parameters | {
        "device": "cpu",
        "target": None,
        "root": str(served),
    }  # runs show them
    assert first.auto_scheduled
    assert "was missed; it is made up for now" in (served / "serve.log").read_text()
    assert executed(served)[:1] == ["first"] and len(executed(served)) == 4  # made up for once; then nothing was stale
    assert executed(served) and (served / "mlflow.db").exists()
