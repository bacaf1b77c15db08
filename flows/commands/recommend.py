"""`segmend recommend`: how noisy the labels are, and which training suits them; with --write params.yaml is changed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from flows.environment import UserError
from flows.files import workspace_files
from flows.files.params_file import ParamsFile

FILE = Path(".work/recommend.json")


def recommend(root: Path, write: bool, console: Console) -> int:
    """Estimate the noise with the newest network, show it and the recipe; the exit code."""
    stage = YAML(typ="safe").load((root / "dvc.yaml").read_text())["stages"]["train"]["do"]
    folders = {
        name: path for path in [*stage["deps"], *stage["outs"]] for name in [Path(path).parent.name] if "${key}" in path
    }
    rounds = [
        name
        for name in workspace_files.params(root).get("models") or {}
        if (root / keyed(folders["models"], name)).exists()
    ]
    if not rounds:
        raise UserError("No network is trained yet, and the noise is estimated with one: run segmend run first.")
    newest = rounds[-1]
    words = ["--dataset", stage["deps"][0], "--labels", keyed(folders["labels"], newest)]
    words += ["--model", keyed(folders["models"], newest), "--out", str(FILE)]
    code = subprocess.run([sys.executable, "-m", "tasks.train.recommend", *words], cwd=root, check=False).returncode
    if code == 0:
        found = json.loads((root / FILE).read_text())
        show(console, found, newest)
        apply(root, found["recipe"], write, console)
    return code


def keyed(path: str, name: str) -> str:
    return path.replace("${key}", name)


def show(console: Console, found: dict[str, Any], newest: str) -> None:
    """The noise, by class and by kind, then the recipe and why."""
    noise = found["noise"]
    table = Table(title=f"Labels of {newest}: {noise['rate']:.1%} of the pixels look wrong")
    table.add_column("class")
    table.add_column("wrong among the pixels labelled so", justify="right")
    for name, rate in noise["by_class"].items():
        table.add_row(name, "-" if rate is None else f"{rate:.1%}")
    console.print(table)
    console.print(
        f"{noise['border']:.1%} at borders, {noise['objects']:.1%} in whole objects (estimated on {noise['images']} images of "
        "the val split, by confident learning).",
        highlight=False,
    )
    console.print(f"Recipe: {found['recipe']['name']}. {found['recipe']['reason']}", highlight=False, soft_wrap=True)
    console.print(
        "The selection small_loss would leave out of each class what looks wrong in it (in the order of dataset.json). It is no "
        "part of the recipe: measure it on your own data before you rely on it. To try it, paste under train:"
    )
    console.print(f"  {found['small_loss']}", highlight=False, markup=False, soft_wrap=True)


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
