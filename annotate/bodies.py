"""What the page may send, checked: sizes, ranges and forms. Anything else is refused before any code of ours sees it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from segmend.stage.params import Settings

PERSON = r"^[^\W_][\w .'@-]{0,39}$"  # a letter or digit first; letters of all languages, digits, blank . ' @ - _
Window = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{8,32}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
QueryName = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[\w.:-]+$")]
RoundName = Annotated[str, StringConstraints(pattern=r"^r[0-9]{1,6}$")]
Person = Annotated[str, StringConstraints(pattern=PERSON)]
Length = Annotated[int, Field(ge=0, le=2**31, strict=True)]
ClassId = Annotated[int, Field(ge=0, le=253, strict=True)]
Comment = Annotated[str, StringConstraints(max_length=1000)]


class Paint(Settings):
    """Pixels that were given one class."""

    named: ClassId
    box: tuple[Length, Length, Length, Length]  # top, left, height, width
    runs: tuple[Length, ...] = Field(max_length=400_000)  # outside, inside, ... row by row in the box


class Naming(Settings):
    """Who is at this browser."""

    name: Person


class Taking(Settings):
    """More questions for a window."""

    window: Window
    count: Annotated[int, Field(ge=0, le=20, strict=True)]
    held: tuple[QueryName, ...] = Field((), max_length=50)


class Answering(Settings):
    """An answer to a question."""

    window: Window
    query: QueryName
    kind: Literal["confirm", "class", "class_set", "mask", "skip"]
    classes: tuple[ClassId, ...] = Field((), max_length=254)
    paint: tuple[Paint, ...] = Field((), max_length=254)
    clicks: Annotated[float, Field(ge=0, le=100_000)] = 1
    seconds: Annotated[float, Field(ge=0, le=86_400)] = 0
    at: Annotated[
        int, Field(ge=0, le=2**45, strict=True)
    ]  # milliseconds since 1970: tells a repeated sending from a new answer
    flag: bool = False
    comment: Comment = ""
    expert: bool = False  # from the list of disputed questions: it may be answered although it is full


class Painting(Settings):
    """An image repainted: an answer for each class."""

    image: Key
    paint: tuple[Paint, ...] = Field(min_length=1, max_length=254)
    clicks: Annotated[float, Field(ge=0, le=100_000)] = 1
    seconds: Annotated[float, Field(ge=0, le=86_400)] = 0
    at: Annotated[int, Field(ge=0, le=2**45, strict=True)]
    comment: Comment = ""


class Undoing(Settings):
    window: Window


class Leaving(Settings):
    window: Window


class Reverting(Settings):
    """Which answers to take back: those that fit all that is given."""

    image: Key | None = None
    round: RoundName | None = None
    who: Annotated[str, StringConstraints(max_length=80)] | None = None
    kind: Literal["confirm", "class", "class_set", "mask", "skip"] | None = None
    write: bool = False  # without it, only their number is told
