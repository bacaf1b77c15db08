"""`segmend predict` and `segmend export-model`: use a trained network outside the rounds."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows import environment
from flows.commands.options import DEVICE
from flows.environment import UserError
from flows.files.promotions import CHAMPION

NETWORK = Annotated[
    str | None,
    typer.Option(
        help="A round (r2), champion, or a folder; default: the champion if one was promoted, else the newest."
    ),
]


def predict(
    images: Annotated[Path, typer.Argument(metavar="IMAGES", help="A folder of images, or one image.")],
    out: Annotated[Path, typer.Option(help="Where the masks go.")] = Path("predictions"),
    network: NETWORK = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Also NAME.npy: float16 (classes, height, width).")
    ] = False,
    tile: Annotated[int, typer.Option(help="Larger images are cut into tiles of so many pixels a side.")] = 1024,
    overlap: Annotated[int, typer.Option(help="Pixels that neighbouring tiles share.")] = 128,
    range: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="LOW HIGH", help="Which values of images of more than 8 bits are black and white."),
    ] = None,
    device: DEVICE = "auto",
) -> None:
    """Masks for any images: palette PNG, of GeoTIFF and NIfTI the same format in the same place."""
    import os

    images, out, network = images.resolve(), out.resolve(), whole(network)
    root = environment.enter()
    os.environ.update(environment.machine(device, "auto", None))
    words = ["--network", str(chosen(root, network)), "--images", str(images), "--out", str(out)]
    words += ["--tile", str(tile), "--overlap", str(overlap), *["--probabilities"] * probabilities]
    words += ["--range", *map(str, range)] if range else []
    code = start(root, "tasks.predict.run", *words)
    if code == 0:
        typer.echo(f"Masks: {out} (class ids: {out / 'classes.json'})")
    raise typer.Exit(code)


def export_model(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The ONNX file to write.")],
    network: NETWORK = None,
) -> None:
    """Write a trained network as ONNX, checked to give the same output."""
    file, network = file.resolve(), whole(network)
    root = environment.enter()
    raise typer.Exit(start(root, "tasks.predict.to_onnx", "--network", str(chosen(root, network)), "--out", str(file)))


def start(root: Path, module: str, *words: str) -> int:
    return subprocess.run([sys.executable, "-m", module, *words], cwd=root, check=False).returncode


def whole(network: str | None) -> str | None:
    """A folder as seen from where the command was given, before the workspace becomes the current folder."""
    return str(Path(network).resolve()) if network and (Path(network) / "config.json").is_file() else network


def chosen(root: Path, network: str | None) -> Path:
    """The folder of the network that is meant. UserError where it holds none."""
    from flows.engine.stage_command import network_of, trained_rounds

    rounds, champion = trained_rounds(root), root / CHAMPION
    if network is None:
        if champion.is_dir():
            return champion
        if not rounds:
            raise UserError("No network is trained yet: run segmend run first, or name a folder with --network.")
        return root / network_of(root, rounds[-1])
    if network == "champion" and not champion.is_dir():
        raise UserError("No network was promoted yet: run segmend promote, or name a round.")
    if network == "champion":
        return champion
    folder = root / network_of(root, network) if network in rounds else Path(network)
    if not (folder / "config.json").is_file():
        raise UserError(
            f"--network {network} is neither champion nor a round with a network ({', '.join(rounds) or 'none is trained'}) "
            "nor a folder that holds one."
        )
    return folder
