"""The `segmend` command: help, honest exit codes, one sentence for a mistake, and what it changes in params.yaml."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows import environment
from flows.cli import app
from flows.commands import workspace
from flows.engine.runner import Runner
from flows.files import params_file
from tests.flows.toys import behave, executed

HERE = Path(__file__).parents[2]
PARAMS = """\
# Every number of a run.
ingest:
  data: brain                      # a folder of data/raw
  format: {name: brain}
  noise: {level: medium}           # planted mistakes

correct:
  oracle: {name: ground_truth}

# Rounds of questions
rounds:
  r1: {prev: r0, budget: 5%}
  r2: {prev: r1, budget: 9%}
models:
  r0: {prev: start}
  r1: {prev: r0}
  r2: {prev: r1}
last: r2
x: 1
y: 1
"""


@pytest.fixture
def root(toy: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(database, toy / "mlflow.db")
    (toy / "params.yaml").write_text(PARAMS)
    monkeypatch.chdir(toy)
    return toy


def segmend(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def mistake(*words: str) -> str:
    """The sentence of a user's mistake: exit code 2, no traceback."""
    result = segmend(*words)
    assert result.exit_code == 2 and "Traceback" not in result.output
    return result.output


def git(root: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words],
        cwd=root,
        check=True,
        capture_output=True,
    )


def test_help_and_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # they work anywhere
    commands = ("run", "status", "rounds", "recommend", "inspect", "methods", "new", "ui", "serve")
    top = segmend("-h").output
    assert all(f"\n  {name} " in top for name in commands)
    for name in commands:
        assert segmend(name, "-h").exit_code == 0 and segmend(name, "--help").output == segmend(name, "-h").output
    assert segmend("--version").output.startswith("segmend ")


def test_help_is_light():
    code = "import sys, flows.cli; print([m for m in ('prefect', 'dvc', 'mlflow', 'torch', 'pydantic') if m in sys.modules])"
    begin = time.monotonic()
    answer = subprocess.run([sys.executable, "-c", code], cwd=HERE, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]" and time.monotonic() - begin < 3


def test_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert "not in a segmend workspace" in mistake("status")


def test_status_json(root: Path):
    scores = root / "data" / "scores"
    for name, rows in (
        ("r0", [{"round": "r0"}]),
        ("r1", [{"round": "r0"}, {"round": "r1", "clicks": 3, "data_miou": 0.5, "more": 1}]),
    ):
        (scores / name).mkdir(parents=True)
        (scores / name / "rounds.json").write_text(json.dumps(rows))
    content = json.loads(segmend("status", "--json").stdout)
    assert list(content) == ["stages", "rounds", "report", "mlflow"]
    assert content["stages"][0] == {"name": "first", "fresh": False, "why": "never ran"}
    assert content["rounds"][1] == {
        "round": "r1", "clicks": 3, "data_miou": 0.5, "coverage": None, "wrong_pixels": None, "model_miou": None,
        "ceiling_miou": None}  # fmt: skip
    assert content["report"] is None and content["mlflow"] == f"sqlite:///{root}/mlflow.db"
    (root / "data" / "report").mkdir()
    (root / "data" / "report" / "index.html").write_text("")
    assert json.loads(segmend("status", "--json").stdout)["report"] == str(root / "data" / "report" / "index.html")
    assert "never ran" in segmend("status").output


def test_run_without_prefect_and_nothing_to_do(root: Path):
    result = segmend("run", "--no-prefect")
    assert result.exit_code == 0 and "last: Completed" in result.output and "MLflow run: " in result.output
    code = (
        "import sys; sys.argv = ['segmend', 'run']\nfrom flows.cli import main\ntry: main()\nexcept SystemExit as end:\n"
        " print(end.code, [m for m in ('prefect', 'mlflow') if m in sys.modules])"
    )
    env = {**os.environ, "PYTHONPATH": str(HERE)}
    answer = subprocess.run([sys.executable, "-c", code], cwd=root, env=env, capture_output=True, text=True, check=True)
    assert "Nothing to do: all 4 stages are fresh." in answer.stdout and answer.stdout.strip().endswith("0 []")


