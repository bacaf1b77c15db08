"""`segmend revert`: take back answers by image, round, person or kind; the next run makes the labels without them."""

import getpass
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows import environment
from flows.environment import UserError

LOCKS = Path(".work/annotate")  # where the page keeps the locks of the answers files


def revert(
    image: Annotated[str | None, typer.Option(help="Only answers about this image.")] = None,
    round: Annotated[str | None, typer.Option(help="Only answers in this round's file, as r2.")] = None,
    who: Annotated[str | None, typer.Option(help="Only this person's answers.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only answers of this kind: confirm, class, class_set, mask, skip.")
    ] = None,
    method: Annotated[str | None, typer.Option(help="What an automatic method changed: says how to undo that.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Do it; without it, only the number is said.")] = False,
) -> None:
    """Take answers back. Lines are added to the answers files, none is removed; segmend run then makes the labels anew."""
    root = environment.enter()
    if method is not None:
        raise UserError(
            f"What {method} changed is made anew in every round from the answers, so there is nothing to take back: set "
            "correct.expansion to {name: none} in params.yaml and run segmend run; the answers stay."
        )
    if image is None and round is None and who is None and kind is None:
        raise UserError("Say which answers: --image, --round, --who or --kind; several together must all fit.")
    raise typer.Exit(start(root, round, {"--image": image, "--who": who, "--kind": kind}, write))


def start(root: Path, round: str | None, which: dict[str, str | None], write: bool) -> int:
    """Run the module that knows answers on the files of one round or of all; its exit code."""
    from flows.engine.stage_command import stage_command
    from flows.files import workspace_files

    rounds = list(workspace_files.params(root).get("rounds") or {})
    if round is not None and round not in rounds:
        raise UserError(f"There is no round {round}; the rounds are {', '.join(rounds)}.")
    files = [
        stage_command(root, "correct", {"key": name}).options["answers"] for name in ([round] if round else rounds)
    ]
    words = [word for name, value in which.items() if value is not None for word in (name, value)]
    words += ["--by", getpass.getuser(), "--lock", str(LOCKS), *(["--write"] if write else [])]
    command = [sys.executable, "-m", "segmend.answers.revert", *files, *words]
    return subprocess.run(command, cwd=root, check=False).returncode
