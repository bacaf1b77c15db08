"""`segmend export DIR`: the labels of a round as a data set for other tools, by the stage export with its output elsewhere."""

from pathlib import Path

from flows.engine.stage_command import stage_command
from flows.environment import UserError
from flows.files import workspace_files


def export(root: Path, folder: Path, format: str | None, round: str | None) -> int:
    """Write into `folder`, which must be empty or new; the stage's exit code.

    Args:
        format: a format of export.format, or None for what params.yaml says.
        round: the round whose labels are written, or None for the newest that is there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is there already and not empty: name a new folder; nothing was written.")
    params = workspace_files.params(root)
    came_as = str(((params.get("ingest") or {}).get("format") or {}).get("name", "folders"))
    rounds = ["r0", *(params.get("rounds") or {})]
    made = [name for name in rounds if labels(root, name).is_dir()]
    if not made:
        raise UserError("No labels are there yet: run segmend run first.")
    if round is not None and round not in made:
        raise UserError(f"The round {round} has no labels; these have: {', '.join(made)}.")
    variables = {"last": round or made[-1], "ingest.format.name": came_as}
    command = stage_command(root, "export", variables)
    written_as = {} if format is None else {"written-as": format}
    return command.start(root, **written_as, out=str(folder), metrics=None, report=None)


def labels(root: Path, name: str) -> Path:
    """The folder of a round's labels."""
    return root / stage_command(root, "export", {"last": name}).options["labels"]
