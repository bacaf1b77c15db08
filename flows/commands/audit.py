"""`segmend audit PATH`: label errors found without asking anybody, in a round of this workspace or in any folder that ingest reads."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from flows import environment
from flows.commands.ingested import ingested, run
from flows.commands.options import DEVICE, PRECISION
from flows.environment import UserError

WORK = Path(".work/audit")
FEW = 50  # images from which a network learns enough to be asked about others


def audit(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A round (r2) or a folder with images and masks.")],
    probabilities: Annotated[
        Path | None,
        typer.Option(help="Class probabilities, one file an image; default: networks are trained in folds."),
    ] = None,
    format: Annotated[str | None, typer.Option(help="How a folder is laid out; recognised if left out.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the list goes; default: .work/audit/NAME/report.")] = None,
    folds: Annotated[int, typer.Option(min=2, help="How many networks are trained, each without its own images.")] = 4,
    band: Annotated[int, typer.Option(min=0, help="Pixels around borders of the labels that are kept apart.")] = 2,
    temperature: Annotated[float, typer.Option(help="Of the soft-min by which images are scored.")] = 0.1,
    ask: Annotated[
        int, typer.Option(min=0, help="Write the first N findings in train images as questions for segmend annotate.")
    ] = 0,
    maps: Annotated[bool, typer.Option("--maps", help="Write the quality of every pixel as PNG too.")] = False,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Leave out images that cannot be read.")] = False,
    device: DEVICE = "auto",
    precision: PRECISION = "auto",
) -> None:
    """List probable label errors, worst first, with pictures. Changes no label; what is found goes to review."""
    started = Path.cwd()
    root = environment.enter()
    os.environ.update(environment.machine(device, precision, None))
    given = (started / probabilities).resolve() if probabilities else None
    if given is not None and not given.is_dir():
        raise UserError(f"--probabilities {probabilities}: no such folder.")
    if ask and not is_round(root, path):
        raise UserError(
            "--ask is for the labels of a round of this workspace, as segmend audit r2 --ask 50: answers about a folder would go nowhere. "
            "Take the folder in first: segmend run --data PATH; then segmend audit r0 --ask 50."
        )
    name, dataset, labels = data_of(root, started, path, format, keep_going)
    place = WORK / name
    target = (started / out).resolve() if out else place / "report"
    words = ["--dataset", str(dataset), *(["--labels", str(labels)] if labels else [])]
    if given is None:
        train_folds(root, place / "folds", words, folds)
        source = ["--folds", str(place / "folds")]
    else:
        source = ["--probabilities", str(given)]
    words += [*source, "--out", str(target), "--band", str(band), "--temperature", str(temperature), "--ask", str(ask)]
    run(root, "tasks.audit.run", *words, *(["--maps"] if maps else []))
    show(target, None if given else folds)
    if ask:
        typer.echo(f"Ask people: segmend annotate --round {round_for(root, name)} --questions {target / 'questions'}")


def is_round(root: Path, path: str) -> bool:
    """Whether this names a round with labels."""
    from flows.engine.stage_command import stage_command

    return "/" not in path and (root / stage_command(root, "export", {"last": path}).options["labels"]).is_dir()


def data_of(
    root: Path, started: Path, path: str, format: str | None, keep_going: bool
) -> tuple[str, Path, Path | None]:
    """A name, the data set and its label set (None: the given masks) of a round, a data set's folder, or a folder that ingest reads."""
    from flows.engine.stage_command import stage_command

    options = stage_command(root, "export", {"last": path}).options
    labels = Path(options["labels"])
    if is_round(root, path):
        return path, Path(options["dataset"]), labels
    folder = (started / path).resolve()
    if not folder.is_dir():
        rounds = sorted(found.name for found in (root / labels).parent.glob("r*") if found.is_dir())
        raise UserError(
            f"{path} is neither a round with labels ({', '.join(rounds) or 'there are none yet'}) nor a folder."
        )
    if (folder / "dataset.json").is_file() and (folder / "samples.csv").is_file():
        return folder.parent.name if folder.name == "dataset" else folder.name, folder, None
    from flows.commands.workspace import link_name

    name = link_name(folder.name)
    return name, ingested(root, folder, WORK / name, format, keep_going), None


def train_folds(root: Path, place: Path, words: list[str], folds: int) -> None:
    """Train a network for each fold, with the section train of params.yaml; those that are there are kept."""
    from flows.engine.stage_command import stage_command

    run(root, "tasks.audit.folds", *words, "--out", str(place), "--folds", str(folds))
    command = stage_command(root, "train", {"train.start": "none", "key": "audit"})
    for fold in range(folds):
        folder = place / f"fold_{fold}"
        if (root / folder / "metrics.json").is_file():  # written at the end
            continue
        typer.echo(f"Network {fold + 1} of {folds}, which judges the images that it does not learn")
        code = command.start(
            root, dataset=str(folder / "dataset"), labels=str(place / "labels"), out=str(folder / "model"), metrics=str(folder / "metrics.json"),
            report=None, **{"out-curves": str(folder / "curve.csv")},
        )  # fmt: skip
        if code:
            raise typer.Exit(code)


def round_for(root: Path, labels: str) -> str:
    """The round whose answers file takes the answers: the one after the label set that was audited, else its own."""
    from flows.files import workspace_files

    rounds = workspace_files.params(root).get("rounds") or {}
    after = [name for name, entry in rounds.items() if (entry or {}).get("prev") == labels]
    return str(after[0] if after else labels)


def show(out: Path, folds: int | None) -> None:
    """The numbers and where the page is; `folds` networks were trained for it, None: the probabilities were given."""
    from rich.console import Console
    from rich.table import Table

    found = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    console, counts = Console(), found["findings"]
    console.print(
        f"{found['images']:,} images: {found['wrong_share']:.1%} of the labelled pixels look wrong. {counts['major']:,} major and "
        f"{counts['minor']:,} minor findings; {counts['borderline']:,} borderline ones are not listed.",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    learned = found["images"] * (folds - 1) // folds if folds else FEW
    if learned < FEW:
        console.print(
            f"Each network learned {learned} images only: many findings are mistakes of the networks. The first ones are the surest.",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    for pair in found["pairs"]:
        if pair["systematic"]:
            console.print(f"Systematic: {pair['sentence']}", highlight=False, soft_wrap=True, markup=False)
    table = Table(title="Images, worst first")
    table.add_column("image", overflow="fold")
    for head in ("expected wrong pixels", "quality", "major", "minor"):
        table.add_column(head, justify="right")
    for row in found["worst_images"][:8]:
        table.add_row(
            row["image"], f"{row['wrong']:,.0f}", f"{row['quality']:.3f}", str(row["major"]), str(row["minor"])
        )
    console.print(table)
    if found["duplicates"]:
        console.print(
            f"{len(found['duplicates']):,} pairs of equal or nearly equal images have different masks.", highlight=False
        )
    console.print(f"Page: {out / 'index.html'}", soft_wrap=True, highlight=False)
