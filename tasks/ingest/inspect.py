"""What ingest would make of a folder, in words, changing nothing.

    python -m tasks.ingest.inspect PATH [--format NAME] [--classes A,B,...] [--void 0,9] [--tile N] [--json | --recognise]

Exit code 0 when ingest would accept the folder, 2 when it would not (the sentences say why).
"""

import sys
from argparse import ArgumentParser
from collections import Counter
from json import dumps
from pathlib import Path
from typing import Any

from PIL import Image

from segmend.images.dataset import SPLITS
from segmend.images.rasters import UNLABELLED, VOID
from segmend.stage.params import validated
from tasks.ingest.checking.dataset_checks import judge, report
from tasks.ingest.checking.image_checks import check_all, class_pixels, labelled, ratio
from tasks.ingest.reading.file_kinds import PICTURES
from tasks.ingest.reading.opening import UNREADABLE
from tasks.ingest.reading.source import Problem, Source
from tasks.ingest.recognition import NAMES, read, recognise
from tasks.ingest.settings import Params

LOOKED_AT = 200  # files whose pixel kind is told


def look(settings: Params, raw: Path, why: str, seed: int = 0) -> dict[str, Any]:
    """Everything there is to say about a folder, as plain values for JSON."""
    source = read(settings, raw, seed)
    checked = list(check_all(source))
    problems, notes = judge(raw, source, checked)
    pixels = class_pixels(checked)
    sizes = Counter((item.height, item.width) for item in checked if item.height)
    splits = Counter(str(record.split) for record in source.records)
    same = sum("the same image as" in problem.reason for problem in problems)
    return {
        "path": str(raw),
        "format": settings.format.name,
        "why": why,
        "images": len(source.records),
        "splits": {name: splits.get(name, 0) for name in SPLITS},
        "with_mask": sum(item.labelled for item in checked),
        "with_truth": sum(record.truth is not None for record in source.records),
        "without_mask": [item.record.file or item.record.id for item in checked if not item.labelled][:50],
        "classes": [
            {
                "id": k,
                "name": name,
                "colour": source.palette[k],
                "pixels": int(pixels[k]),
                "share": ratio(pixels[k], labelled(pixels)),
            }
            for k, name in enumerate(source.classes)
        ],
        "void_ids": source.void,
        "share_void": ratio(pixels[VOID], pixels.sum()),
        "images_mostly_void": sum(
            item.known is not None and 2 * int(item.known[VOID]) > int(item.known.sum()) for item in checked
        ),
        "share_unlabelled": ratio(pixels[UNLABELLED], pixels.sum()),
        "truth_kept_apart": kept_apart(source),
        "sizes": [[height, width, count] for (height, width), count in sizes.most_common(20)],
        "different_sizes": len(sizes),
        "pixel_kinds": pixel_kinds(source, raw),
        "duplicates_across_splits": same,
        "notes": [*source.notes, *notes],
        "problems": [problem._asdict() for problem in problems],
    }


def kept_apart(source: Source) -> bool:
    """Whether given masks and truth are two things."""
    return any(record.truth is not None and record.truth is not record.mask for record in source.records)


def pixel_kinds(source: Source, raw: Path) -> dict[str, dict[str, int]]:
    """How many of the first files are of which kind, as 'PNG, 8-bit grey', for images and for masks."""
    kinds: dict[str, Counter[str]] = {"images": Counter(), "masks": Counter()}
    for record in source.records[:LOOKED_AT]:
        for which, name in (("images", record.file), ("masks", record.mask_file)):
            path = raw / name
            if path.suffix.lower() in PICTURES and path.is_file():
                kinds[which][kind_of(path)] += 1
    return {which: dict(counter.most_common()) for which, counter in kinds.items()}


def kind_of(path: Path) -> str:
    modes = {
        "1": "1-bit", "L": "8-bit grey", "LA": "8-bit grey with alpha", "P": "8-bit palette", "RGB": "8-bit RGB",
        "RGBA": "8-bit RGB with alpha", "I;16": "16-bit grey", "I": "32-bit grey", "F": "float", "CMYK": "8-bit CMYK",
    }  # fmt: skip
    try:
        with Image.open(path) as picture:
            return f"{picture.format}, {modes.get(picture.mode, picture.mode)}"
    except UNREADABLE:
        return f"{path.suffix.lstrip('.').upper()}, unreadable or rare"


