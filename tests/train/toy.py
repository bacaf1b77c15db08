"""Small data for the tests of training: drawn toys of any number, and a few real slices of the brain template."""

from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from torch import nn

from segmend.images.dataset import Card, Labels, Sample, write_card, write_samples
from segmend.images.rasters import UNLABELLED, VOID
from segmend.stage.params import Method
from tasks.train.settings import Params

CARD = Card(
    name="toy",
    classes=("ground", "disc", "square"),
    colours=((0, 0, 0), (200, 80, 0), (0, 120, 200)),
    mean=(0.4, 0.4, 0.4),
    deviation=(0.2, 0.2, 0.2),
)
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


def quick(**changes) -> Params:
    return Params(**{**QUICK, **changes})


def draw(generator: np.random.Generator, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A disc and a square of different brightness on a dark ground, with noise."""
    labels = np.zeros((height, width), np.uint8)
    row, column = generator.integers(height), generator.integers(width)
    rows, columns = np.ogrid[:height, :width]
    labels[(rows - row) ** 2 + (columns - column) ** 2 < (min(height, width) / 3) ** 2] = 1
    top, left = generator.integers(height // 2), generator.integers(width // 2)
    labels[top : top + height // 3, left : left + width // 3] = 2
    image = np.array([40, 120, 200])[labels][..., None] + generator.normal(0, 12, (height, width, 3))
    return np.clip(image, 0, 255).astype(np.uint8), labels


def store(root: Path, name: str, split: str, image: np.ndarray, labels: np.ndarray | None, card: Card = CARD) -> Sample:
    path = root / "dataset" / "images" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)
    if labels is not None:
        Labels(root / "labels").write(name, labels, card)
    return Sample(name, split, *image.shape[:2], sha256(image.tobytes()).hexdigest(), "")


def toys(root: Path, train: int = 10, val: int = 3, test: int = 2, size: tuple[int, int] = (33, 41)) -> Path:
    """A toy workspace: dataset and labels; every third image is a little larger, some pixels are void or unlabelled."""
    generator, samples = np.random.default_rng(0), []
    for split, count in (("train", train), ("val", val), ("test", test)):
        for k in range(count):
            image, labels = draw(generator, size[0] + 2 * (k % 3 == 2), size[1])
            labels[0], labels[1] = VOID, UNLABELLED
            samples.append(store(root, f"{split}/{k:04d}", split, image, labels if split != "test" else None))
    write_card(root / "dataset", CARD)
    write_samples(root / "dataset", samples)
    return root


def brain(root: Path) -> Path:
    """Ten real slices (MNI152 template, every third pixel): eight to learn from, two to validate on."""
    import nibabel

    folder, volumes = files("nilearn") / "datasets" / "data", []
    for kind in ("t1", "gm", "wm"):
        with (folder / f"mni_icbm152_{kind}_tal_nlin_sym_09a_converted.nii.gz").open("rb") as file:
            volumes.append(np.asarray(nibabel.Nifti1Image.from_bytes(unpacked(file.read())).dataobj)[::3, ::3])
    light, grey, white = (volume.astype(np.float32) / 255 for volume in volumes)
    labels = np.where(grey + white < 0.5, 0, np.where(grey > white, 1, 2)).astype(np.uint8)
    card = CARD.model_copy(
        update={"classes": ("outside", "grey", "white"), "mean": (0.25,) * 3, "deviation": (0.34,) * 3}
    )
    samples = []
    for number, height in enumerate(range(70, 110, 4)):
        image = np.repeat((light[:, :, height, None] * 255).astype(np.uint8), 3, axis=2)
        samples.append(
            store(root, f"{height:03d}", "val" if number in (4, 5) else "train", image, labels[:, :, height], card)
        )
    write_card(root / "dataset", card)
    write_samples(root / "dataset", samples)
    return root


def unpacked(content: bytes) -> bytes:
    from gzip import decompress

    return decompress(content)


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
