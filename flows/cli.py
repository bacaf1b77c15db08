"""The `segmend` command. What a command needs is imported when it runs (`segmend -h`: 0.1 s of CPU time); what needs a
stage's code is started as a module.

Exit codes: 0 done, 1 a stage failed, 2 a mistake of the user's (one sentence), 75 waiting for answers, 130 interrupted.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows import environment
from flows.commands import annotate, audit, diff, drift, export, predict, promote, questions, revert, serve
from flows.commands.entry import Commands, interrupt, module, workspace
from flows.commands.options import DEVICE, OFFLINE, PRECISION, TARGET, WORKERS
from flows.environment import UserError

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"segmend {_installed()}")
        raise typer.Exit


def _installed() -> str:
    import tomllib
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("segmend")
    except PackageNotFoundError:  # run from a checkout, as `python -m flows.cli`
        return str(
            tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())["project"]["version"]
        )


@app.callback()
def segmend(
    show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Mend segmentation labels: train in spite of bad masks, ask about the regions most worth asking, correct, retrain."""


@app.command()
def run(
    data: Annotated[
        Path | None, typer.Option(help="Work on this folder: link it into data/raw and point params.yaml at it.")
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="How that folder is laid out: folders, voc, cityscapes, ade20k, coco, ...")
    ] = None,
    noise: Annotated[
        str | None, typer.Option(help="Take its masks for the truth and plant mistakes: none, easy, medium, hard.")
    ] = None,
    experiment: Annotated[
        str | None, typer.Option("--experiment", "-e", help="First merge experiments/NAME.yaml into params.yaml.")
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Set unreadable images aside in a list instead of stopping.")
    ] = False,
    device: DEVICE = "auto",
    precision: PRECISION = "auto",
    workers: WORKERS = None,
    offline: OFFLINE = False,
    target: TARGET = None,
    force: Annotated[
        list[str] | None, typer.Option(help="Run this stage although it is fresh; may be given again.")
    ] = None,
    no_prefect: Annotated[bool, typer.Option("--no-prefect", help="Run the stages without Prefect.")] = False,
) -> None:
    """Run what is stale, show the rounds. With nothing stale it says so and starts nothing."""
    from rich.console import Console

    from flows.commands import run
    from flows.display import ending

    root, console = workspace(), Console()
    for name, value in (("--format", format), ("--noise", noise)):
        if value is not None and data is None:
            raise UserError(
                f"{name} says how to read the folder of --data; give that too, or edit the section ingest of params.yaml."
            )
    run.prepare(root, data, format, noise, experiment, keep_going)
    os.environ.update(environment.machine(device, precision, workers, offline))
    signal.signal(signal.SIGTERM, interrupt)
    parameters = {"target": target, "force": force or [], "device": device, "precision": precision, "workers": workers}
    parameters["offline"] = offline
    plan, outcomes, link = run.execute(root, console, parameters, with_prefect=not no_prefect)
    if not plan.stale:
        console.print(f"Nothing to do: all {len(plan.stages)} stages are fresh.")
    ending(console, root)
    if link:
        console.print(f"MLflow: {environment.without_secrets(link)}", soft_wrap=True, highlight=False)
    if any(outcome.what == "Waiting" for outcome in outcomes.values()):
        console.print(annotate.where(root), soft_wrap=True, highlight=False, markup=False)
    raise typer.Exit(run.exit_code(outcomes))


@app.command()
def status(
    as_json: Annotated[
        bool, typer.Option("--json", help="For other programs: stages, rounds, report, mlflow.")
    ] = False,
) -> None:
    """Every stage: fresh, or stale and why. Runs nothing."""
    from rich.console import Console

    from flows import display
    from flows.engine import plan

    root = workspace()
    display.print_status(
        Console(), display.status(root, plan.read_plan(root), environment.tracking_uri(root)), as_json, root
    )


@app.command()
def rounds(
    number: Annotated[int, typer.Argument(min=0, max=10_000, help="How many rounds of questions.")],
    budget: Annotated[
        str | None, typer.Option(help="Budget of every round that is not asked yet, as 500 or 2%.")
    ] = None,
) -> None:
    """Set the number of rounds in params.yaml. Answers that people gave are never deleted."""
    from flows.files.params_file import set_rounds

    difference, remarks = set_rounds(workspace(any_rounds=True), number, budget)
    typer.echo(f"params.yaml changed:\n{difference}" if difference else f"There are {number} rounds already.")
    for remark in remarks:
        typer.echo(remark)


