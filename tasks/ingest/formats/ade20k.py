"""ADE20K (scene parsing benchmark): images/{training,validation} and annotations/{training,validation}.

Source: http://sceneparsing.csail.mit.edu (ADEChallengeData2016), B. Zhou et al., CVPR 2017.
Idea: 150 classes with ids 1 to 150; 0 ("other") is void and the ids shift by one, here and nowhere else.
Splits: training is train, validation becomes test (field val_is), since the test masks are not public.
Own classes in this layout: ingest.classes (the name of id 1 first), or classes.json, classes.txt or a palette file, whose
ids are those in the masks, nothing shifted.
"""

from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field

from segmend.images.rasters import VOID
from segmend.stage.params import Method
from tasks.ingest.reading.class_names import Naming, naming
from tasks.ingest.reading.file_kinds import pictures_in
from tasks.ingest.reading.image_files import read_ids, read_picture
from tasks.ingest.reading.source import (
    SPLIT_NAMES,
    Hints,
    Problem,
    Record,
    Source,
    class_ids,
    holds,
    relative,
    truth_of,
)
from tasks.ingest.reading.splits import val_as

CLASSES = tuple(
    """wall, building, sky, floor, tree, ceiling, road, bed, windowpane, grass, cabinet, sidewalk, person, earth, door, table,
    mountain, plant, curtain, chair, car, water, painting, sofa, shelf, house, sea, mirror, rug, field, armchair, seat, fence,
    desk, rock, wardrobe, lamp, bathtub, railing, cushion, base, box, column, signboard, chest of drawers, counter, sand, sink,
    skyscraper, fireplace, refrigerator, grandstand, path, stairs, runway, case, pool table, pillow, screen door, stairway,
    river, bridge, bookcase, blind, coffee table, toilet, flower, book, hill, bench, countertop, stove, palm, kitchen island,
    computer, swivel chair, boat, bar, arcade machine, hovel, bus, towel, light, truck, tower, chandelier, awning, streetlight,
    booth, television receiver, airplane, dirt track, apparel, pole, land, bannister, escalator, ottoman, bottle, buffet,
    poster, stage, van, ship, fountain, conveyer belt, canopy, washer, plaything, swimming pool, stool, barrel, basket,
    waterfall, tent, bag, minibike, cradle, oven, ball, food, step, tank, trade name, microwave, pot, animal, bicycle, lake,
    dishwasher, screen, blanket, sculpture, hood, sconce, vase, traffic light, tray, ashcan, fan, pier, crt screen, plate,
    monitor, bulletin board, shower, radiator, glass, clock, flag""".replace("\n    ", " ").split(", ")
)


class Ade20k(Method):
    name: Literal["ade20k"] = "ade20k"
    val_is: Literal["test", "val"] = Field("test", description="what the official validation split is")

    @staticmethod
    def sees(raw: Path) -> str:
        known = holds(raw, "images/training", "annotations/training")
        return "it has the folders images/training and annotations/training" if known else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        if not holds(raw, "images", "annotations"):
            raise ValueError(f"{raw} is not laid out as ade20k: images/training and annotations/training are expected")
        named = self.named(raw, hints)
        records, problems = [], []
        for image in pictures_in(raw / "images"):
            name = image.relative_to(raw / "images").with_suffix("")
            split = SPLIT_NAMES.get(name.parts[0])
            mask = raw / "annotations" / name.with_suffix(".png")
            there = mask.is_file()
            if not there and split != "test":
                problems.append(
                    Problem(name.as_posix(), relative(mask, raw), "the mask is missing: add it or remove its image")
                )
            truth = truth_of(raw, raw / "annotations", mask)
            records.append(
                Record(
                    name.as_posix(),
                    split,
                    partial(read_picture, image, hints.image_range),
                    partial(read_ids, mask, named.palette, image) if there else None,
                    partial(read_ids, truth, named.palette, image) if truth else None,
                    relative(image, raw),
                    relative(mask, raw),
                    relative(truth, raw) if truth else "",
                )
            )
        records, notes = val_as(records, self.val_is)
        how = (
            f"classes and their ids named by {named.where}"
            if named.files
            else "id 0 (other) is void, ids are shifted by one"
        )
        return Source(
            named.classes, named.ids, records, named.colours, tuple(problems), (how, *notes),
            used=frozenset(named.files), reads="images/ and annotations/ are read, masks as PNG with the image's name",
        )  # fmt: skip

    def named(self, raw: Path, hints: Hints) -> Naming:
        own = naming(raw, hints._replace(classes=()))
        if own.classes and not hints.classes:
            return own
        classes = hints.classes or CLASSES
        class_ids(classes, (), "ade20k")
        ids = {0: VOID, **{k + 1: k for k in range(len(classes))}, **dict.fromkeys(hints.void, VOID)}
        return Naming(classes, ids, (), None, "ingest.classes" if hints.classes else "ADE20K")
