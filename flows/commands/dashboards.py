"""Dashboards in the foreground: print the address, serve until stopped."""

import os
import subprocess
import sys
import time
from pathlib import Path

from flows.engine import child_process
from flows.environment import tracking_uri, without_secrets
from flows.orchestration import prefect_server


def mlflow(root: Path, port: int | None) -> int:
    """MLflow's server with one worker: 250 MB instead of 1.5 GB. Nothing to start where a server is named already."""
    uri = tracking_uri(root)
    if uri.startswith("http"):
        print(f"MLflow runs at {without_secrets(uri)} (MLFLOW_TRACKING_URI).")
        return 0
    rebuild(root)
    (root / ".work").mkdir(exist_ok=True)
    port = port or prefect_server.free_port(5000)
    print(f"MLflow: http://127.0.0.1:{port}   (ready in a few seconds; stop with Ctrl-C)", flush=True)
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        uri,
        "--artifacts-destination",
        (root / "mlruns").as_uri(),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    with (root / ".work" / "mlflow-server.log").open("w") as log:
        child = subprocess.Popen(
            command,
            cwd=root,
            env=child_process.with_own_python(dict(os.environ)),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return child.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        child_process.end_group(child)


def rebuild(root: Path) -> None:
    """After a fresh clone and `dvc pull` there are results without runs; make those from the records, so that nothing is missing."""
    from flows.engine import plan
    from flows.tracking import tracker

    tracker.rebuild_runs(root, plan.read_plan(root), lambda text: print(text, file=sys.stderr))


def prefect(root: Path, port: int | None) -> int:
    """Prefect's server on the workspace's data base; runs started meanwhile use it."""
    if named := os.environ.get("PREFECT_API_URL") or prefect_server.running(root):
        print(f"Prefect runs at {without_secrets(named.removesuffix('/api'))}")
        return 0
    try:
        with prefect_server.started(root, port or prefect_server.free_port(4200), quiet=False) as api:
            print(f"Prefect: {api.removesuffix('/api')}   (stop with Ctrl-C)", flush=True)
            while prefect_server.answers(api):
                time.sleep(2)
        return 1
    except KeyboardInterrupt:
        return 0
