"""`segmend annotate`: serve the page where people answer, in the foreground, as a child process: flows imports nothing of it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Annotated

import psutil
import typer

from flows import environment
from flows.engine import child_process

ADDRESS = Path(".work/annotate/address.json")  # written by the page while it is served (annotate/__main__.py)


def annotate(
    host: Annotated[
        str, typer.Option(help="Address to serve at; any but this machine's own demands a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Network port; default 8765, or a free one.")] = 0,
    round: Annotated[str | None, typer.Option(help="The round to answer; default: the newest with questions.")] = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            help="A folder of questions in place of the round's, of segmend audit --ask or segmend promote --labels --ask."
        ),
    ] = None,
    overlap: Annotated[int, typer.Option(min=1, help="How many people get each question.")] = 1,
    repeats: Annotated[
        int, typer.Option(min=0, help="Every so many questions one of the person's own comes again; 0: never.")
    ] = 0,
    lease: Annotated[
        int, typer.Option(min=1, help="Seconds after which a question that is not answered goes to somebody else.")
    ] = 900,
    expert: Annotated[str | None, typer.Option(help="Who settles disputed questions; default: everybody may.")] = None,
    user: Annotated[
        list[str] | None, typer.Option(help="A person who gets a link of their own; may be given again.")
    ] = None,
) -> None:
    """Answer the questions of the round in the browser; see, repaint and take back what was answered. Stop with Ctrl-C."""
    asked = questions.resolve() if questions else None
    environment.enter()
    numbers = {"--host": host, "--port": port, "--overlap": overlap, "--repeats": repeats, "--lease": lease}
    words = [word for name, value in numbers.items() for word in (name, str(value))]
    words += [word for name, value in (("--round", round), ("--expert", expert)) if value for word in (name, value)]
    words += ["--questions", str(asked)] if asked else []
    words += [word for name in user or [] for word in ("--user", name)]
    child = subprocess.Popen(child_process.guarded("annotate", *words), env=child_process.with_own_python(dict(os.environ)), start_new_session=True)  # fmt: skip
    try:
        raise typer.Exit(child.wait())
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    finally:
        child_process.end_group(child)


def where(root: Path) -> str:
    """Where the questions can be answered now."""
    try:
        server = json.loads((root / ADDRESS).read_text())
        if psutil.pid_exists(server["pid"]):
            return f"Answer in the browser: {server['address']}"
    except (OSError, ValueError, KeyError):
        pass
    return "Answer in the browser: start the page with `segmend annotate`."
