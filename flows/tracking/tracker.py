"""Record the stages of a flow run in MLflow: one parent run, one child for each stage that is executed.

A thread per stage sends its spool lines while it runs. A tracking server that fails costs one warning and nothing else: the
lines stay under .work/tracking and are sent by the next flow. What DVC took from its caches makes no run; the parent's
stages.json names the run that made it.
"""

import json
import os
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from flows.engine import spool
from flows.engine.plan import Plan, Stage
from flows.engine.runner import Listener, Outcome
from flows.engine.stage_command import network_of
from flows.files import workspace_files
from flows.tracking import run_page
from flows.tracking.pending_runs import PendingRun

R = TypeVar("R")
KEPT = 200  # stage folders that may wait for a server; older ones are given up, with a warning
STATUS = {"Completed": "FINISHED", "Waiting": "FINISHED"}  # any other: FAILED


class Tracker(Listener):
    """Listener of one flow run. Connects in the background, because importing MLflow and making its data base take seconds."""

    def __init__(self, root: Path, warn: Callable[[str], None]):
        self.root, self.parent = root, ""
        self.tags, self._warn = workspace_files.git_tags(root), warn
        self._store: Any = None
        self._off = False
        self._lock = threading.Lock()
        self._senders: dict[Path, Sender] = {}
        self._connecting = threading.Thread(target=self._connect, daemon=True)
        self._connecting.start()

    def _connect(self) -> None:
        from flows.tracking.mlflow_store import Store, TrackingUnavailable

        try:
            self._store = Store(self.root, workspace_files.dataset_name(self.root), self._warn)
        except TrackingUnavailable as error:
            self._switch_off(error)

    def _switch_off(self, error: Exception) -> None:
        if not self._off:
            self._off = True
            self._warn(
                f"Tracking does not answer ({error}); the stages go on, their records wait in .work/tracking for the next run."
            )

    def attempt(self, call: Callable[[Any], R]) -> R | None:
        """Do something with the store; None when tracking is unavailable, now or before."""
        from flows.tracking.mlflow_store import TrackingUnavailable

        if threading.current_thread() is not self._connecting:
            self._connecting.join()
        if self._off or self._store is None:
            return None
        try:
            return call(self._store)
        except TrackingUnavailable as error:
            self._switch_off(error)
            return None

    def _parent(self) -> str:
        """The flow's own run, made when the first stage is executed."""
        with self._lock:
            if not self.parent:
                made = self.attempt(lambda store: store.start(f"flow {time.strftime('%Y-%m-%d %H:%M')}", self.tags))
                self.parent = made or f"local-{uuid.uuid4().hex}"
        return self.parent

    def starting(self, stage: Stage, folder: Path) -> dict[str, str]:
        pending = PendingRun(folder, stage.name, self._parent(), self.tags)
        pending.run = self.attempt(pending.start) or f"local-{uuid.uuid4().hex}"
        pending.save()
        self._senders[folder] = Sender(self, pending)
        return {"SEGMEND_RUN_ID": pending.run}

    def ended(self, stage: Stage, outcome: Outcome, folder: Path | None) -> None:
        if folder is None:
            return
        sender = self._senders.pop(folder, None)
        if outcome.what in ("Cached", "Restored"):  # it looked stale until DVC looked again
            if sender is not None:
                sender.stop()
                needless = sender.pending.run
                self.attempt(lambda store: store.delete(needless))
                spool.drop(folder)
            return
        if sender is None:  # it was to be restored, and ran after all
            self.starting(stage, folder)
            sender = self._senders.pop(folder)
        sender.stop()
        pending = sender.pending
        pending.status, pending.inputs = (
            STATUS.get(outcome.what, "FAILED"),
            workspace_files.input_hashes(self.root, stage.name),
        )
        pending.save()
        if self.attempt(lambda store: pending.finish(store, self._warn)):
            spool.drop(folder)

    def finish(self, plan: Plan, outcomes: dict[str, Outcome]) -> str:
        """After the DAG: the table of stages, the state of the data, the network. Returns the run's link, or ""."""
        if not self.parent:
            return ""
        return self.attempt(lambda store: self._finish(store, plan, outcomes)) or ""

    def _finish(self, store: Any, plan: Plan, outcomes: dict[str, Outcome]) -> str:
        self._send_pending()
        if self.parent.startswith("local-"):
            return ""
        entries = workspace_files.lock_entries(self.root)
        table = {
            name: {
                "outcome": outcome.what,
                "run": made_by(store, self.root, plan.stages[name], self._warn),
                "outs": workspace_files.hashes_of(entries, name),
            }
            for name, outcome in outcomes.items()
        }
        settings = workspace_files.settings(self.root, [plan.stages[name].outs for name in outcomes])
        lines = [{"kind": "params", "values": settings}, *run_page.metrics(self.root)]
        store.send(self.parent, lines, self._warn)
        store.inputs(self.parent, workspace_files.data_hashes(self.root))
        version = self._register(store, outcomes, table)
        report = workspace_files.html_report(self.root)
        store.note(
            self.parent,
            run_page.tags(self.root, settings, version)
            | {"mlflow.note.content": run_page.description(self.root, outcomes, store, self.parent, version)},
            {"stages.json": json.dumps(table, indent=2)},
            [path for path in (self.root / "dvc.lock", self.root / "params.yaml", report) if path and path.exists()],
        )
        store.end(
            self.parent,
            "FINISHED" if all(o.fine or o.waits or self._waits(o, outcomes) for o in outcomes.values()) else "FAILED",
        )
        return str(store.page())

    @staticmethod
    def _waits(outcome: Outcome, outcomes: dict[str, Outcome]) -> bool:
        return outcome.what == "NotStarted" and not any(o.what in ("Failed", "TimedOut") for o in outcomes.values())

    def _register(self, store: Any, outcomes: dict[str, Outcome], table: dict[str, dict[str, Any]]) -> str | None:
        """The last round's network as the registered model's next version; the version."""
        from flows.tracking.registry import register

        last = workspace_files.params(self.root).get("last")
        name = f"train@{last}"
        if name in outcomes and outcomes[name].fine:
            path = network_of(self.root, str(last))
            return register(store, self.root / path, table[name]["outs"][str(path)], self.parent)
        return None

    def _send_pending(self) -> None:
        """What earlier flows could not send. The workspace is locked and the stages have ended, so nobody else is at these folders."""
        pendings = sorted((self.root / ".work" / "tracking").glob(f"*/*/{spool.PENDING}"), key=os.path.getmtime)
        for path in pendings[:-KEPT]:
            self._warn(
                f"Too many records wait for tracking; gave up the one of {path.parent.name} ({path.parent.parent.name})."
            )
            spool.drop(path.parent)
        for path in pendings[-KEPT:]:
            pending = PendingRun.load(path)
            if pending.parent.startswith("local-"):
                pending.parent = self._store.find(pending.parent) or self._late_parent(pending)
            known = self._store.find(pending.run)
            if known is None:  # never begun, or begun on another server
                pending.run, pending.sent = pending.start(self._store), 0
            else:
                pending.run = known
            pending.finish(self._store, self._warn)
            spool.drop(path.parent)

    def _late_parent(self, pending: "PendingRun") -> str:
        made = self._store.start(f"flow {pending.folder.parent.name}", pending.tags | {"segmend.run": pending.parent})
        self._store.end(made, "FINISHED")
        return str(made)