def told(seen: dict[str, Any]) -> str:
    """The findings for a terminal."""
    lines = [f"{seen['path']}: format {seen['format']} ({seen['why']})", ""]
    splits = ", ".join(f"{name} {count}" for name, count in seen["splits"].items())
    lines.append(
        f"images    {seen['images']} ({splits}); {seen['with_mask']} with a mask, {seen['with_truth']} with truth"
    )
    sizes = [f"{h} x {w} ({count})" for h, w, count in seen["sizes"]]
    more = f" and {seen['different_sizes'] - 5} other sizes" if seen["different_sizes"] > 5 else ""
    lines.append(f"sizes     rows x columns: {', '.join(sizes[:5])}{more}")
    for which, kinds in seen["pixel_kinds"].items():
        if kinds:
            lines.append(f"{which:<9} {', '.join(f'{kind} ({count})' for kind, count in kinds.items())}")
    width = max((len(entry["name"]) for entry in seen["classes"]), default=0)
    lines.append(f"classes   {len(seen['classes'])}")
    for entry in seen["classes"]:
        share = "    -  " if entry["share"] is None else f"{entry['share']:7.2%}"
        colour = "#{:02x}{:02x}{:02x}".format(*entry["colour"])
        bar = "#" * round(40 * (entry["share"] or 0))
        lines.append(f"  {entry['id']:>3}  {entry['name']:<{width}}  {share}  {colour}  {bar}".rstrip())
    lines.append(f"void      ids {ranges(seen['void_ids'])}: {seen['share_void'] or 0:.2%} of all pixels")
    if seen["share_void"]:
        lines.append(void_line(seen))
    if seen["share_unlabelled"]:
        lines.append(f"open      id {UNLABELLED}, not labelled yet: {seen['share_unlabelled']:.2%} of all pixels")
    lines.append(f"truth     {truth_line(seen)}")
    lines.append(f"twins     {seen['duplicates_across_splits']} images stand in two splits")
    if len(seen["without_mask"]) > 0 and seen["with_mask"]:
        lines.append(
            f"bare      without a mask: {', '.join(seen['without_mask'][:5])}{' ...' if len(seen['without_mask']) > 5 else ''}"
        )
    lines += ["", *(f"- {note}" for note in seen["notes"])]
    return "\n".join(lines)


def void_line(seen: dict[str, Any]) -> str:
    """What void costs: the classes that are rarer than it, and what would open it."""
    labelled_share = 1 - seen["share_void"] - (seen["share_unlabelled"] or 0)
    rarer = [e["name"] for e in seen["classes"] if 0 < (e["share"] or 0) * labelled_share < seen["share_void"]]
    more = f", more than {', '.join(rarer[:5])}{' ...' if len(rarer) > 5 else ''} each" if rarer else ""
    mostly = f"; {seen['images_mostly_void']} images are mostly void" if seen["images_mostly_void"] else ""
    return f"          nothing is learned from it, asked about it or scored there{more}{mostly}; ingest.fill_void: true opens it"


def truth_line(seen: dict[str, Any]) -> str:
    if not seen["with_truth"]:
        return (
            "none: scores against truth need a folder truth/ (laid out as masks/), or planted mistakes (ingest.noise.level); given "
            "masks are never taken for truth"
        )
    return "kept apart from the given masks" if seen["truth_kept_apart"] else "known; the given masks are the truth"


def ranges(ids: list[int]) -> str:
    """1, 2, 3, 7 as '1-3, 7'."""
    parts: list[list[int]] = []
    for value in ids:
        if parts and value == parts[-1][1] + 1:
            parts[-1][1] = value
        else:
            parts.append([value, value])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts) or "none"


def main(arguments: list[str] | None = None) -> int:
    parser = ArgumentParser(
        "python -m tasks.ingest.inspect", description="Say what ingest understands of a folder; nothing is changed."
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="a folder of raw data")
    parser.add_argument("--format", choices=NAMES, help="the format, where the guess is wrong")
    parser.add_argument(
        "--classes",
        default="",
        metavar="A,B,...",
        help="class names in the order of their ids, where no file names them",
    )
    parser.add_argument("--void", default="", metavar="N,N", help="ids that mean void, beside 255")
    parser.add_argument(
        "--recognise", action="store_true", help="print the format and the reason as JSON, nothing else"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument(
        "--tile", type=int, default=0, metavar="N", help="cut larger images into tiles of N pixels a side"
    )
    chosen = parser.parse_args(arguments)
    try:
        raw = chosen.path
        if not raw.is_dir():
            raise ValueError(f"{raw} is not a folder")
        others: tuple[str, ...] = ()
        if chosen.format:
            name, why = chosen.format, "as asked"
        else:
            name, why, _, others = recognise(raw)
        if chosen.recognise:
            print(dumps({"format": name, "why": why, "others": others}))
            return 0
        block = {
            "data": "data",
            "format": {"name": name},
            "classes": [word.strip() for word in chosen.classes.split(",") if word.strip()],
            "void": [word.strip() for word in chosen.void.split(",") if word.strip()],
            "tile": chosen.tile,
            "tile_overlap": min(chosen.tile // 2, 32),
        }
        seen = look(validated(Params, block, "inspect"), raw, why)
        if others:
            seen["notes"].append(f"it could be read as {', '.join(others)} too (--format)")
    except (ValueError, OSError) as trouble:
        if chosen.json:
            print(dumps({"path": str(chosen.path), "problems": [Problem("", "", str(trouble))._asdict()]}, indent=2))
        print(trouble, file=sys.stderr)
        return 2
    problems = [Problem(**problem) for problem in seen["problems"]]
    print(dumps(seen, indent=2) if chosen.json else told(seen))
    if problems:
        print("\n" + report(raw, problems), file=sys.stderr)
        return 2
    if not chosen.json:
        print("\nIngest would accept this folder.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
