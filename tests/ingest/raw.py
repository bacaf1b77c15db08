"""Small raw data sets with known answers, and short ways to ingest them."""

from pathlib import Path

import numpy as np
from PIL import Image

from segmend.stage.params import validated
from tasks.ingest.__main__ import ingest
from tasks.ingest.settings import Params


def picture(seed: int, size: tuple[int, int] = (24, 32)) -> np.ndarray:
    """A random image, different for every seed."""
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def stripes(size: tuple[int, int] = (24, 32), values: tuple[int, ...] = (0, 1, 2)) -> np.ndarray:
    """Vertical stripes of equal width, one per value."""
    columns = np.arange(size[1]) * len(values) // size[1]
    return np.broadcast_to(np.array(values)[columns], size).astype(np.uint8)


def save(array: np.ndarray, path: Path, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def settings(format: str, **more) -> Params:
    block = more.pop("fields", None)
    chosen = {"name": format} if block is None else {"name": format, format: block}
    return validated(Params, {"data": "set", "format": chosen, **more}, "ingest")


def run(params: Params, raw: Path, to: Path, seed: int = 0) -> dict:
    return ingest.stage(params, seed, raw=raw, out=to / "dataset", out_truth=to / "truth")


def source_of(params: Params, raw: Path, seed: int = 0):
    return params.format(raw, params.hints, seed)


def folders(raw: Path, splits: dict[str, int] | None = None) -> Path:
    """A folders data set: images a train, b val, c test and so on, three classes in stripes, named classes, splits.csv."""
    rows = ["id,split"]
    number = 0
    for split, count in (splits or {"train": 3, "val": 1, "test": 1}).items():
        for _ in range(count):
            name = f"{split}_{number}"
            save(picture(number), raw / "images" / f"{name}.png")
            save(stripes(), raw / "masks" / f"{name}.png")
            rows.append(f"{name},{split}")
            number += 1
    (raw / "splits.csv").write_text("\n".join(rows) + "\n")
    (raw / "classes.json").write_text('{"classes": ["sky", "tree", "road"]}')
    return raw