def made_by(store: Any, root: Path, stage: Stage, warn: Callable[[str], None]) -> str | None:
    """The run that made a stage's outputs. One that this server does not know (a fresh clone, another server) is made
    again from the record that travels with the outputs. None: made outside tracking."""
    report = workspace_files.report(root, stage.outs)
    run = report.get("mlflow_run_id")
    if not run:
        return None
    known = store.find(run)
    if known is not None:
        return str(known)
    tags = {
        "segmend.run": run,
        "segmend.stage": stage.name,
        "segmend.rebuilt": "true",
        "mlflow.source.git.commit": report.get("git_commit") or "",
    }
    made = str(store.start(stage.name, tags))
    store.send(made, [{"kind": "metrics", "values": report.get("metrics") or {}}], warn)
    store.inputs(made, workspace_files.input_hashes(root, stage.name))
    store.note(made, {}, {"report.json": json.dumps(report, indent=2)}, [])
    store.end(made, "FINISHED")
    return made


def rebuild_runs(root: Path, plan: Plan, warn: Callable[[str], None]) -> None:
    """Make the runs that fresh stages point to and that the tracking does not know."""
    from flows.tracking.mlflow_store import Store, TrackingUnavailable

    try:
        store = Store(root, workspace_files.dataset_name(root), warn)
        for stage in plan.stages.values():
            if stage.fresh:
                made_by(store, root, stage, warn)
    except TrackingUnavailable as error:
        warn(f"Tracking does not answer ({error}).")


class Sender:
    """The thread that sends a stage's lines while it runs."""

    def __init__(self, tracker: Tracker, pending: PendingRun):
        self.pending, self._tracker = pending, tracker
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        if not pending.run.startswith("local-"):
            self._thread.start()

    def _follow(self) -> None:
        while not self._done.wait(1.0):
            self._tracker.attempt(lambda store: self.pending.send(store, self._tracker._warn))

    def stop(self) -> None:
        self._done.set()
        if self._thread.ident is not None:
            self._thread.join()