@pytest.mark.parametrize(
    ("behaviour", "code", "told"),
    [
        ("sys.exit(1)", 1, "first: Failed"),
        ("send('outcome', exit=2, message='mend in.txt'); sys.exit(2)", 2, "mend in.txt"),
        ("send('outcome', exit=75, message='answer 5 queries'); sys.exit(75)", 75, "answer 5 queries"),
    ],
)
def test_exit_codes(root: Path, monkeypatch: pytest.MonkeyPatch, behaviour: str, code: int, told: str):
    behave(root, "first", behaviour)
    result = segmend("run", "--no-prefect", "--target", "first")
    assert result.exit_code == code and told in result.output


def test_machine_options_reach_the_stages(root: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("SEGMEND_DEVICE", "SEGMEND_PRECISION", "SEGMEND_WORKERS"):
        monkeypatch.setenv(name, "")  # so that what the command sets is undone after the test
    behave(
        root,
        "first",
        "Path('machine').write_text(' '.join(os.environ[f'SEGMEND_{n}'] for n in ('DEVICE', 'PRECISION', 'WORKERS')))",
    )
    segmend("run", "--no-prefect", "--target", "first", "--device", "cpu", "--precision", "fp32", "--workers", "3")
    assert (root / "machine").read_text() == "cpu fp32 3"
    assert "fp32" not in (root / "params.yaml").read_text() + (root / "dvc.lock").read_text()


@pytest.mark.parametrize(("words", "why"), [([], "fetching it failed"), (["--offline"], "fetching is switched off")])
def test_offline_says_what_to_fetch_and_where_to_put_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], why: str
):
    """The toy stage asks for a model that is nowhere, as a labeller does."""
    for name in environment.OFFLINE:
        monkeypatch.setenv(name, "")  # so that what the command sets is undone after the test
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    behave(
        root,
        "first",
        """
from segmend.network.pretrained import pretrained
class Nowhere:
    def from_pretrained(*_, **__): raise OSError
try: pretrained(Nowhere, "some/model", None, "clipseg.model")
except ValueError as told:
    send("outcome", exit=2, message=str(told))
    sys.exit(2)
""",
    )
    result = segmend("run", "--no-prefect", "--target", "first", *words)
    told = " ".join(result.output.split())
    assert result.exit_code == 2 and why in told and "Traceback" not in told
    assert "run `hf download some/model` and copy the cache (HF_HOME, by default ~/.cache/huggingface)" in told