@app.command("next")
def next_questions(
    budget: Annotated[
        str | None, typer.Option(help="How many questions, as 500 or 5%; default: the last round's budget.")
    ] = None,
) -> None:
    """Show the next questions as pictures and what they are expected to fix. Asks nobody, changes nothing."""
    from rich.console import Console

    from flows.commands.preview import look_ahead

    raise typer.Exit(look_ahead(workspace(), budget, Console()))


@app.command()
def recommend(
    write: Annotated[bool, typer.Option("--write", help="Write the recipe to params.yaml.")] = False,
) -> None:
    """How noisy are the labels, and which training suits them? Changes nothing without --write."""
    from rich.console import Console

    from flows.commands.recommend import recommend as show_recipe

    raise typer.Exit(show_recipe(workspace(), write, Console()))


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(help="A folder with images and masks.")],
    format: Annotated[str | None, typer.Option(help="How it is laid out; guessed if left out.")] = None,
    tile: Annotated[
        int, typer.Option(help="Cut larger images into tiles of so many pixels a side (0: none is cut).")
    ] = 0,
) -> None:
    """List what a folder holds and what is wrong with it. Changes nothing."""
    path = path.resolve()
    if not path.exists():
        raise UserError(f"{path}: no such folder.")
    options = [*(["--format", format] if format else []), *(["--tile", str(tile)] if tile else [])]
    module("tasks.ingest.inspect", str(path), *options)


@app.command()
def methods() -> None:
    """The table of all methods that each stage offers."""
    module("tasks", "--table")


@app.command()
def new(folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")]) -> None:
    """Make a workspace for another data set: its own params, data and runs; the DVC cache is shared."""
    from flows.commands.workspace import make

    folder = folder.resolve()
    for remark in make(workspace(check=False), folder):
        typer.echo(remark)


@app.command()
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    forget: Annotated[
        Path | None, typer.Option(metavar="DIR", help="First take this deleted workspace off the list of the cache.")
    ] = None,
) -> None:
    """Free disk space: remove cached data that no workspace, branch, tag or experiment needs. Instead of `dvc gc`, which knows one."""
    from flows.engine import shared_cache

    root = workspace(check=False)
    if forget is not None:
        shared_cache.forget(root, forget.absolute())
    objects, size, users = shared_cache.collect(root, dry_run)
    typer.echo(f"Workspaces of the cache {shared_cache.cache_folder(root)}: {', '.join(map(str, users))}")
    verb = "could be removed" if dry_run else "removed"
    typer.echo(f"{objects:,} objects that none of them needs {verb} ({size / 1e6:,.1f} MB).")


@app.command()
def ui(
    prefect: Annotated[
        bool, typer.Option("--prefect", help="The dashboard of runs and stages instead of MLflow's.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(help="Network port; default 5000, with --prefect 4200, or a free one.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
) -> None:
    """Open a dashboard: MLflow (this workspace's curves, figures, networks) or Prefect (runs and stages). Stop it with Ctrl-C."""
    from flows.commands import dashboards

    signal.signal(signal.SIGTERM, interrupt)
    root = workspace()
    raise typer.Exit(dashboards.prefect(root, port) if prefect else dashboards.mlflow(root, port, not no_browser))


app.command()(annotate.annotate)
app.command()(export.export)
app.command()(diff.diff)
app.command()(revert.revert)
app.command()(predict.predict)
app.command()(predict.export_model)
app.command()(promote.promote)
app.command()(promote.rollback)
app.command()(drift.drift)
app.command()(serve.serve)
app.command()(audit.audit)
app.command()(questions.questions)
app.command()(questions.answers)


def main() -> None:
    """Entry point. In a workspace with its own copy of this code (`segmend new`), that copy is run."""
    try:
        own = environment.find_root(Path.cwd()) / "flows" / "cli.py"
    except UserError:  # -h and --version work anywhere
        own = Path(__file__)
    if own.is_file() and own.resolve() != Path(__file__).resolve():
        sys.stdout.flush()
        root = str(own.parents[1])
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
        os.execve(sys.executable, [sys.executable, "-m", "flows.cli", *sys.argv[1:]], env)
    app(prog_name="segmend")


if __name__ == "__main__":
    main()
