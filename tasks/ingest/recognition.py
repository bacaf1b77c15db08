"""Which format a folder is in, and reading it: the same code for `segmend inspect`, `segmend run --data` and ingest.

A folder that only wraps the data set is entered. Several data sets in one folder are refused by name.
"""

from pathlib import Path
from typing import Any, NamedTuple, get_args

from tasks.ingest.formats import FORMATS
from tasks.ingest.reading.context import DEFAULTS, listed_once, reading_as
from tasks.ingest.reading.deep_images import used_range
from tasks.ingest.reading.source import Record, Source, Unused
from tasks.ingest.reading.splits import dealt
from tasks.ingest.reading.windows import with_tiles
from tasks.ingest.settings import Params

NAMES = tuple(get_args(kind.model_fields["name"].annotation)[0] for kind in FORMATS)
KINDS: tuple[Any, ...] = FORMATS  # each has `sees` beside its settings
DEEPEST = 3  # folders around a data set
WIDEST = 1000  # folders looked into at one depth


class Recognised(NamedTuple):
    """The format of a folder."""

    name: str
    why: str
    root: Path  # the folder itself, or the one inside it that holds the data
    others: tuple[
        str, ...
    ]  # formats that it could be read as too; folders, which takes nearly everything, is not named


def recognise(raw: Path) -> Recognised:
    """The first format of FORMATS that sees its layout; ValueError where none does, or several data sets lie in the folder."""
    with reading_as(DEFAULTS):
        root = data_root(raw, KINDS)
        reasons = {name: why_seen(kind, root) for name, kind in zip(NAMES, KINDS, strict=True)}
    known = [name for name in NAMES if reasons[name]]
    if not known:
        inside = ", ".join(sorted(path.name for path in raw.iterdir())[:10]) or "nothing"
        raise ValueError(
            f"{raw} looks like none of the formats {', '.join(NAMES)}; it holds: {inside}. Simplest: put images into images/, "
            "masks into masks/ under the same names, and name the classes in classes.json"
        )
    name, *others = known
    where = "" if root == raw else f"its folder {root.relative_to(raw).as_posix()} is entered; "
    return Recognised(name, where + reasons[name], root, tuple(other for other in others if other != "folders"))


def data_root(raw: Path, kinds: tuple[Any, ...]) -> Path:
    """The folder that holds the data set in one of these formats: `raw`, or the only one of the shallowest depth below it.

    `raw` where there is none. Raises ValueError where several lie side by side.
    """
    level = [raw]
    for _ in range(DEEPEST + 1):
        seen = [path for path in level if any(why_seen(kind, path) for kind in kinds)]
        if len(seen) > 1:
            names = [path.relative_to(raw).as_posix() for path in seen]
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            raise ValueError(
                f"{raw} holds several data sets: {', '.join(names[:5])}{more}. Give one of these folders, or put them into one "
                "(images/ and masks/, or train/, val/ and test/ with such folders in each)"
            )
        if seen:
            return seen[0]
        level = [below for path in level for below in folders_in(path)][:WIDEST]
    return raw


def why_seen(kind: Any, path: Path) -> str:
    """Why a folder looks like a format; '' if it does not."""
    return listed_once(("sees", kind, path), lambda: str(kind.sees(path)))


def folders_in(path: Path) -> list[Path]:
    return sorted(
        below
        for below in path.iterdir()
        if below.is_dir() and not below.is_symlink() and not below.name.startswith((".", "__MACOSX"))
    )


def read(settings: Params, raw: Path, seed: int) -> Source:
    """What a folder holds, as the format of the settings understands it, with a split for every record.

    All file names are relative to `raw`, whatever folder was entered.
    """
    with reading_as(settings.reading) as noticed:
        root = data_root(raw, (type(settings.format),))
        source = dealt(settings.format(root, settings.hints, seed), settings.splits, root)
        records = with_tiles(source.records, settings.tile, settings.tile_overlap)
        source = source._replace(records=records, notes=(*source.notes, *tiles_note(records, settings)))
        files = [root / record.file for record in source.records]
        deep_range, note = (
            used_range([path for path in files if path.is_file()]) if not settings.image_range else (None, "")
        )
    source = source._replace(reading=settings.reading._replace(deep_range=deep_range))
    warnings = sorted(text for text in noticed.facts if text.startswith("warning: "))
    source = source._replace(notes=(*source.notes, *([note] if note else []), *warnings))
    if root == raw:
        return source
    before = root.relative_to(raw).as_posix()
    note = f"the data lie in its folder {before}"
    return source._replace(
        records=[below(record, before) for record in source.records],
        problems=tuple(p._replace(file=f"{before}/{p.file}" if p.file else "") for p in source.problems),
        used=frozenset(f"{before}/{name}" for name in source.used),
        unused=tuple(Unused(f"{before}/{entry.path}", entry.reason) for entry in source.unused),
        notes=(note, *source.notes),
    )


def tiles_note(records: list[Record], settings: Params) -> list[str]:
    cut = [record for record in records if record.tiles]
    if not cut:
        return []
    count = sum(len(record.tiles) for record in cut)
    side, overlap = settings.tile, settings.tile_overlap
    return [
        f"{len(cut)} of {len(records)} images are cut into {count} tiles of at most {side} x {side} pixels that overlap by at least "
        f"{overlap} (dataset/tiles.json; export and report show whole images)"
    ]


def below(record: Record, before: str) -> Record:
    """A record with its file names under a folder."""

    def name(file: str) -> str:
        return f"{before}/{file}" if file else ""

    annotations = tuple(entry._replace(file=name(entry.file)) for entry in record.annotations)
    return record._replace(
        file=name(record.file),
        mask_file=name(record.mask_file),
        truth_file=name(record.truth_file),
        annotations=annotations,
    )