def test_what_is_not_chosen_leaves_the_environment_alone():
    assert environment.machine("auto", "auto", None) == {}
    assert environment.machine("cpu", "auto", 2, offline=True) == {
        "SEGMEND_DEVICE": "cpu", "SEGMEND_WORKERS": "2", "SEGMEND_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}  # fmt: skip


def test_rounds(root: Path):
    result = segmend("rounds", "4")
    assert result.exit_code == 0 and "+  r4: {prev: r3, budget: 9%}" in result.output
    text = (root / "params.yaml").read_text()
    assert text.startswith(
        PARAMS[: PARAMS.index("  r2: {prev: r1}\nlast")].replace(
            "9%}\n", "9%}\n  r3: {prev: r2, budget: 9%}\n  r4: {prev: r3, budget: 9%}\n"
        )
    )
    assert "last: r4\nx: 1" in text
    answers = root / "data" / "answers"
    assert [path.name for path in sorted(answers.iterdir())] == ["r1.jsonl", "r2.jsonl", "r3.jsonl", "r4.jsonl"]

    (answers / "r3.jsonl").write_text('{"query": 1}\n')
    result = segmend("rounds", "2")
    assert "r3.jsonl has answers and is kept" in result.output
    assert [path.name for path in sorted(answers.iterdir())] == ["r1.jsonl", "r2.jsonl", "r3.jsonl"]
    assert (root / "params.yaml").read_text() == PARAMS  # back to the byte
    assert "already" in segmend("rounds", "2").output
    assert segmend("rounds", "0").exit_code == 0
    assert segmend("rounds", "-1").exit_code == 2


def test_rounds_can_be_none_at_all(root: Path):
    (root / "dvc.yaml").write_text(
        (root / "dvc.yaml").read_text()
        + """
  query:
    foreach: ${rounds}
    do: {cmd: "python stage.py query ${key}.txt in.txt", deps: [in.txt], outs: ["${key}.txt"]}
"""
    )
    segmend("rounds", "0")
    assert len(json.loads(segmend("status", "--json").stdout)["stages"]) == 4
    segmend("rounds", "1")
    assert [s["name"] for s in json.loads(segmend("status", "--json").stdout)["stages"]][-1] == "query@r1"


@pytest.mark.parametrize(("old", "new", "told"), [
    ("r2: {prev: r1, budget", "r2: {prev: r7, budget", "rounds.r2.prev is 'r7'"),
    ("last: r2", "last: r1", "last is 'r1' but the last round is 'r2'"),
    ("  r2: {prev: r1}\n", "", "must be models without its first"),
])  # fmt: skip
def test_a_broken_chain_is_told(root: Path, old: str, new: str, told: str):
    (root / "params.yaml").write_text(PARAMS.replace(old, new))
    with pytest.raises(environment.UserError, match=told):
        params_file.check_chain(params_file.ParamsFile(root))


def test_experiment(root: Path):
    (root / "experiments").mkdir()
    (root / "experiments" / "otsu.yaml").write_text("# a paper\nx: 3\ningest: {noise: {level: none}}\n")
    (root / "experiments" / "other.yaml").write_text("x: 4\n")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    assert "known experiments: other, otsu" in mistake("run", "-e", "nonsense")
    result = segmend("run", "--no-prefect", "-e", "otsu", "--target", "first")
    assert "-x: 1" in result.output and "+x: 3" in result.output and result.exit_code == 0
    merged = PARAMS.replace("x: 1", "x: 3").replace("{level: medium}", "{level: none}")
    assert (root / "params.yaml").read_text().split() == merged.split()  # comments too
    assert "git checkout params.yaml" in mistake("run", "-e", "other")
    assert "changed" not in segmend("run", "--no-prefect", "-e", "otsu", "--target", "first").output  # nothing to bury


def images(folder: Path, *parts: str) -> Path:
    for part in ("images", *parts):
        (folder / part).mkdir(parents=True)
        (folder / part / "a.txt").write_text("pixels")
    return folder


def test_own_data(root: Path, tmp_path: Path):
    difference, remarks = workspace.take_data(root, images(tmp_path / "cells"), None, None)
    text = (root / "params.yaml").read_text()
    assert (
        "data: cells" in text and "level: none" in text and "oracle: {name: people}" in text and "name: folders" in text
    )
    assert str(tmp_path) not in text and "# a folder of data/raw" in text and "people answer" in " ".join(remarks)
    assert "+  data: cells" in difference
    assert workspace.take_data(root, tmp_path / "cells", None, None) == ("", remarks[-1:])  # again: nothing changes

    workspace.take_data(root, images(tmp_path / "cracks"), "voc", "hard")
    text = (root / "params.yaml").read_text()
    assert "name: voc" in text and "level: hard" in text and "oracle: {name: ground_truth}" in text
    workspace.take_data(root, images(tmp_path / "known", "truth"), "voc", None)
    assert "oracle: {name: ground_truth}" in (root / "params.yaml").read_text()

    assert "no such folder" in mistake("run", "--data", str(tmp_path / "nowhere"))
    assert "one of none, easy" in mistake("run", "--data", str(tmp_path / "cells"), "--noise", "lots")
    assert "--noise says how" in mistake("run", "--noise", "easy")
    assert "another folder" in mistake("run", "--data", str(images(tmp_path / "elsewhere" / "cells")))


def test_dvc_sees_through_the_link(root: Path, tmp_path: Path):
    workspace.take_data(root, images(tmp_path / "cells"), None, None)
    (root / "dvc.yaml").write_text(
        "stages: {ingest: {cmd: python stage.py i o.txt in.txt, deps: [data/raw/cells], outs: [o.txt]}}"
    )
    assert segmend("run", "--no-prefect").exit_code == 0
    assert str(tmp_path) not in (root / "dvc.lock").read_text()

    def stale() -> list[str]:
        with Runner(root) as runner:
            return [reason for stage in runner.plan().stale for reason in stage.why]

    assert stale() == []
    (tmp_path / "cells" / "images" / "b.txt").write_text("new")
    assert stale() == ["changed deps: data/raw/cells"]
    (tmp_path / "cells" / "images" / "b.txt").unlink()
    assert stale() == []
    (tmp_path / "cells" / "images" / "a.txt").write_text("other")
    assert stale() == ["changed deps: data/raw/cells"]


def test_new_workspace(root: Path, tmp_path: Path):
    assert "no commit yet" in mistake("new", str(tmp_path / "other"))
    (root / ".gitignore").write_text(".work\n*.txt\n!in.txt\nmlflow.db\n")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    segmend("run", "--no-prefect")
    (root / "dvc.lock").unlink()
    other = tmp_path / "other"
    result = segmend("new", str(other))
    assert result.exit_code == 0 and "branch workspace/other" in result.output
    assert str(root) not in (other / ".dvc" / "config").read_text()
    with Runner(other) as runner:  # the cache is shared: nothing runs twice
        assert {outcome.what for outcome in runner.run_all(runner.plan()).values()} == {"Restored"}
    assert executed(other) == []
    assert "not empty" in mistake("new", str(other))


def test_a_workspace_runs_its_own_code(root: Path):
    (root / "flows").mkdir()
    (root / "flows" / "__init__.py").write_text("")
    (root / "flows" / "cli.py").write_text("import sys; print('my own', sys.argv[1:])")
    env = {**os.environ, "PYTHONPATH": str(HERE)}
    code = "import sys; sys.argv = ['segmend', 'status']; from flows.cli import main; main()"
    sub = root / "data"
    sub.mkdir()
    answer = subprocess.run([sys.executable, "-c", code], cwd=sub, env=env, capture_output=True, text=True, check=True)
    assert answer.stdout == "my own ['status']\n"


def test_inspect_and_methods_start_the_stage_modules(root: Path, tmp_path: Path):
    for module in ("tasks/__main__.py", "tasks/ingest/inspect.py"):
        (root / module).parent.mkdir(parents=True, exist_ok=True)
        (root / module).write_text(
            "import sys, pathlib; pathlib.Path('told').write_text(repr(sys.argv[1:])); sys.exit(2 if 'voc' in sys.argv else 0)"
        )
    assert segmend("methods").exit_code == 0 and (root / "told").read_text() == "['--table']"
    assert segmend("inspect", str(tmp_path), "--format", "voc").exit_code == 2
    assert (root / "told").read_text() == repr([str(tmp_path), "--format", "voc"])
    assert "no such folder" in mistake("inspect", str(tmp_path / "nowhere"))


def test_shipped_settings_never_override(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DO_NOT_TRACK", "0")
    monkeypatch.setenv("PREFECT_HOME", "/elsewhere")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "")
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY")
    environment.apply(root)
    assert (os.environ["DO_NOT_TRACK"], os.environ["PREFECT_HOME"], os.environ["MLFLOW_DISABLE_TELEMETRY"]) == (
        "0",
        "/elsewhere",
        "true",
    )
