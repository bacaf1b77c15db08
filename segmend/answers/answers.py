"""Questions and answers as JSON lines, and the run-length code of the pixels they are about.

A query asks one thing about one region. An answer repeats the region's own footprint, so it stays valid when regions or
queries are made anew. One answer is one line:

    {"query": "r1-00012", "image": "slice-004", "footprint": {"size": [3, 4], "runs": [5, 2, 5]}, "kind": "class",
     "classes": ["grey"], "who": "ada", "clicks": 1, "seconds": 3.2, "when": "2025-01-31T10:00:00Z"}

Footprint: `size` is rows, columns; `runs` counts pixels row by row: first how many are outside, then inside, and so on.
Kinds: confirm (the class shown is right; `classes` repeats it), class (the right class), class_set (all classes
present), mask (brushed: `classes` holds one class, `mask` its footprint), skip (cannot say), revert (what `who` answered to
this query counts no more; `by` says who took it back, where that is somebody else). A confirm may hold a
`mask` too: the pixels that carried the class when it was confirmed, kept where labels can be automatic. Classes are
names. `clicks`, `seconds`, `who`, `when` may be left out, and so may `comment` and `flag` (a colleague should look). An
answers file is append-only: of two lines for one query the later counts.
"""

from collections.abc import Iterable, Sequence
from json import JSONDecodeError, dumps, loads
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Int64
from pydantic import Field, ValidationError, model_validator

from segmend.stage.params import Settings, sentence

QueryKind = Literal["correction", "dominant", "multiclass"]
# What params.yaml and the stage query are told: a count (of query.unit), or a share of all base cells of the train split.
RoundBudget = Annotated[int, Field(ge=0, strict=True)] | Annotated[str, Field(pattern=r"^\d+(\.\d+)?%$")]
KINDS = ("confirm", "class", "class_set", "mask", "skip", "revert")


class Footprint(Settings):
    """A set of pixels of one image."""

    size: tuple[int, int] = Field(description="rows, columns of the image")
    runs: tuple[int, ...] = Field(description="pixels outside, inside, outside, ... row by row")

    @model_validator(mode="after")
    def adds_up(self) -> "Footprint":
        if min(self.size) < 1 or any(run < 0 for run in self.runs) or sum(self.runs) != self.size[0] * self.size[1]:
            raise ValueError(
                f"the runs of a footprint must be >= 0 and add up to {self.size[0]} x {self.size[1]} pixels"
            )
        return self

    @property
    def area(self) -> int:
        return sum(self.runs[1::2])


def encode(mask: Bool[np.ndarray, "h w"]) -> Footprint:
    """The footprint of a mask; a mask has one code only (no empty runs but the first)."""
    flat = mask.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([changes, [flat.size]])
    runs = np.diff(ends, prepend=0).tolist()
    return Footprint(size=mask.shape, runs=([0, *runs] if flat.size and flat[0] else runs))


def encode_pixels(places: Int64[np.ndarray, " n"], size: tuple[int, int]) -> Footprint:
    """The footprint of the pixels at ascending flat indices, without making the mask."""
    gaps = np.flatnonzero(np.diff(places) > 1)
    starts = places[np.concatenate([[0], gaps + 1])]
    stops = places[np.concatenate([gaps, [len(places) - 1]])] + 1
    bounds = np.stack([starts, stops], axis=1).ravel()
    runs = np.diff(bounds, prepend=0).tolist()
    rest = size[0] * size[1] - int(bounds[-1])
    return Footprint(size=size, runs=[*runs, rest] if rest else runs)


def decode(footprint: Footprint) -> Bool[np.ndarray, "h w"]:
    """The mask of a footprint."""
    inside = np.arange(len(footprint.runs)) % 2 == 1
    return np.repeat(inside, footprint.runs).reshape(footprint.size)


def pixels(footprint: Footprint) -> Int64[np.ndarray, " n"]:
    """The footprint's pixels as ascending flat indices, without making the mask."""
    ends = np.cumsum(footprint.runs, dtype=np.int64)
    starts, stops = ends[:-1][::2], ends[1::2]  # each inside run begins where the outside run before it ends
    lengths = stops - starts
    before = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum(), dtype=np.int64) + np.repeat(starts - before, lengths)


class Query(Settings):
    """One line of queries.jsonl, a question about a region.

    Kinds: correction (is its label right? if not, which class is it?), dominant (which class is most of it?),
    multiclass (which classes are in it?).
    """

    query: str = Field(description="round and place in the order of asking: r1-00012")
    image: str
    region: int
    rank: int = Field(description="0 is asked first")
    kind: QueryKind
    shown: str | None = Field(description="the class most of the region's labels name; null where it is unlabelled")
    predicted: str = Field(description="the class the network sees most often in the region")
    footprint: Footprint
    area: int
    row: int = Field(description="the representative pixel")
    column: int
    utility: float
    expected: float | None = Field(None, description="pixels that the answer is expected to put right")
    confidence: float | None = Field(None, ge=0, le=1, description="the network's mean probability of `predicted`")
    chance: float | None = Field(
        None, gt=0, le=1, description="the probability with which chance asked it; null: the acquisition chose it"
    )


