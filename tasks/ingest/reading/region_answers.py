"""Answers about regions in place of masks: answers.csv says which class each annotator gave to a region of an image.

Columns: image, region, annotator, label. regions/<image>.png (or .tif) holds the number of each pixel's region. A label
is a class's name, `void`, or nothing where the annotator could not say. An annotator's answers of one image are a mask
like any other, in which all that nobody asked this annotator about is not labelled yet.
"""

from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Int32

from segmend.images.rasters import UNLABELLED, VOID
from tasks.ingest.reading.annotator_masks import bad_name, lines
from tasks.ingest.reading.class_names import Naming
from tasks.ingest.reading.image_files import read_ids
from tasks.ingest.reading.source import Annotation, Problem, Record, Source

TABLE, REGIONS = "answers.csv", "regions"
COLUMNS = ("image", "region", "annotator", "label")
Said = dict[str, dict[str, dict[int, int]]]  # image -> annotator -> region -> id as in the masks' files


def answers(raw: Path, named: Naming, source: Source) -> Said:
    """The rows of answers.csv; nothing where there is none. Raises ValueError for a table that cannot be read."""
    path = raw / TABLE
    if not path.is_file():
        return {}
    if any(record.mask is not None for record in source.records):
        raise ValueError(
            f"{path} stands beside masks that are nobody's in particular: move them into a folder with a name "
            "(masks/<annotator>/<id>.png), and they count as one annotator's"
        )
    ids = {ours: theirs for theirs, ours in named.ids.items()}
    if not {UNLABELLED, VOID} <= ids.keys():
        raise ValueError(f"{path} needs the ids {UNLABELLED} and {VOID}, and {named.where} makes classes of them")
    words = {name: ids[k] for k, name in enumerate(named.classes)} | {"void": ids[VOID], "": ids[UNLABELLED]}
    by_annotator: Said = {}
    drawn = {(record.id, entry.annotator) for record in source.records for entry in record.annotations}
    for number, (image, region, annotator, label) in lines(path, COLUMNS):
        table = by_annotator.setdefault(image, {}).setdefault(annotator, {})
        trouble = bad_name(annotator)
        if not region.isdigit():
            trouble = f"'{region}' is no number of a region: 0, 1, 2, ... is allowed"
        elif int(region) in table:
            trouble = f"a second answer of {annotator} about region {region} of '{image}': one is allowed"
        elif (image, annotator) in drawn:
            trouble = f"{annotator} has a mask of '{image}' too: remove it, or these rows"
        elif label not in words:
            trouble = f"'{label}' is no class: {', '.join(named.classes)}, void, or nothing is allowed"
        if trouble:
            raise ValueError(f"{path}, line {number}: {trouble}")
        table[int(region)] = words[label]
    if not by_annotator:
        raise ValueError(f"{path} has no rows: add answers, or remove the file")
    return by_annotator


def unfounded(by_annotator: Said, images: dict[str, list[Path]], regions: dict[str, list[Path]]) -> list[Problem]:
    """Answers about images, or regions, that are not there."""
    absent = [
        Problem("", TABLE, f"it names the image '{image}', which is not there: add it or remove its rows")
        for image in by_annotator
        if image not in images
    ]
    return absent + [
        Problem(image, TABLE, f"'{image}' has no map of its regions: add {REGIONS}/{image}.png")
        for image in by_annotator
        if image in images and image not in regions
    ]


def with_answers(
    record: Record, by_annotator: Said, regions: dict[str, list[Path]], named: Naming, image: Path
) -> Record:
    if record.id not in by_annotator or record.id not in regions:
        return record
    nothing = next(theirs for theirs, ours in named.ids.items() if ours == UNLABELLED)
    paint = partial(painted, regions[record.id][0], image, nothing=nothing)
    answered = [
        Annotation(who, partial(paint, tuple(table.items())), TABLE)
        for who, table in sorted(by_annotator[record.id].items())
    ]
    every = sorted((*record.annotations, *answered), key=lambda entry: entry.annotator)
    return record._replace(annotations=tuple(every))


def painted(path: Path, image: Path, table: tuple[tuple[int, int], ...], nothing: int) -> Int32[np.ndarray, "h w"]:
    """The region map with each region's id in place of its number. Raises ValueError for a region it does not have."""
    regions = read_ids(path, like=image)
    numbers, places = np.unique(regions, return_inverse=True)
    ids = dict(table)
    strange = sorted(ids.keys() - set(numbers.tolist()))
    if strange:
        raise ValueError(
            f"it names region {strange[0]}, and {REGIONS}/{path.name} has {len(numbers)} regions from {numbers[0]} to "
            f"{numbers[-1]}: correct the number or remove the row"
        )
    return np.array([ids.get(k, nothing) for k in numbers.tolist()], np.int32)[places].reshape(regions.shape)
