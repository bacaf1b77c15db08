"""`segmend next`: the questions of the round to come, as pictures, before anyone is asked. Nothing of the pipeline changes."""

import json
from pathlib import Path
from shutil import rmtree
from typing import Any

from rich.console import Console
from rich.table import Table

from flows.engine.stage_command import stage_command, trained_rounds
from flows.environment import UserError
from flows.files import workspace_files

FOLDER = Path(".work/next")


def look_ahead(root: Path, budget: str | None, console: Console) -> int:
    """Run the stage query on the newest labels and network, into .work/next; its exit code."""
    trained = trained_rounds(root)
    if not trained:
        raise UserError("No network is trained yet, and the questions follow the newest one: run segmend run first.")
    last, rounds = trained[-1], workspace_files.params(root).get("rounds") or {}
    coming = f"r{int(last[1:]) + 1}"
    spend = str(budget or (rounds.get(coming) or rounds.get(last) or {"budget": "5%"})["budget"])
    numbers = FOLDER.with_suffix(".json")
    rmtree(root / FOLDER, ignore_errors=True)
    command = stage_command(root, "query", {"key": coming, "item.prev": last})
    code = command.start(root, out=str(FOLDER), budget=spend, metrics=str(numbers), report=None)
    if code == 0:
        show(console, json.loads((root / numbers).read_text()), spend)
        console.print(f"Pictures: {root / FOLDER / 'queries.png'}", soft_wrap=True, highlight=False, markup=False)
        how = "segmend run asks them" if coming in rounds else f"segmend rounds {coming[1:]} and segmend run do that"
        console.print(f"Nobody has been asked by this: {how}.", highlight=False)
    return code


def show(console: Console, numbers: dict[str, Any], spend: str) -> None:
    """What would be asked about, by class, and what it is expected to fix."""
    table = Table(title=f"{numbers['asked']:,} questions ({spend}), {numbers['asked_pixels']:,} pixels")
    for title in ("class", "labels say", "network says"):
        table.add_column(title, justify="left" if title == "class" else "right")
    for name in [key.removeprefix("shown/") for key in numbers if key.startswith("shown/")]:
        expected = numbers.get(f"predicted/{name}")
        table.add_row(name, f"{numbers[f'shown/{name}']:,}", "-" if expected is None else f"{expected:,}")
    console.print(table)
    fixed, asked = numbers["expected_fixed"], max(1, numbers["asked"])
    if fixed is None:  # a set of classes changes no pixel by itself
        return
    console.print(f"Expected to fix {fixed:,.0f} pixels, {fixed / asked:,.1f} a question.", highlight=False)
    if fixed < asked:
        console.print("Less than a pixel a question: this is a good place to stop.", highlight=False)
    if numbers["ahead"]:
        more, ahead = numbers["ahead_fixed"], numbers["ahead"]
        console.print(
            f"The {ahead:,} questions after them: {more:,.0f} pixels, {more / ahead:,.1f} a question.", highlight=False
        )
