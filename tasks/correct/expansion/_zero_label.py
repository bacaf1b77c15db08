"""Classes that no first label names, and predictions for unlabelled pixels.

What all expansions that fill unlabelled pixels share. They are of this round's network alone and made anew from the first
labels each round: no pseudo label of an earlier round is carried on, and void and labelled pixels are not touched.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from json import loads
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8
from pydantic import Field

from segmend.images.dataset import Labels
from segmend.images.parallel import map_images
from segmend.images.rasters import UNLABELLED, LabelMap
from tasks.correct.expansion._base import ImageContext

Unseen = Annotated[
    tuple[str, ...],
    Field(description="the classes that nobody labelled, by name; none: those without a pixel in the first labels"),
]
Against = Annotated[
    Literal["all", "unseen"],
    Field(
        description="which classes the arg-max is over. all: an unseen class must beat the labelled ones too; unseen: they alone "
        "compete (the papers), for data where a pixel without a label is always of one of them"
    ),
]


def unseen_classes(
    named: tuple[str, ...], classes: tuple[str, ...], first: Labels, images: Iterable[str]
) -> tuple[int, ...]:
    """The ids of the named classes, or of those that the first labels of the images never name; ascending."""
    unknown = [name for name in named if name not in classes]
    if unknown:
        raise ValueError(
            f"correct.expansion: unseen names '{unknown[0]}', which is no class of the data set; it has {', '.join(classes)}"
        )
    if named:
        return tuple(sorted(map(classes.index, set(named))))
    present = np.zeros(256, bool)
    for held in map_images(partial(ids_in, first=first), list(images), "first labels"):
        present |= held
    return tuple(np.flatnonzero(~present[: len(classes)]).tolist())


def ids_in(image: str, *, first: Labels) -> Bool[np.ndarray, "256"]:
    return np.bincount(first[image].ravel(), minlength=256) > 0


def competing(unseen: tuple[int, ...], against: str, classes: int, name: str) -> Int64[np.ndarray, " c"]:
    """The ids that the arg-max is over; ValueError where it would be over one."""
    if against == "all":
        return np.arange(classes)
    if len(unseen) == 1:
        raise ValueError(
            f"correct.expansion.{name}: with against: unseen and a single unseen class the arg-max is over one class, so every pixel "
            "without a label would get it; set against: all, or name two unseen classes or more"
        )
    return np.array(unseen, np.int64)


def unprotected(model: Path, method: Any, unseen: tuple[int, ...], classes: tuple[str, ...]) -> str | None:
    """A hint where unseen classes compete with all others in a network of round 0 whose training suppressed them; else None."""
    path = model / "config.json"
    if method.against != "all" or not unseen or not path.is_file():
        return None
    network = loads(path.read_text())["network"]
    block, where = network[network["name"]], f"train.network.{network['name']}"
    names = [classes[k] for k in unseen]
    undeclared = [name for name in names if name not in block.get("unseen", ())]
    if block.get("head", "linear") != "embedding":
        why = f"{where} has no head that can predict a class without labels"
    elif undeclared:
        why = f"{where}.unseen does not name {', '.join(undeclared)}, so training lowered its probability"
    elif not block.get("calibration"):
        why = f"{where}.calibration is 0, so training favours the labelled classes"
    else:
        return None
    return (
        f"correct.expansion.{method.name}: with against: all few pixels or none will become {', '.join(names)}, for {why}; write head, "
        "unseen and calibration with: python -m segmend.network.class_vectors, or set against: unseen where no pixel without a label is of another class"
    )


def predictions(
    views: Float32[np.ndarray, "v classes h w"], among: Int64[np.ndarray, " c"]
) -> Iterator[tuple[UInt8[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]]:
    """View by view the most probable of the classes `among`, and its share of their probability."""
    for view in views:
        p = view if len(among) == len(view) else view[among]
        highest = p.max(axis=0)
        yield among[p.argmax(axis=0)].astype(np.uint8), highest / np.maximum(p.sum(axis=0), np.float32(1e-30))


def filled(context: ImageContext, classes: UInt8[np.ndarray, "h w"], sure: Bool[np.ndarray, "h w"]) -> LabelMap:
    """The labels, with `classes` where they are sure and nothing was labelled."""
    return np.where((context.labels == UNLABELLED) & sure, classes, context.labels)
