"""The `segmend` command: help, honest exit codes, one sentence for a mistake."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows import environment
from tests.flows.toys import behave, mistake, segmend

HERE = Path(__file__).parents[2]


def test_help_and_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # they work anywhere
    commands = ("run", "status", "rounds", "recommend", "inspect", "methods", "new", "ui", "serve")
    top = segmend("-h").output
    assert all(f"\n  {name} " in top for name in commands)
    for name in commands:
        assert segmend(name, "-h").exit_code == 0 and segmend(name, "--help").output == segmend(name, "-h").output
    assert segmend("--version").output.startswith("segmend ")


def test_help_is_light():
    """0.3 s of processor time, interpreter included; on a busy machine the best of three counts."""
    code = (
        "import sys, resource, flows.cli; sys.argv = ['segmend', '-h']\ntry: flows.cli.main()\nexcept SystemExit: pass\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print([m for m in ('prefect', 'dvc', 'mlflow', 'torch', 'pydantic', 'rich', 'ruamel') if m in sys.modules], "
        "used.ru_utime + used.ru_stime, file=sys.stderr)"
    )
    seconds = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], cwd=HERE, capture_output=True, text=True, check=True)
        modules, used = done.stderr.rsplit(" ", 1)
        assert modules == "[]" and "segmend" in done.stdout
        seconds.append(float(used))
    assert min(seconds) < 0.3


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
    assert (
        result.exit_code == 0
        and "last: Completed" in result.output
        and "MLflow: http://" in result.output
        and "compareRunsMode=CHART" in result.output
    )
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
