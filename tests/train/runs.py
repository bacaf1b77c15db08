"""The stage train on a toy workspace: quick settings, a run, the bytes that it wrote."""

from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
from torch import nn

from segmend.images.dataset import Card, Labels, Sample
from segmend.stage.params import Method
from tasks.train.settings import Params
from tests.toys import SHAPE_CARD, save

QUICK = {
    "network": {"name": "unet", "unet": {"widths": [4, 8]}},
    "augmentations": [
        {"name": "flip"},
        {"name": "scale"},
        {"name": "crop", "crop": {"height": 24, "width": 24}},
        {"name": "colour"},
    ],
    "batch": 4,
    "epochs": 3,
}


class Plain(Method):
    """A network without batch norm: its gradient is a plain sum over pixels."""

    name: Literal["plain"] = "plain"
    stride: int = 1

    def build(self, classes: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Tanh(), nn.Conv2d(8, classes, 1))

    def offline(self, body: nn.Module) -> "Plain":
        return self


class PlainParams(Params):
    """Settings that declare their network, so that pydantic knows how to write it."""

    network: Plain = Plain()


def plain(settings: Params) -> Params:
    """The same settings with a network without batch norm."""
    return PlainParams(**{**dict(settings), "network": Plain()})


def quick(**changes) -> Params:
    return Params(**{**QUICK, **changes})


def store(
    root: Path, name: str, split: str, image: np.ndarray, labels: np.ndarray | None, card: Card = SHAPE_CARD
) -> Sample:
    """Write one image and its labels; the lists are the caller's."""
    save(image, root / "dataset/images" / f"{name}.png")
    if labels is not None:
        Labels(root / "labels").write(name, labels, card)
    return Sample(name, split, *image.shape[:2], sha256(image.tobytes()).hexdigest(), "")


def run(root: Path, settings: Params, name: str = "r0", seed: int = 0) -> dict:
    """The stage itself, on the workspace at `root`."""
    from tasks.train.__main__ import train

    return train.stage(
        settings,
        seed,
        dataset=root / "dataset",
        labels=root / "labels",
        out=root / "models" / name,
        out_curves=root / "metrics" / f"{name}.csv",
    )


def bytes_of(root: Path, name: str = "r0") -> dict[str, bytes]:
    """Every file that the stage wrote."""
    folder = root / "models" / name
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    return {**files, "curve": (root / "metrics" / f"{name}.csv").read_bytes()}
