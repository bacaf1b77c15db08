"""Footprints: sets of pixels of an image as run lengths, and the identity that binds answers to questions."""

from array import array
from hashlib import blake2b
from typing import Annotated, Any

import numpy as np
from jaxtyping import Bool, Int64
from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from segmend.stage.params import Settings

Side = Annotated[int, Field(ge=1, lt=2**31, strict=True)]


def run_lengths(runs: Any) -> array:
    """Whole numbers as 4-byte integers, a sixth of a tuple's memory; no run but the first is empty, so that equal sets of pixels
    have equal runs."""
    if isinstance(runs, array):
        return runs
    if not isinstance(runs, list | tuple) or not {int}.issuperset(map(type, runs)):
        raise ValueError("a list of whole numbers is wanted")
    if min(runs, default=0) < 0:
        raise ValueError("a run is below 0")
    try:
        packed = array("I", runs)
    except OverflowError:
        raise ValueError("a run is longer than any image") from None
    return without_empty(packed) if 0 in packed[1:] else packed


def without_empty(runs: array) -> array:
    """The runs of the same pixels with no run of length 0 but the first."""
    kept = array("I", [0])  # of odd length: its last run is outside
    for index, run in enumerate(runs):
        if run and index % 2 == len(kept) % 2:
            kept.append(run)
        elif run:
            kept[-1] += run
    return kept


Runs = Annotated[array, PlainValidator(run_lengths), PlainSerializer(array.tolist, return_type=list[int])]


EVERY_FIELD = {"size", "runs"}
KNOWN_SIZES: dict[tuple[int, int], tuple[int, int]] = {}


class Footprint(Settings):
    """A set of pixels of one image."""

    size: tuple[Side, Side] = Field(description="rows, columns of the image")
    runs: Runs = Field(description="pixels outside, inside, outside, ... row by row")

    @model_validator(mode="after")
    def adds_up(self) -> "Footprint":
        if not self.runs or sum(self.runs) != self.size[0] * self.size[1]:
            raise ValueError(f"the runs of a footprint must add up to {self.size[0]} x {self.size[1]} pixels")
        self.__dict__["size"] = KNOWN_SIZES.setdefault(self.size, self.size)
        object.__setattr__(
            self, "__pydantic_fields_set__", EVERY_FIELD
        )  # a set for each footprint is memory for nothing
        return self

    @property
    def area(self) -> int:
        return sum(self.runs[1::2])


def identity_of(image: str, footprint: Footprint, part: str = "") -> str:
    """Equal for the same pixels of the same image, 32 hex digits; `part` tells apart what was brushed beside an answer."""
    head = f"{image}\n{part}\n{footprint.size[0]}x{footprint.size[1]}\n"
    return blake2b(head.encode() + footprint.runs.tobytes(), digest_size=16).hexdigest()


def encode(mask: Bool[np.ndarray, "h w"]) -> Footprint:
    """The footprint of a mask; a mask has one code only (no empty runs but the first)."""
    flat = mask.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([changes, [flat.size]])
    runs = np.diff(ends, prepend=0).tolist()
    return Footprint(size=mask.shape, runs=([0, *runs] if flat.size and flat[0] else runs))


def encode_pixels(inside: Int64[np.ndarray, " n"], size: tuple[int, int]) -> Footprint:
    """The footprint of the pixels at ascending flat indices, without making the mask."""
    gaps = np.flatnonzero(np.diff(inside) > 1)
    starts = inside[np.concatenate([[0], gaps + 1])]
    stops = inside[np.concatenate([gaps, [len(inside) - 1]])] + 1
    bounds = np.stack([starts, stops], axis=1).ravel()
    runs = np.diff(bounds, prepend=0).tolist()
    rest = size[0] * size[1] - int(bounds[-1])
    return Footprint(size=size, runs=[*runs, rest] if rest else runs)


def decode(footprint: Footprint) -> Bool[np.ndarray, "h w"]:
    """The mask of a footprint."""
    inside = np.arange(len(footprint.runs)) % 2 == 1
    return np.repeat(inside, np.frombuffer(footprint.runs, np.uint32).astype(np.int64)).reshape(footprint.size)


def pixels(footprint: Footprint) -> Int64[np.ndarray, " n"]:
    """The footprint's pixels as ascending flat indices, without making the mask."""
    ends = np.cumsum(np.frombuffer(footprint.runs, np.uint32), dtype=np.int64)
    starts, stops = ends[:-1][::2], ends[1::2]  # each inside run begins where the outside run before it ends
    lengths = stops - starts
    before = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum(), dtype=np.int64) + np.repeat(starts - before, lengths)
