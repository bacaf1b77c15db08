"""`segmend export DIR`: the labels of a round as a data set for other tools, by the stage export with its output elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from flows import environment
from flows.environment import UserError


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    format: Annotated[
        str | None, typer.Option(help="How it is written; default: export.format of params.yaml.")
    ] = None,
    round: Annotated[str | None, typer.Option(help="Whose labels, as r2; default: the newest.")] = None,
) -> None:
    """Write the corrected data set for other tools, with a data card and the list of changes."""
    folder = folder.resolve()
    raise typer.Exit(write(environment.enter(), folder, format, round))


def write(root: Path, folder: Path, format: str | None, round: str | None) -> int:
    """Run the stage with its output in `folder`, which must be empty or new; its exit code."""
    from flows.engine.stage_command import stage_command
    from flows.files import workspace_files

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is there already and not empty: name a new folder; nothing was written.")
    params = workspace_files.params(root)

    def labels(name: str) -> Path:
        return root / stage_command(root, "export", {"last": name}).options["labels"]

    made = [name for name in ("r0", *(params.get("rounds") or {})) if labels(name).is_dir()]
    if not made:
        raise UserError("No labels are there yet: run segmend run first.")
    if round is not None and round not in made:
        raise UserError(f"The round {round} has no labels; these have: {', '.join(made)}.")
    came_as = ((params.get("ingest") or {}).get("format") or {}).get("name", "folders")
    command = stage_command(root, "export", {"last": round or made[-1], "ingest.format.name": came_as})
    written_as = {} if format is None else {"written-as": format}
    return command.start(root, **written_as, out=str(folder), metrics=None, report=None)
