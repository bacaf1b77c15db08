"""MLflow, and the only file that knows it: runs, what they log, and the registered network.

By default a SQLite file and a folder in the workspace; any other place by MLFLOW_TRACKING_URI. Whatever goes wrong there
(server gone, disk full) leaves this file as TrackingUnavailable, which flows/tracking/tracker.py turns into one warning.
"""

import json
import logging
import math
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import psutil
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from flows.environment import tracking_uri, without_secrets
from flows.tracking.database import make_database

P, R = ParamSpec("P"), TypeVar("R")
SERVED = Path(".work/mlflow-server.json")  # written by `segmend ui` while it serves
KIND = "mlflow.experimentKind"  # which of its pages MLflow shows: training of models, not tracing of chats
CHARTS = "workflowType=machine_learning&compareRunsMode=CHART"
BATCH = 100  # MLflow takes at most 100 parameters or tags in one call


class TrackingUnavailable(Exception):
    """The tracking server cannot be used now."""


@contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrackingUnavailable(without_secrets(text)) from error


def may_be_unavailable(function: Callable[P, R]) -> Callable[P, R]:
    """Every failure of the tracking side as TrackingUnavailable."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with _as_unavailable():
            return function(*args, **kwargs)

    return call


class Store:
    """The runs of one workspace. Making one connects, makes the data base if need be and closes runs of dead processes."""

    @may_be_unavailable
    def __init__(self, root: Path, dataset: str, warn: Callable[[str], None] = print):
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        self.root, self.name, self.uri = root, f"segmend-{dataset}", tracking_uri(root)
        if self.uri.startswith("sqlite:///"):
            make_database(Path(self.uri.removeprefix("sqlite:///")), warn)
        self.client = MlflowClient(tracking_uri=self.uri)
        experiment = self.client.get_experiment_by_name(self.name)
        if experiment is not None:
            self.experiment = experiment.experiment_id
        else:
            local = self.uri.startswith("sqlite:")  # a server decides by itself where artifacts go
            try:
                self.experiment = self.client.create_experiment(
                    self.name, (root / "mlruns").as_uri() if local else None
                )
            except MlflowException:
                made = self.client.get_experiment_by_name(self.name)  # by another process, a moment ago
                if made is None:
                    raise
                self.experiment = made.experiment_id
        if experiment is None or KIND not in experiment.tags:
            self.client.set_experiment_tag(self.experiment, KIND, "custom_model_development")
        self.close_dead_runs()

    @may_be_unavailable
    def start(self, name: str, tags: dict[str, str], parent: str | None = None, begin: float | None = None) -> str:
        """A new run; its tags say which process feeds it, so that a later flow can close it if that one dies."""
        me = {
            "segmend.host": socket.gethostname(),
            "segmend.process": process_tag(os.getpid()),
            "mlflow.source.type": "PROJECT",
            "mlflow.source.name": self.root.name,
        }
        family = {"mlflow.parentRunId": parent} if parent else {}
        moment = int((begin or time.time()) * 1000)
        return self.client.create_run(self.experiment, moment, me | family | tags, name).info.run_id

    @may_be_unavailable
    def send(self, run: str, items: list[dict[str, Any]], warn: Callable[[str], None]) -> None:
        """The lines of a spool. A value that MLflow refuses is left out with a warning; the rest is sent."""
        now = int(time.time() * 1000)
        for group in _batches(items):
            metrics, params, tags = [], [], []
            for item in group:
                values = item.get("values") or {}
                if item["kind"] == "metrics":
                    metrics += [
                        Metric(_key(k), float(v), now, int(item.get("step") or 0))
                        for k, v in values.items()
                        if isinstance(v, int | float) and math.isfinite(v)
                    ]
                elif item["kind"] == "params":
                    params += [Param(_key(k), str(v)[:5000]) for k, v in values.items()]
                elif item["kind"] == "tags":
                    tags += [RunTag(_key(k), str(v)[:5000]) for k, v in values.items()]
                elif item["kind"] == "artifact":
                    self._file(run, self.root / str(item["path"]), item.get("folder") or None, warn)
            for begin in range(0, max(len(params), len(tags)), BATCH):
                self._refusable(
                    warn,
                    self.client.log_batch,
                    run,
                    params=params[begin : begin + BATCH],
                    tags=tags[begin : begin + BATCH],
                )
            for begin in range(0, len(metrics), 1000):
                self._refusable(warn, self.client.log_batch, run, metrics=metrics[begin : begin + 1000])

    def _file(self, run: str, path: Path, folder: str | None, warn: Callable[[str], None]) -> None:
        if path.exists():
            self.client.log_artifact(run, str(path), folder)
        else:
            warn(f"{path.relative_to(self.root)} is gone and could not be shown in MLflow.")

    @staticmethod
    def _refusable(warn: Callable[[str], None], call: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        try:
            call(*args, **kwargs)
        except MlflowException as error:
            if error.error_code not in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST"):
                raise
            warn(f"MLflow refused values: {without_secrets(error.message.splitlines()[0])}")

    @may_be_unavailable
    def inputs(self, run: str, hashes: dict[str, str]) -> None:
        """Data sets with their DVC hashes; searchable as dataset.digest = '...' (MLflow keeps 36 characters)."""
        commit = self.client.get_run(run).data.tags.get("mlflow.source.git.commit", "")
        self.client.log_inputs(
            run,
            [
                DatasetInput(
                    Dataset(
                        name=path,
                        digest=md5[:36],
                        source_type="dvc",
                        schema=None,
                        profile=None,
                        source=json.dumps({"path": path, "md5": md5, "git_commit": commit}),
                    ),
                    [InputTag("mlflow.data.context", "input")],
                )
                for path, md5 in hashes.items()
            ],
        )

    @may_be_unavailable
    def note(self, run: str, tags: dict[str, str], texts: dict[str, str], files: list[Path]) -> None:
        """Tags, texts as artifacts by name, and files."""
        self.client.log_batch(run, tags=[RunTag(key, value) for key, value in tags.items()])
        for name, text in texts.items():
            self.client.log_text(run, text, name)
        for file in files:
            self.client.log_artifact(run, str(file))

    @may_be_unavailable
    def end(self, run: str, status: str) -> None:
        """FINISHED, FAILED or KILLED."""
        self.client.set_terminated(run, status)

    @may_be_unavailable
    def delete(self, run: str) -> None:
        self.client.set_terminated(run, "KILLED")
        self.client.delete_run(run)

    @may_be_unavailable
    def find(self, run: str) -> str | None:
        """The run with this id, or the one that was made later in its place (tag segmend.run); None if unknown here."""
        if not run.startswith("local-"):
            try:
                return self.client.get_run(run).info.run_id
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
        same = self.client.search_runs([self.experiment], f"tags.`segmend.run` = '{run}'", max_results=1)
        return same[0].info.run_id if same else None

    def close_dead_runs(self) -> None:
        """A killed flow leaves its runs RUNNING for ever; close those whose process on this host is gone."""
        query = f"attributes.status = 'RUNNING' and tags.`segmend.host` = '{socket.gethostname()}'"
        for run in self.client.search_runs([self.experiment], query, max_results=1000):
            tag = run.data.tags.get("segmend.process", "")
            if tag != process_tag(int(tag.split("-")[0] or 0)):
                self.client.set_terminated(run.info.run_id, "KILLED")

    def page(self, run: str | None = None, base: str | None = None) -> str:
        """The curves of the experiment in MLflow, or one run's page: on the server that is named, else on the one that `segmend ui` has up
        for this workspace or would start."""
        base = base or (self.uri if self.uri.startswith("http") else served(self.root) or "http://127.0.0.1:5000")
        where = f"runs/{run}?workflowType=machine_learning" if run else f"runs?{CHARTS}"
        return f"{base.rstrip('/')}/#/experiments/{self.experiment}/{where}"


def served(root: Path) -> str | None:
    """The address at which `segmend ui` shows this workspace now."""
    try:
        note = json.loads((root / SERVED).read_text())
    except (OSError, ValueError):
        return None
    return str(note["address"]) if process_tag(int(note["pid"])) == note["process"] else None


def process_tag(pid: int) -> str:
    """A process named so that its number, used again by another one, is not taken for it; "" if it does not run."""
    try:
        return f"{pid}-{psutil.Process(pid).create_time():.0f}" if pid else ""
    except psutil.NoSuchProcess:
        return ""


def _key(name: str) -> str:
    """MLflow allows letters, digits and _-. :/ in names."""
    return re.sub(r"[^\w\-. :/]", "_", name)[:250]


def _batches(items: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for begin in range(0, len(items), BATCH):
        yield items[begin : begin + BATCH]
