"""Questions and answers as JSON lines.

A query asks one thing about one region. An answer repeats the region's own image and footprint and is matched with
questions by these two, not by the query's number: it stays valid when regions or queries are made anew. One answer is one line:

    {"query": "r1-00012", "image": "slice-004", "footprint": {"size": [3, 4], "runs": [5, 2, 5]}, "kind": "class",
     "classes": ["grey"], "who": "ada", "clicks": 1, "seconds": 3.2, "when": "2025-01-31T10:00:00Z"}

Footprint: `size` is rows, columns; `runs` counts pixels row by row: first how many are outside, then inside, and so on.
Kinds: confirm (the class shown is right; `classes` repeats it), class (the right class), class_set (all classes
present), mask (brushed: `classes` holds one class, `mask` its footprint), skip (cannot say), revert (what `who` answered to
this query counts no more; `by` says who took it back, where that is somebody else). A confirm may hold a
`mask` too: the pixels that carried the class when it was confirmed, kept where labels can be automatic. Classes are
names. `clicks`, `seconds`, `who`, `when` may be left out, and so may `comment`, `flag` (a colleague should look) and `settles`
(an expert's answer: it decides where people disagree). A `query` that begins with gold- was asked to measure who answered: it
changes no label. With
`image_sha256`, copied from the question, an answer about an image of the same name in another data set is refused. An answers
file is append-only: of two lines of one person about the same pixels the later counts; what several people answered becomes one
answer in the stage correct (segmend/answers/consensus.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from json import dumps, loads
from pathlib import Path
from re import fullmatch
from sys import intern
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from segmend.answers.footprints import Footprint as Footprint
from segmend.answers.footprints import decode as decode
from segmend.answers.footprints import encode as encode
from segmend.answers.footprints import encode_pixels as encode_pixels
from segmend.answers.footprints import identity_of
from segmend.answers.footprints import pixels as pixels
from segmend.answers.lines import json_lines, short
from segmend.stage.params import Settings, sentence

QueryKind = Literal["correction", "dominant", "multiclass"]


def _count_or_share(budget: Any) -> Any:
    share = fullmatch(r"(\d+(?:\.\d+)?)%", budget) if isinstance(budget, str) else None
    if (type(budget) is int and budget >= 0) or (share and float(share[1]) <= 100):
        return budget
    raise ValueError("must be a count of at least 0, or a share from 0% to 100%, as 5%")


# A round's budget in params.yaml: a count (of query.unit), or a share of all base cells of the train split.
RoundBudget = Annotated[int | str, BeforeValidator(_count_or_share)]
KINDS = ("confirm", "class", "class_set", "mask", "skip")  # of answers; a revert takes one back


PART = "+"  # r1-00012+1 was brushed beside the answer to r1-00012: of another class, or outside its region
SIMULATED = "simulated"  # `who` of an oracle's answers; of one that plays several people simulated:NAME
JOINED = ", "  # between the names in the `who` of one answer that several people gave
GOLD_QUERY = "gold-"  # begins the query of a question whose answer is known: it measures people
EVERY_FIELD: set[str] = set()
KNOWN_CLASSES: dict[tuple[str, ...], tuple[str, ...]] = {}

Name = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Amount = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False, strict=True)]


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
    image_sha256: str | None = Field(None, description="hash of the image's pixels, as in samples.csv")

    @cached_property
    def identity(self) -> str:
        return identity_of(self.image, self.footprint)


class Budget(Settings):
    """budget.json of a round's queries: what counts, and how much of it."""

    unit: Literal["clicks", "regions"]
    allowed: float = Field(ge=0)


class Answer(Settings):
    """One line of an answers file."""

    query: Name
    image: Name
    footprint: Footprint
    kind: Literal["confirm", "class", "class_set", "mask", "skip", "revert"]
    classes: tuple[str, ...] = ()
    mask: Footprint | None = None
    who: Name = "unknown"
    clicks: Amount | None = None
    seconds: Amount | None = None
    when: Name | None = None
    by: Name | None = None  # of a revert: who took the answer back
    flag: Literal[True] | None = None  # a colleague should look at it
    settles: Literal[True] | None = None  # decides, whatever others answered
    comment: str | None = None
    image_sha256: Name | None = None  # the question's

    @cached_property
    def identity(self) -> str:
        """Equal for answers about the same pixels (a brushed part of an answer, or one to a gold question, is another one)."""
        part = GOLD_QUERY if self.query.startswith(GOLD_QUERY) else self.query.partition(PART)[2]
        return identity_of(self.image, self.footprint, part)

    @model_validator(mode="after")
    def fits_its_kind(self) -> "Answer":
        allowed = {"skip": (0, 0), "revert": (0, 0), "class_set": (1, 254)}.get(self.kind, (1, 1))
        if not allowed[0] <= len(self.classes) <= allowed[1]:
            expected = {"skip": "no class", "revert": "no class", "class_set": "one class or more"}.get(
                self.kind, "exactly one class"
            )
            raise ValueError(f"an answer of kind {self.kind} names {expected} in `classes`")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("`classes` names a class twice")
        if len(self.footprint.runs) < 2:
            raise ValueError("`footprint` holds no pixel")
        if self.kind != "confirm" and (self.kind == "mask") != (self.mask is not None):
            raise ValueError("`mask` (a footprint) belongs to answers of kind mask and confirm, and to no others")
        if self.mask is not None and self.mask.size != self.footprint.size:
            raise ValueError("`mask` and `footprint` must be of one size")
        for name in ("image", "who"):
            self.__dict__[name] = intern(getattr(self, name))
        self.__dict__["classes"] = KNOWN_CLASSES.setdefault(self.classes, self.classes)
        object.__setattr__(
            self, "__pydantic_fields_set__", EVERY_FIELD
        )  # a set for each answer is a third of its memory
        return self


