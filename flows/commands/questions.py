"""`segmend questions DIR` and `segmend answers FILE`: a round's questions as tasks of Label Studio, and its answers back."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows import environment
from flows.commands.revert import LOCKS
from flows.environment import UserError


def questions(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    round: Annotated[str | None, typer.Option(help="Whose questions, as r2; default: the newest.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many; default: all that are open.")] = None,
) -> None:
    """Write a round's open questions as tasks for Label Studio, with the labels as predictions."""
    folder = folder.resolve()
    root = environment.enter()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is there already and not empty: name a new folder; nothing was written.")
    more = ["--limit", str(limit)] if limit else []
    raise typer.Exit(run(root, round, "out", "--out", str(folder), *more))


def answers(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Label Studio's export as JSON.")],
    round: Annotated[str | None, typer.Option(help="The round that was asked, as r2; default: the newest.")] = None,
) -> None:
    """Take answers that were given in Label Studio into the round's answers file; segmend run then applies them."""
    file = file.resolve()
    if not file.is_file():
        raise UserError(f"{file}: no such file.")
    root = environment.enter()
    raise typer.Exit(run(root, round, "in", str(file), "--lock", str(LOCKS)))


def run(root: Path, round: str | None, *words: str) -> int:
    """Run the module that knows questions on a round's files; its exit code."""
    from flows.engine.stage_command import stage_command
    from flows.files import workspace_files

    rounds = list(workspace_files.params(root).get("rounds") or {})
    options = {name: stage_command(root, "correct", {"key": name}).options for name in rounds}
    asked = [name for name in rounds if (root / options[name]["queries"] / "queries.jsonl").is_file()]
    if not asked:
        raise UserError("No questions are there yet: run segmend run first; it stops where people are asked.")
    if round is not None and round not in asked:
        raise UserError(f"The round {round} has no questions; these have: {', '.join(asked)}.")
    chosen = options[round or asked[-1]]
    paths = [word for name in ("queries", "dataset", "answers") for word in (f"--{name}", chosen[name])]
    return subprocess.run(
        [sys.executable, "-m", "tasks.export.questions", *words, *paths], cwd=root, check=False
    ).returncode
