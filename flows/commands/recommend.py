"""`segmend recommend`: how noisy the labels are, and which training suits them; with --write params.yaml is changed."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from flows.engine.stage_command import StageCommand, stage_command, trained_rounds
from flows.environment import UserError
from flows.files.params_file import ParamsFile

FILE = Path(".work/recommend.json")


def recommend(root: Path, write: bool, console: Console) -> int:
    """Estimate the noise with the newest network, show it and the recipe; the exit code."""
    trained = trained_rounds(root)
    if not trained:
        raise UserError("No network is trained yet, and the noise is estimated with one: run segmend run first.")
    train = stage_command(root, "train", {"key": trained[-1]}).options
    options = {"dataset": train["dataset"], "labels": train["labels"], "model": train["out"], "out": str(FILE)}
    code = StageCommand("tasks.train.recommend", options).start(root)
    if code == 0:
        estimate = json.loads((root / FILE).read_text())
        show(console, estimate, trained[-1])
        apply(root, estimate["recipe"], write, console)
    return code


def show(console: Console, estimate: dict[str, Any], newest: str) -> None:
    """The noise, by class and by kind, then the recipe and why."""
    noise = estimate["noise"]
    table = Table(
        title=f"Labels of the val split, by the network of {newest}: {noise['rate']:.1%} of the pixels look wrong"
    )
    table.add_column("class")
    table.add_column("wrong among the pixels labelled so", justify="right")
    for name, rate in noise["by_class"].items():
        table.add_row(name, "-" if rate is None else f"{rate:.1%}")
    console.print(table)
    console.print(
        f"{noise['border']:.1%} at borders, {noise['objects']:.1%} in whole objects (estimated by confident learning on "
        f"{noise['images']} images, whose labels the network did not learn).",
        highlight=False,
    )
    console.print(
        f"Recipe: {estimate['recipe']['name']}. {estimate['recipe']['reason']}", highlight=False, soft_wrap=True
    )
    console.print(
        "The selection small_loss would leave out of each class what looks wrong in it (in the order of dataset.json). It is no "
        "part of the recipe: measure it on your own data before you rely on it. To try it, paste under train:"
    )
    console.print(f"  {estimate['small_loss']}", highlight=False, markup=False, soft_wrap=True)


def apply(root: Path, recipe: dict[str, Any], write: bool, console: Console) -> None:
    """Write the recipe to params.yaml, or show what would be written."""
    params = ParamsFile(root)
    for key, value in recipe["changes"].items():
        params.set(f"train.{key}", value)
    difference = params.difference()
    if not difference:
        console.print("params.yaml already holds it: the recipe is what this file says.")
    elif write:
        params.save()
        console.print(f"params.yaml changed:\n{difference}", highlight=False, markup=False)
    else:
        console.print(f"segmend recommend --write changes params.yaml so:\n{difference}", highlight=False, markup=False)