EVERY_FIELD.update(Answer.model_fields)


class Verdict(NamedTuple):
    """What an oracle says of one query: the kind of answer and the classes' ids."""

    kind: str
    classes: tuple[int, ...] = ()


def read(
    path: Path,
    classes: Sequence[str] | None = None,
    sizes: Mapping[str, tuple[int, int]] | None = None,
    hashes: Mapping[str, str] | None = None,
) -> list[Answer]:
    """The answers of a file, in order.

    Raises ValueError naming file and line for what is no answer; with `classes`, for a class the data set does not have;
    with `sizes` (rows, columns by image id), for an unknown image or a footprint of another size; with `hashes`
    (image_sha256 by image id), for an answer about another image of the same name.
    """
    return list(each_answer(path, classes, sizes, hashes))


def each_answer(
    path: Path,
    classes: Sequence[str] | None = None,
    sizes: Mapping[str, tuple[int, int]] | None = None,
    hashes: Mapping[str, str] | None = None,
) -> Iterator[Answer]:
    """`read`, one answer at a time."""
    for number, content in json_lines(path):
        try:
            answer = Answer.model_validate(content)
            check(answer, classes, sizes, hashes)
        except ValidationError as error:
            first = wrong(error.errors()[0])
            text = f"{path}, line {number}: {first}; docs/answers.md has the form of an answer"
            raise ValueError(short(text)) from None
        except ValueError as error:
            raise ValueError(short(f"{path}, line {number}: {error}")) from None
        yield answer


def wrong(error: Any) -> str:
    """One of pydantic's errors about an answer as a sentence."""
    if error["type"] == "unknown_setting":
        return f"the key '{error['ctx']['name']}' is unknown; an answer has {', '.join(Answer.model_fields)}"
    if error["type"] == "string_pattern_mismatch":
        return f"answer.{error['loc'][-1]} holds a control character"
    return sentence(error, "answer")


def check(
    answer: Answer,
    classes: Sequence[str] | None,
    sizes: Mapping[str, tuple[int, int]] | None,
    hashes: Mapping[str, str] | None = None,
) -> None:
    """Raise ValueError where an answer does not fit the data set."""
    for name in answer.classes if classes is not None else ():
        if name not in (classes or ()):
            raise ValueError(f"unknown class '{name}'; the data set's classes are {', '.join(classes or ())}")
    if sizes is not None and answer.image not in sizes:
        raise ValueError(f"unknown image '{answer.image}'; it must be one of the data set's images")
    if hashes is not None and answer.image_sha256 not in (None, hashes.get(answer.image)):
        raise ValueError(
            f"the answer is about another image named {answer.image} (its image_sha256 is not that of this data set's image): "
            "move answers of another data set away, or remove `image_sha256` where both images show the same, pixel by pixel"
        )
    if sizes is not None and answer.footprint.size != sizes[answer.image]:
        rows, columns = sizes[answer.image]
        raise ValueError(
            f"the footprint's size {list(answer.footprint.size)} is not the size of {answer.image}, [{rows}, {columns}]"
        )


def is_simulated(who: str) -> bool:
    """Whether an oracle gave the answers of this name."""
    return who == SIMULATED or who.startswith(f"{SIMULATED}:")


def newest(answers: Iterable[Answer]) -> list[Answer]:
    """One line per person and set of pixels: of several the last, at its own place in the order; reverts are kept."""
    kept: dict[tuple[str, str], Answer] = {}
    for answer in answers:
        kept.pop((answer.identity, answer.who), None)
        kept[answer.identity, answer.who] = answer
    return list(kept.values())


def standing(answers: Iterable[Answer]) -> list[Answer]:
    """One answer per person and set of pixels: of several the last, at its own place in the order; none if it was reverted."""
    return [answer for answer in newest(answers) if answer.kind != "revert"]


def latest(answers: Iterable[Answer]) -> list[Answer]:
    """One answer per set of pixels: of several that stand the last, at its own place in the order."""
    kept: dict[str, Answer] = {}
    for answer in standing(answers):
        kept.pop(answer.identity, None)
        kept[answer.identity] = answer
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
