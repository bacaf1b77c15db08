"""Will what a run makes fit on the disk? An estimate before anything starts; a remark, since it can be wrong either way."""

import csv
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from flows.engine.plan import Plan
from flows.files import workspace_files

# Bytes that a stage makes for a pixel of the data set, where neither it nor the same stage of another round ever ran here.
# Measured on the brain slices with the settings as shipped; photographs as PNG need up to 2 bytes a pixel.
PER_PIXEL = {"ingest": 2.0, "superpixelize": 0.3, "pseudo_label": 0.5, "evaluate": 3.0, "query": 6.0, "correct": 1.0, "export": 2.0}  # fmt: skip
NETWORK = 30e6  # bytes of a trained network, its checkpoints and figures
PICTURES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"}
LOOKED_AT = 20  # pictures whose size is read, for the median


def remark(root: Path, plan: Plan) -> str:
    """A sentence where the stale stages of this plan need more than is free; empty otherwise."""
    needed, free = estimate(root, plan), shutil.disk_usage(root).free
    if needed <= free:
        return ""
    return (
        f"This run makes about {needed / 1e9:.1f} GB, but only {free / 1e9:.1f} GB are free on the disk of {root}: it may stop when "
        "the disk is full (what was finished is kept). Free space, for instance with `segmend gc`, or ask fewer rounds."
    )


def estimate(root: Path, plan: Plan) -> float:
    """Bytes that the stale stages will make: as much as last time, or as in another round, or by the pixels of the data set."""
    made = {
        name: sum(out.get("size", 0) for out in entry.get("outs", ()))
        for name, entry in workspace_files.lock_entries(root).items()
    }
    unknown = [stage.name for stage in plan.stale if not similar(stage.name, made)]
    size = pixels(root) if unknown else 0
    return sum(max(similar(stage.name, made), default=by_pixels(stage.name, size)) for stage in plan.stale)


def similar(name: str, made: dict[str, int]) -> list[int]:
    """What this stage made, else what the same stage of other rounds made."""
    return [made[name]] if name in made else [size for other, size in made.items() if kind(other) == kind(name)]


def kind(name: str) -> str:
    return name.split("@")[0]


def by_pixels(name: str, size: float) -> float:
    return NETWORK if kind(name) in ("train", "pretrain") else PER_PIXEL.get(kind(name), 0.0) * size


def pixels(root: Path) -> float:
    """Pixels of all images: from samples.csv, else the number of pictures in the raw folder times the median of a few."""
    table = root / "data/dataset/samples.csv"
    if table.is_file():
        with table.open(newline="") as file:
            return sum(float(row["height"]) * float(row["width"]) for row in csv.DictReader(file))
    pictures = list(files(root / "data/raw" / workspace_files.dataset_name(root)))
    sizes = [size for path in pictures[:: len(pictures) // LOOKED_AT + 1] if (size := pixels_of(path))]
    return len(pictures) * median(sizes) if sizes else 0.0


def files(folder: Path) -> Iterable[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in sorted(names) if Path(name).suffix.lower() in PICTURES)


def pixels_of(path: Path) -> int:
    """By the head of the file; 0 where it cannot be read (ingest says that)."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return picture.width * picture.height
    except (OSError, ValueError, Image.DecompressionBombError):
        return 0
