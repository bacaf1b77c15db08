"""The section `ingest` of params.yaml."""

from re import fullmatch
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from segmend.stage.params import Settings
from tasks.ingest.formats import Format
from tasks.ingest.noise._planting import Noise
from tasks.ingest.reading.context import MAX_PIXELS, Reading, Side
from tasks.ingest.reading.source import Hints
from tasks.ingest.reading.splits import Splits

SMALLEST_TILE = 64  # pixels; below it networks and superpixels have nothing to work with


class Params(Settings):
    """Which raw data, in which format, and which mistakes are planted."""

    data: str = Field(description="the name of a folder of data/raw: letters, digits, _ . and -")
    format: Format
    noise: Noise = Noise()
    classes: tuple[str, ...] = Field(
        (), description="names of the classes in the order of their ids, where no file names them"
    )
    void: tuple[Annotated[int, Field(ge=0)], ...] = Field((), description="ids in the masks that mean void, beside 255")
    fill_void: bool = Field(
        False,
        description="void in the given masks of train and val becomes unlabelled: it may be asked about and filled; in the truth it stays void",
    )
    palette: str = Field(
        "", description="the palette file of colour masks, if not palette.json, palette.csv or labelmap.txt"
    )
    image_range: tuple[float, float] | None = Field(
        None,
        description="values of 16-bit or float images that become black and white; default for 16 bits: 0 and "
        "the largest value of the bits that the images use",
    )
    max_pixels: int = Field(
        MAX_PIXELS, ge=1, le=1 << 31, description="of one picture; larger ones are refused before they are read"
    )
    masks_drawn_on: Side = Field(
        "",
        description="where EXIF turns images and sizes do not decide: masks were drawn on the stored or the upright one",
    )
    tile: int = Field(
        0,
        ge=0,
        le=1 << 14,
        description="images with a longer side (pixels) are cut into tiles of this side; 0: none is cut. TIFF and .npy are read "
        "by windows, others whole (max_pixels)",
    )
    tile_overlap: int = Field(
        32,
        ge=0,
        description="pixels by which tiles overlap at least: context, in which labels are void; at most half of tile",
    )
    splits: Splits = Splits()
    keep_going: bool = Field(False, description="set bad images aside (dataset/quarantine.csv) instead of stopping")

    @field_validator("data")
    @classmethod
    def one_word(cls, name: str) -> str:
        """The name stands in commands and paths: nothing in it may mean anything to a shell."""
        if not fullmatch(r"\w[\w.-]*", name):
            raise ValueError("letters, digits, _ . and - are allowed, with a letter or digit first: rename the folder")
        return name

    @model_validator(mode="after")
    def range_rises(self) -> "Params":
        if self.image_range and self.image_range[0] >= self.image_range[1]:
            raise ValueError(f"image_range {list(self.image_range)} must rise: [low, high]")
        return self

    @model_validator(mode="after")
    def tiles_are_no_slivers(self) -> "Params":
        if self.tile and self.tile < SMALLEST_TILE:
            raise ValueError(
                f"tile {self.tile} is too small: 0 (none is cut) or at least {SMALLEST_TILE} pixels are allowed"
            )
        if self.tile and 2 * self.tile_overlap > self.tile:
            raise ValueError(f"tile_overlap {self.tile_overlap} is more than half of tile {self.tile}: lower it")
        return self

    @property
    def hints(self) -> Hints:
        return Hints(self.classes, self.void, self.palette, self.image_range)

    @property
    def reading(self) -> Reading:
        return Reading(self.max_pixels, self.masks_drawn_on)