class Budget(Settings):
    """budget.json of a round's queries: what counts, and how much of it."""

    unit: Literal["clicks", "regions"]
    allowed: float = Field(ge=0)


class Answer(Settings):
    """One line of an answers file."""

    query: str
    image: str
    footprint: Footprint
    kind: Literal["confirm", "class", "class_set", "mask", "skip", "revert"]
    classes: tuple[str, ...] = ()
    mask: Footprint | None = None
    who: str = "unknown"
    clicks: float | None = Field(None, ge=0)
    seconds: float | None = Field(None, ge=0)
    when: str | None = None
    by: str | None = None  # of a revert: who took the answer back
    flag: Literal[True] | None = None  # a colleague should look at it
    comment: str | None = None

    @model_validator(mode="after")
    def fits_its_kind(self) -> "Answer":
        allowed = {"skip": (0, 0), "revert": (0, 0), "class_set": (1, 254)}.get(self.kind, (1, 1))
        if not allowed[0] <= len(self.classes) <= allowed[1]:
            expected = {"skip": "no class", "revert": "no class", "class_set": "one class or more"}.get(
                self.kind, "exactly one class"
            )
            raise ValueError(f"an answer of kind {self.kind} names {expected} in `classes`")
        if self.kind != "confirm" and (self.kind == "mask") != (self.mask is not None):
            raise ValueError("`mask` (a footprint) belongs to answers of kind mask and confirm, and to no others")
        if self.mask is not None and self.mask.size != self.footprint.size:
            raise ValueError("`mask` and `footprint` must be of one size")
        return self


class Verdict(NamedTuple):
    """What an oracle says of one query: the kind of answer and the classes' ids."""

    kind: str
    classes: tuple[int, ...] = ()


def read(
    path: Path, classes: Sequence[str] | None = None, sizes: dict[str, tuple[int, int]] | None = None
) -> list[Answer]:
    """The answers of a file, in order.

    Raises ValueError naming file and line for what is no answer; with `classes`, for a class the data set does not have;
    with `sizes` (rows, columns by image id), for an unknown image or a footprint of another size.
    """
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip():
            continue
        try:
            answer = Answer(**loads(line))
            check(answer, classes, sizes)
        except (JSONDecodeError, TypeError) as trouble:
            raise ValueError(f"{path}, line {number}: not a JSON object ({trouble})") from None
        except ValidationError as trouble:
            first = sentence(trouble.errors()[0], "answer")
            raise ValueError(
                f"{path}, line {number}: {first}; see segmend/answers/answers.py for the form of an answer"
            ) from None
        except ValueError as trouble:
            raise ValueError(f"{path}, line {number}: {trouble}") from None
        found.append(answer)
    return found


def check(answer: Answer, classes: Sequence[str] | None, sizes: dict[str, tuple[int, int]] | None) -> None:
    """Raise ValueError where an answer does not fit the data set."""
    for name in answer.classes if classes is not None else ():
        if name not in (classes or ()):
            raise ValueError(f"unknown class '{name}'; the data set's classes are {', '.join(classes or ())}")
    if sizes is not None and answer.image not in sizes:
        raise ValueError(f"unknown image '{answer.image}'; it must be one of the data set's train images")
    if sizes is not None and answer.footprint.size != sizes[answer.image]:
        rows, columns = sizes[answer.image]
        raise ValueError(
            f"the footprint's size {list(answer.footprint.size)} is not the size of {answer.image}, [{rows}, {columns}]"
        )


def standing(answers: Iterable[Answer]) -> list[Answer]:
    """One answer per query and person: of several the last, at its own place in the order; none where it was reverted."""
    kept: dict[tuple[str, str], Answer] = {}
    for answer in answers:
        kept.pop((answer.query, answer.who), None)
        if answer.kind != "revert":
            kept[answer.query, answer.who] = answer
    return list(kept.values())


def latest(answers: Iterable[Answer]) -> list[Answer]:
    """One answer per query: of several that stand the last, at its own place in the order."""
    kept: dict[str, Answer] = {}
    for answer in standing(answers):
        kept.pop(answer.query, None)
        kept[answer.query] = answer
    return list(kept.values())


def write(path: Path, answers: Iterable[Answer]) -> None:
    """Write answers, one JSON object a line with its keys sorted; what was left out stays out."""
    write_lines(path, (answer.model_dump(exclude_none=True) for answer in answers))


def read_queries(folder: Path) -> list[Query]:
    """The queries of a round, in the order of asking."""
    path = folder / "queries.jsonl"
    if not path.is_file():
        raise ValueError(f"{path} is missing: run the stage query of this round")
    return [Query(**loads(line)) for line in path.read_text().splitlines()]


def write_queries(folder: Path, queries: Iterable[Query]) -> None:
    write_lines(folder / "queries.jsonl", (query.model_dump() for query in queries))


def read_budget(folder: Path) -> Budget | None:
    """The budget of a round's queries; None where its number of queries is all that counts."""
    path = folder / "budget.json"
    return Budget(**loads(path.read_text())) if path.is_file() else None


def write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        file.writelines(dumps(line, sort_keys=True) + "\n" for line in lines)
