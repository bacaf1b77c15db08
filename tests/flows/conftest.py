"""Toy workspaces: a real DVC repository of tiny Python stages, made anew for each test."""

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from flows import environment, notify
from tests.flows.toys import PARAMS

# A stage that talks as ours do: spool lines, exit codes, an outcome line. `log.txt` counts executions.
STAGE = """
import json, os, sys, time
from pathlib import Path

name, out, *words = sys.argv[1:]
ins = [word for word in words if Path(word).is_file()]

def send(kind, **content):
    if "SEGMEND_SPOOL" in os.environ:
        with open(Path(os.environ["SEGMEND_SPOOL"]) / "lines.jsonl", "a") as file:
            file.write(json.dumps({"kind": kind, **content}) + "\\n")

with open("log.txt", "a") as file:
    file.write(f"{name} {sys.executable}\\n")
print(f"hello from {name}", flush=True)
behaviour = Path(f"{name}.do").read_text() if Path(f"{name}.do").exists() else ""
send("params", values={f"{name}.x": 1})
send("metrics", values={"loss": 0.5}, step=1)
send("progress", what="images", done=1, total=2)
exec(behaviour)
Path(out).write_text("".join(Path(path).read_text() for path in ins) + name)
send("metrics", values={"loss": 0.25}, step=2)
send("outcome", exit=0, message="")
"""

DVC = """
stages:
  first: {cmd: python stage.py first a.txt in.txt, deps: [in.txt, stage.py], params: [x], outs: [a.txt]}
  left: {cmd: python stage.py left b.txt a.txt, deps: [a.txt], params: [y], outs: [b.txt]}
  right: {cmd: python stage.py right c.txt a.txt, deps: [a.txt], outs: [c.txt]}
  last: {cmd: python stage.py last d.txt b.txt c.txt, deps: [b.txt, c.txt], outs: [d.txt]}
"""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from dvc.repo import Repo

    root = tmp_path_factory.mktemp("template")
    Repo.init(str(root), no_scm=True).close()
    (root / ".dvc" / "config").write_text(
        "[core]\n    no_scm = True\n    analytics = false\n    check_update = false\n"
    )
    (root / "stage.py").write_text(STAGE)
    (root / "in.txt").write_text("in ")
    (root / "params.yaml").write_text("x: 1\ny: 1\n")
    (root / "dvc.yaml").write_text(DVC)
    return root


@pytest.fixture
def toy(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "toy"
    shutil.copytree(template, root)
    for name, value in environment.shipped_settings().items():
        monkeypatch.setenv(name, value)
    for name in ("PREFECT_API_URL", "PREFECT_HOME", "MLFLOW_TRACKING_URI", "SEGMEND_SPOOL", "SEGMEND_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # device locks of this test alone
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return root


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], str]], list[list[str]]]:
    """`recorded(name, content)`: in a workspace with the shipped dvc.yaml and params.yaml, stages that a command starts
    are not run but recorded, and leave `content()` as .work/<name>."""
    for shipped in ("dvc.yaml", "params.yaml"):
        shutil.copy(Path(__file__).parents[2] / shipped, tmp_path)

    def record(name: str, content: Callable[[], str]) -> list[list[str]]:
        started: list[list[str]] = []

        def run(words: list[str], cwd: Path, check: bool) -> subprocess.CompletedProcess:
            started.append(words[1:])
            (tmp_path / ".work").mkdir(exist_ok=True)
            (tmp_path / ".work" / name).write_text(content())
            return subprocess.CompletedProcess(words, 0)

        monkeypatch.setattr("flows.engine.stage_command.subprocess.run", run)
        return started

    return record


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Making the tables takes seconds: once, then copied."""
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def root(toy: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A toy workspace with rounds in its params.yaml, as the current folder."""
    shutil.copy(database, toy / "mlflow.db")
    (toy / "params.yaml").write_text(PARAMS)
    monkeypatch.chdir(toy)
    return toy


ROUND_ROWS = [
    {"round": "r0", "clicks": 0, "data_miou": 0.6, "coverage": 1.0, "wrong_pixels": 5000, "model_miou": 0.5},
    {"round": "r1", "clicks": 40, "data_miou": 0.75, "coverage": 1.0, "wrong_pixels": 3000, "model_miou": 0.55},
]


@pytest.fixture
def scored(toy: Path) -> Path:
    """A toy workspace with the scores of two rounds, classes ground and leaf, and a report."""
    (toy / "params.yaml").write_text(
        "seed: 3\nx: 1\ny: 1\ningest: {data: shapes}\nmodels: {r0: {prev: start}, r1: {prev: r0}}\nlast: r1\n"
    )
    folder = toy / "data/scores/r1"
    folder.mkdir(parents=True)
    (folder / "rounds.json").write_text(json.dumps(ROUND_ROWS))
    (folder / "classes.csv").write_text(
        "round,class,model_iou,data_iou\nr0,leaf,0.4,0.5\nr1,leaf,0.5,0.7\nr0,ground,,0.7\nr1,ground,0.6,0.8\n"
    )
    (toy / "data/report").mkdir()
    (toy / "data/report/report.html").write_text("<h1>Report</h1>")
    return toy


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict]]:
    """A server in this process, named in the environment; `answer` of a request's path is its status."""
    got: list[dict] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(int(self.path.rpartition("/")[2]))
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv(notify.VARIABLE, f"http://127.0.0.1:{server.server_port}/s3cret/200")
    yield got
    server.shutdown()
