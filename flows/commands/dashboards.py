"""Dashboards in the foreground: print the address, serve until stopped."""

import json
import os
import subprocess
import sys
import time
import webbrowser
from pathlib import Path

from flows.engine import child_process
from flows.environment import UserError, tracking_uri, without_secrets
from flows.files import workspace_files
from flows.orchestration import prefect_server


def mlflow(root: Path, port: int | None, browser: bool = True) -> int:
    """This workspace's experiment in MLflow, as curves. One worker: 250 MB instead of 1.5 GB. Nothing to start where a server is
    named or `segmend ui` is up already. The address is printed once the server answers; a browser opens where there is one."""
    from flows.tracking.mlflow_store import SERVED, Store, TrackingUnavailable, process_tag, served

    uri = tracking_uri(root)
    if uri.startswith("http") or served(root):
        try:
            page = Store(root, workspace_files.dataset_name(root)).page()
        except TrackingUnavailable as error:
            raise UserError(
                f"No MLflow server answers at {without_secrets(uri)} (MLFLOW_TRACKING_URI): {error}. Start it, or unset the variable."
            ) from error
        show(page, browser)
        return 0
    (root / ".work").mkdir(exist_ok=True)
    port = port or prefect_server.free_port(5000)
    address, note = f"http://127.0.0.1:{port}", root / SERVED
    store = Store(
        root, workspace_files.dataset_name(root)
    )  # makes the data base; the server would make half of one if killed
    print("MLflow starts; its address follows once it answers (some 10 s).", flush=True)
    words = ["--backend-store-uri", uri, "--artifacts-destination", (root / "mlruns").as_uri()]
    words += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with (root / ".work" / "mlflow-server.log").open("w") as log:
        child = subprocess.Popen(
            child_process.guarded("mlflow", "server", *words),
            cwd=root,
            env=child_process.with_own_python(dict(os.environ)),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        rebuild(root)
        while not prefect_server.answers(address):
            if child.poll() is not None:
                raise UserError(f"MLflow's server did not start; see {root / '.work' / 'mlflow-server.log'}.")
            time.sleep(0.2)
        note.write_text(json.dumps({"address": address, "pid": child.pid, "process": process_tag(child.pid)}))
        show(store.page(base=address), browser)
        print("Stop it with Ctrl-C.", flush=True)
        return child.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        note.unlink(missing_ok=True)
        child_process.end_group(child)


def show(page: str, browser: bool) -> None:
    """Print the address; open it where there is a screen (a browser in the terminal would take it over)."""
    print(f"MLflow: {without_secrets(page)}", flush=True)
    if browser and (
        sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        webbrowser.open(page)


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
