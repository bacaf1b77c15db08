"""MLflow's data base: whole or not there, whatever kills the process that makes it."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.tracking.database import finished
from flows.tracking.mlflow_store import Store

HERE = Path(__file__).parents[3]


def half_made(path: Path, kind: str) -> None:
    """What kills, full disks and other programs left there."""
    if kind == "text":
        path.write_text("this is no data base")
        return
    connection = sqlite3.connect(path)
    if kind != "empty":
        connection.execute("CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE runs (run_uuid TEXT)")
    if kind == "old version":
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('451aebb31d03')")
    connection.commit()
    connection.close()
    path.touch()


@pytest.mark.parametrize("kind", ["empty", "tables without version", "old version", "text"])
def test_a_half_made_data_base_is_set_aside_with_a_sentence(tmp_path: Path, kind: str):
    half_made(tmp_path / "mlflow.db", kind)
    said: list[str] = []
    store = Store(tmp_path, "shapes", said.append)
    store.end(store.start("first", {}), "FINISHED")
    assert len(said) == 1 and "left unfinished" in said[0]
    assert len(list(tmp_path.glob("mlflow.db.unfinished-*"))) == 1
    again: list[str] = []
    Store(tmp_path, "shapes", again.append)
    assert again == [] and not list(tmp_path.glob("*.half"))


def test_one_with_runs_is_never_set_aside(tmp_path: Path, database_file: Path):
    connection = sqlite3.connect(database_file)
    connection.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")  # an older MLflow's
    connection.execute("INSERT INTO runs (run_uuid, experiment_id) VALUES ('a', 0)")
    connection.commit()
    connection.close()
    assert finished(database_file)


@pytest.fixture
def database_file(database: Path, tmp_path: Path) -> Path:
    target = tmp_path / "copy.db"
    target.write_bytes(database.read_bytes())
    return target


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_none_or_a_whole_one(tmp_path: Path):
    code = f"from pathlib import Path; from flows.tracking.database import make_database; print('go', flush=True); make_database(Path({str(tmp_path / 'm.db')!r}), print)"
    for delay in (0.3, 1.0, 2.0):
        child = subprocess.Popen([sys.executable, "-c", code], cwd=HERE, stdout=subprocess.PIPE)
        assert child.stdout.readline()
        time.sleep(delay)
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        assert not (tmp_path / "m.db").exists() or finished(tmp_path / "m.db")
