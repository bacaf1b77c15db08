"""MLflow's SQLite file: made under another name and renamed when its tables are whole, so that no kill leaves half of it."""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from mlflow import MlflowClient
from mlflow.store.db.utils import _get_latest_schema_revision


def make_database(path: Path, warn: Callable[[str], None]) -> None:
    """Make the file if it is not there. One that was left unfinished and holds no run is set aside with a sentence."""
    if path.exists() and not finished(path):
        aside = path.with_name(f"{path.name}.unfinished-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}")
        path.replace(aside)
        warn(
            f"{path.name} was left unfinished by an interrupted run and held no runs; it is now {aside.name}, a new one is made."
        )
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.{os.getpid()}.half")
    half.unlink(missing_ok=True)
    try:
        MlflowClient(tracking_uri=f"sqlite:///{half}").search_experiments()
        os.link(half, path)
    except FileExistsError:  # another process was faster
        return
    finally:
        half.unlink(missing_ok=True)


def finished(path: Path) -> bool:
    """Whether all tables were made: the schema is the newest, or there are runs in it (an older schema: MLflow says what to do)."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
        if version == _get_latest_schema_revision():
            return True
        return bool(connection.execute("SELECT 1 FROM runs LIMIT 1").fetchone())
    except sqlite3.OperationalError as error:
        return "no such table" not in str(error)  # locked, for example
    except sqlite3.DatabaseError:  # no SQLite file at all
        return False
    finally:
        connection.close()
