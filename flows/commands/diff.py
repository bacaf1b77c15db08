"""`segmend diff A B`: what differs between two label sets; A and B are rounds of this workspace, or folders."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows import environment
from flows.commands.ingested import ingested
from flows.environment import UserError

OUT = Path(".work/diff")
IN = Path(".work/diff/read")  # exports as ingest read them
SHOWN = 12  # class pairs in the terminal


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A round (r0), an export, or a folder of label maps.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The one to compare it with.")],
    out: Annotated[Path | None, typer.Option(help="Where tables and page go; default: .work/diff.")] = None,
    format: Annotated[str | None, typer.Option(help="How an export is laid out; recognised if left out.")] = None,
) -> None:
    """Compare two label sets: pixels changed per class pair, image, person and method; a table, CSV and a page."""
    started = Path.cwd()
    root = environment.enter()
    folders = [folder_of(root, started, name, format) for name in (before, after)]
    target = (started / out) if out else root / OUT
    raise typer.Exit(compare(root, folders, target))


def folder_of(root: Path, started: Path, name: str, format: str | None = None) -> Path:
    """The labels of a round of this workspace, or a folder relative to where the command was called; an export in a format without
    label maps as they are (folders) is read by ingest first."""
    from flows.commands.workspace import link_name
    from flows.engine.stage_command import stage_command

    labels = root / stage_command(root, "export", {"last": name}).options["labels"]
    if labels.is_dir() and "/" not in name:
        return labels
    folder = (started / name).resolve()
    if folder.is_dir() and (format or not holds_label_maps(folder)):
        return root / ingested(root, folder, IN / link_name(folder.name), format, keep_going=False)
    if folder.is_dir():
        return folder
    rounds = sorted(path.name for path in labels.parent.glob("r*") if path.is_dir())
    raise UserError(
        f"{name} is neither a round with labels ({', '.join(rounds) or 'there are none yet'}) nor a folder."
    )


def holds_label_maps(folder: Path) -> bool:
    """Whether label maps lie there as index PNGs: those of a round, a data set or an export in folders, or nothing but such pictures."""
    for inside in (folder / "maps", folder / "masks"):
        if inside.is_dir():
            return next(inside.rglob("*.png"), None) is not None
    return all(map(is_index_png, filter(Path.is_file, folder.rglob("*"))))


def is_index_png(path: Path) -> bool:
    """Whether a file is a PNG of one channel, by its first bytes: grey (0) or palette (3)."""
    with path.open("rb") as file:
        head = file.read(26)
    return head.startswith(b"\x89PNG") and len(head) == 26 and head[25] in (0, 3)


def compare(root: Path, folders: list[Path], out: Path) -> int:
    """Write the comparison and print its table; the exit code."""
    from rich.console import Console
    from rich.table import Table

    from flows.engine.stage_command import stage_command

    dataset = root / stage_command(root, "export", {}).options["dataset"]
    words = [*map(str, folders), "--dataset", str(dataset), "--out", str(out)]
    code = subprocess.run([sys.executable, "-m", "tasks.report.compare", *words], cwd=root, check=False).returncode
    if code:
        return code
    difference = json.loads((out / "diff.json").read_text(encoding="utf-8"))
    title = f"{difference['changed_pixels']:,} of {difference['pixels']:,} pixels differ, in {difference['changed_images']:,} of {difference['images']:,} images"
    table = Table("before", "after", title=title)
    table.add_column("pixels", justify="right")
    for row in difference["class_pairs"][:SHOWN]:
        table.add_row(row["before"], row["after"], f"{row['pixels']:,}")
    console = Console()
    console.print(table)
    for row in difference["who"]:
        console.print(f"{row['who']}: {row['answers']:,} answers, {row['changed_pixels']:,} pixels", highlight=False)
    for side in ("before", "after"):
        if alone := difference[f"only_{side}"]:
            console.print(
                f"In {difference[side]} alone (diff.json lists them): {len(alone):,} images.", highlight=False
            )
    console.print(f"Page: {out / 'index.html'}", soft_wrap=True, highlight=False)
    return 0
