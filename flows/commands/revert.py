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
    method: Annotated[
        str | None,
        typer.Option(help="What this automatic method changed, as evidence: it is switched off in params.yaml."),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Do it; without it, only the number is said.")] = False,
) -> None:
    """Take answers back. Lines are added to the answers files, none is removed; segmend run then makes the labels anew."""
    root = environment.enter()
    if method is not None:
        if any(value is not None for value in (image, round, who, kind)):
            raise UserError("--method goes alone: what a method changed is made anew in every round, of all answers.")
        typer.echo(switched_off(root, method, write))
        return
    if image is None and round is None and who is None and kind is None:
        raise UserError("Say which answers: --image, --round, --who or --kind; several together must all fit.")
    raise typer.Exit(start(root, round, {"--image": image, "--who": who, "--kind": kind}, write))


def switched_off(root: Path, method: str, write: bool) -> str:
    """Set correct.expansion to none, where it is this method; what was, or would be, changed. Answers stay as they are."""
    from flows.files.params_file import ParamsFile

    file = ParamsFile(root)
    used = file.get("correct.expansion.name", "none")
    if used != method:
        raise UserError(f"No labels are changed by {method} now: correct.expansion is {used}.")
    file.set("correct.expansion.name", "none")
    difference = file.difference()
    if not write:
        return f"This would change params.yaml; nothing was changed yet: add --write.\n{difference}"
    file.save()
    return f"params.yaml changed:\n{difference}\nsegmend run then makes the labels from the answers alone."


def start(root: Path, round: str | None, which: dict[str, str | None], write: bool) -> int:
    """Run the module that knows answers on the file of one round, or on those of all rounds and held-out questions; its exit code."""
    from flows.engine.stage_command import stage_command
    from flows.files import promotions, workspace_files

    rounds = list(workspace_files.params(root).get("rounds") or {})
    if round is not None and round not in rounds:
        raise UserError(f"There is no round {round}; the rounds are {', '.join(rounds)}.")
    files = [
        stage_command(root, "correct", {"key": name}).options["answers"] for name in ([round] if round else rounds)
    ]
    if round is None:
        files += [str(folder / promotions.HELD_OUT_ANSWERS) for folder in promotions.draws(root)]
    words = [word for name, value in which.items() if value is not None for word in (name, value)]
    words += ["--by", getpass.getuser(), "--lock", str(LOCKS), *(["--write"] if write else [])]
    command = [sys.executable, "-m", "segmend.answers.revert", *files, *words]
    return subprocess.run(command, cwd=root, check=False).returncode
