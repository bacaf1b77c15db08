"""What all commands share: exit codes and sentences of mistakes, the workspace they work in, starting a module of the stages."""

import errno
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from flows import environment
from flows.environment import UserError

USER_MISTAKE, INTERRUPTED = 2, 130


class Commands(TyperGroup):
    """Turns a UserError into its sentence and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as mistake:
            typer.echo(str(mistake), err=True)
            raise typer.Exit(USER_MISTAKE) from mistake
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            typer.echo(environment.disk_full(error), err=True)
            raise typer.Exit(USER_MISTAKE) from error
        except KeyboardInterrupt as stop:
            typer.echo("Interrupted; what was finished is kept, the next run goes on from there.", err=True)
            raise typer.Exit(INTERRUPTED) from stop


workspace = environment.enter


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def module(name: str, *arguments: str) -> None:
    """Run a module of the tasks in the workspace and end with its exit code."""
    import subprocess

    workspace(check=False)
    raise typer.Exit(subprocess.run([sys.executable, "-m", name, *arguments], check=False).returncode)
