"""A folder from elsewhere as a data set: read by the stage ingest, into a folder of .work. For audit and diff."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer


def run(root: Path, module: str, *words: str, cwd: Path | None = None) -> None:
    """Run a module of the tasks; end with its exit code where that is not 0."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))}
    code = subprocess.run([sys.executable, "-m", module, *words], cwd=cwd or root, env=env, check=False).returncode
    if code:
        raise typer.Exit(code)


def ingested(root: Path, folder: Path, place: Path, format: str | None, keep_going: bool) -> Path:
    """Read `folder` into `place` (below the workspace); the data set's folder. This workspace's own data keep their settings of
    params.yaml; of others the format is recognised unless it is given."""
    from flows.commands.workspace import recognised
    from flows.files import workspace_files

    own: dict[str, Any] = workspace_files.params(root).get("ingest") or {}
    link = root / "data/raw" / str(own.get("data"))
    settings = {**own} if link.exists() and link.resolve() == folder else {}
    if not settings or format:
        form, why = (format, "as asked") if format else recognised(folder)
        settings["format"] = {"name": form}
        typer.echo(f"{folder.name} is read as format `{form}` ({why}); another one: --format NAME.")
    settings |= {"data": place.name, "noise": {"level": "none"}, "keep_going": keep_going}
    for part in ("dataset", "truth"):
        shutil.rmtree(root / place / part, ignore_errors=True)
    (root / place).mkdir(parents=True, exist_ok=True)
    (root / place / "params.yaml").write_text(json.dumps({"seed": 0, "ingest": settings}), encoding="utf-8")
    run(root, "tasks.ingest", "--raw", str(folder), "--out", "dataset", "--out-truth", "truth", cwd=root / place)
    return place / "dataset"
