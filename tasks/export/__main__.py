"""Write the corrected data set in a format that other tools read.

out/...                    images and masks, as export.format says
out/about/README.md        the data card: classes, shares, sources, what changed; card.json is the same for programs
out/about/changes.csv      every answer and every automatic change: round, image, region, who, old, new; changes.parquet is the same

Train and val images carry the labels of the round; test images carry their given masks, which no round changes. Images that
ingest cut into tiles are put together again, one at a time in memory.
"""

from collections.abc import Iterator
from json import loads
from pathlib import Path
from typing import Any

import numpy as np

from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import NO_REGION, LabelMap, RegionMap
from segmend.stage.command import stage
from segmend.stage.events import progress
from segmend.stage.params import validated
from tasks.export import change_list, data_card
from tasks.export.formats import FORMATS, Format, Same
from tasks.export.formats._base import Item
from tasks.export.losses import Losses
from tasks.export.settings import Params


@stage
def export(
    settings: Params,
    seed: int,
    *,
    dataset: Path,
    first: Path,
    labels: Path,
    came_as: str,
    out: Path,
    written_as: str = "",
) -> dict[str, Any]:
    """Write the labels of one round as a data set of export.format, or of --written-as where that is given; --came-as is the format
    that ingest read."""
    wanted = validated(Format, {"name": written_as}, "--format") if written_as else settings.format
    data, before, after = Dataset(dataset), Labels(first), Labels(labels)
    method = wanted.among(FORMATS, came_as) if isinstance(wanted, Same) else wanted
    counts, losses, places = data_card.LabelCounts(), Losses(method), places_in(dataset)

    def items() -> Iterator[Item]:
        for sample in progress(data.whole_samples, len(data.whole_samples), "export"):
            corrected, given = whole_labels(data, after, sample.id), whole_labels(data, before, sample.id)
            written = corrected
            if written is None and all(map(data.has_mask, data.parts(sample.id))):
                written = data.whole(sample.id, data.mask)
            counts.add(sample, given, corrected, written)
            losses.add(sample, written)
            place = places.get(sample.id) or places.get(sample.id.rpartition("/")[0])
            image, objects = data.whole(sample.id, data.image), whole_objects(data, after, sample.id)
            yield Item(sample, image, written, objects, place)

    (out / "about").mkdir(parents=True)
    method.write(out, data.card, items(), settings.images)
    changes = change_list.change_list(labels)
    card = data_card.content(data, labels, counts, losses, changes, settings.licence)
    data_card.write(out / "about", card)
    change_list.write(out / "about", changes)
    print(f"{out}: {len(data.whole_samples)} images as {method.name}; lost in this format: {losses.sentence}")
    return {
        "images": len(data.whole_samples),
        "changed_pixels": counts.changed,
        "changed_share": card["statistics"]["changed_share"],
        "changes": changes.num_rows,
        "lost_label_pixels": sum(row.pixels for row in losses.counted()),
    }


def places_in(dataset: Path) -> dict[str, Any]:
    """Where images lie, by image, and how volumes were cut, by volume, as ingest kept it; nothing for other data."""
    found: dict[str, Any] = {}
    for name in ("georeference.json", "volumes.json"):
        path = dataset / name
        found |= loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def whole_labels(data: Dataset, labels: Labels, name: str) -> LabelMap | None:
    """The labels of an image as it came in; None where the label set has none."""
    if not all(labels.path(part).is_file() for part in data.parts(name)):
        return None
    return data.whole(name, labels.__getitem__)


def whole_objects(data: Dataset, labels: Labels, name: str) -> RegionMap | None:
    """The single objects of an image; those of each tile are objects of their own. None where no labeller drew any."""
    drawn = {part: labels.objects(part) for part in data.parts(name)}
    if all(objects is None for objects in drawn.values()):
        return None
    numbered, count = {}, 0
    for part, objects in drawn.items():
        if objects is None:
            height, width = data.tiles[part].window.shape
            objects = np.full((height, width), NO_REGION, np.int32)
        numbered[part] = np.where(objects == NO_REGION, NO_REGION, objects + count).astype(np.int32)
        count += int(objects.max(initial=NO_REGION)) + 1
    return data.whole(name, numbered.__getitem__)


if __name__ == "__main__":
    raise SystemExit(export())
