"""Names and colours of classes as data sets write them down: classes.json, classes.txt, palettes, labelmap.txt."""

from json import JSONDecodeError, loads
from pathlib import Path
from re import fullmatch
from typing import Any, NamedTuple

from segmend.images.rasters import VOID
from tasks.ingest.reading.source import Hints, class_ids
from tasks.ingest.reading.text_files import read_table, read_text

PALETTES = ("palette.json", "palette.csv", "labelmap.txt")
LISTS = ("classes.txt", "class_names.txt")  # the second as labelme2voc writes it
VOID_NAMES = frozenset({"void", "ignore", "ignored", "unlabeled", "unlabelled", "unknown", "border"})


class Naming(NamedTuple):
    """What is known about the classes; `classes` is empty where no file and no setting says it."""

    classes: tuple[str, ...]
    ids: dict[int, int]  # id in the files -> class id or VOID
    colours: tuple[tuple[int, int, int], ...]  # for display; may be empty
    palette: dict[int, int] | None  # 0xRRGGBB -> id, for colour masks
    where: str  # the file or setting it comes from
    files: tuple[str, ...] = ()  # files read


def naming(raw: Path, hints: Hints) -> Naming:
    """Classes, ids and palette of a data set, from the settings, classes.json, classes.txt or the palette, in this order."""
    table = palette_table(raw, hints)
    void = list(hints.void)
    numbered: dict[int, str] = {}
    colours: tuple[tuple[int, int, int], ...] = ()
    if hints.classes:
        where, numbered = "ingest.classes", dict(enumerate(hints.classes))
    elif (raw / "classes.json").is_file():
        where = "classes.json"
        content = read_json(raw / where)
        content = content if isinstance(content, dict) and "classes" in content else {"classes": content}
        numbered = numbered_names(content["classes"], raw / where)
        void += void_ids(content.get("void", []), raw / where)
        colours = tuple((int(r), int(g), int(b)) for r, g, b in content.get("colours", ()))
    elif any((raw / name).is_file() for name in LISTS):
        where = next(name for name in LISTS if (raw / name).is_file())
        lines = [line.strip() for line in read_text(raw / where).split("\n")]
        lines = lines[1:] if lines[0] == "__ignore__" else lines  # labelme's name for what is -1 in its masks
        numbered = lines_by_id([line for line in lines if line])
    elif table:
        where, numbered = "the palette", dict(enumerate(name for name in table if name.lower() not in VOID_NAMES))
    else:
        return Naming((), {}, (), None, "")
    files = tuple(name for name in (where, *((palette_file(raw, hints),) if table else ())) if (raw / name).is_file())
    order = sorted(numbered)
    classes = tuple(numbered[k] for k in order)
    class_ids(classes, (), where)  # at most 254, no name twice
    dense = order == list(range(len(order)))
    ids = class_ids(classes, tuple(void), where) if dense else {k: n for n, k in enumerate(order)}
    if not dense:
        both = sorted(set(void) & set(order))
        if both:
            raise ValueError(
                f"{where}: id {both[0]} is void and also the class '{numbered[both[0]]}': remove one of them"
            )
        ids = {254: 254, VOID: VOID, **dict.fromkeys(void, VOID), **ids}
    if table:
        given = {name: colour for name, colour in table.items() if name in classes}
        if not colours and len(given) == len(classes):
            colours = tuple(given[name] for name in classes)
    if colours and len(colours) != len(classes):
        raise ValueError(f"{where} gives {len(colours)} colours for {len(classes)} classes: give one for each, or none")
    return Naming(classes, ids, colours, packed(table, dict(zip(classes, order, strict=True))), where, files)


def lines_by_id(lines: list[str]) -> dict[int, str]:
    """id -> name. Where every line begins with a number of its own ("0 road", "1: tree"), these are the ids, else the lines' places."""
    parts = [fullmatch(r"(\d{1,5})\s*[\s:;,=]\s*(\S.*)", line) for line in lines]
    own = {int(part[1]): part[2] for part in parts if part}
    return own if lines and len(own) == len(lines) else dict(enumerate(lines))


def numbered_names(names: object, path: Path) -> dict[int, str]:
    """A list of names, or {id: name}, as {id: name}."""
    if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
        return dict(enumerate(names))
    if isinstance(names, dict) and names and all(str(key).isdigit() for key in names):
        return {int(key): str(name) for key, name in names.items()}
    raise ValueError(
        f'{path}: expected {{"classes": ["first", "second", ...]}} or {{"classes": {{"0": "first", ...}}}}'
    )


def void_ids(value: object, path: Path) -> list[int]:
    """The ids that mean void: one, or a list of them."""
    ids = value if isinstance(value, list) else [value]
    if all(str(k).isdigit() and not isinstance(k, bool) for k in ids):
        return [int(str(k)) for k in ids]
    raise ValueError(f'{path}: "void" is {value!r}; expected an id of the masks (255), or a list of them ([0, 255])')


def palette_table(raw: Path, hints: Hints) -> dict[str, tuple[int, int, int]]:
    """name -> (r, g, b) of the palette file, in its order; empty where there is none."""
    name = palette_file(raw, hints)
    if not name:
        if hints.palette:
            raise ValueError(f"{raw / hints.palette} is missing, which ingest.palette names")
        return {}
    path = raw / name
    try:
        table = {name: (int(r), int(g), int(b)) for name, (r, g, b) in palette_rows(path)}
    except (ValueError, TypeError, KeyError):
        raise ValueError(
            f'{path}: expected {{"name": [r, g, b], ...}} in JSON, or CSV with the columns name,r,g,b, or lines name:r,g,b'
        ) from None
    wrong = [name for name, colour in table.items() if not all(0 <= part <= 255 for part in colour)]
    if wrong:
        raise ValueError(f"{path}: the colour of '{wrong[0]}' is not three numbers from 0 to 255")
    return table


def palette_file(raw: Path, hints: Hints) -> str:
    """The name of the palette file; '' where there is none."""
    names = (hints.palette,) if hints.palette else PALETTES
    return next((name for name in names if (raw / name).is_file()), "")


def palette_rows(path: Path) -> list[tuple[str, list[Any]]]:
    if path.suffix == ".json":
        return list(read_json(path).items())
    if path.suffix == ".csv":
        return [(row["name"].strip(), [row["r"], row["g"], row["b"]]) for row in read_table(path)]
    lines = [line for line in read_text(path).split("\n") if line.strip() and not line.startswith("#")]
    return [(line.split(":")[0], line.split(":")[1].split(",")) for line in lines]  # as CVAT writes labelmap.txt


def packed(table: dict[str, tuple[int, int, int]], ids: dict[str, int]) -> dict[int, int] | None:
    """0xRRGGBB -> id in the files; names of VOID_NAMES are void; None where there is no palette."""
    if not table:
        return None
    strangers = sorted(name for name in table if name not in ids and name.lower() not in VOID_NAMES)
    absent = sorted(set(ids) - set(table))
    if strangers or absent:
        raise ValueError(
            "the palette and the classes do not agree: "
            + "; ".join(
                text
                for text in (
                    f"only in the palette: {', '.join(strangers)}" if strangers else "",
                    f"without a colour: {', '.join(absent)}" if absent else "",
                )
                if text
            )
        )
    return {(r << 16) | (g << 8) | b: ids.get(name, VOID) for name, (r, g, b) in table.items()}


def read_json(path: Path) -> Any:
    try:
        return loads(read_text(path))
    except (JSONDecodeError, RecursionError) as trouble:
        raise ValueError(f"{path} is not JSON: {trouble}") from None
