"""Validation at ingest, the same for every format: everything that is wrong with a data set is one report, or set aside in a list."""

from pathlib import Path
from re import sub

import numpy as np

from segmend.images.dataset import SPLITS
from segmend.images.rasters import UNLABELLED, VOID
from tasks.ingest.checking.identifiers import check_identifiers
from tasks.ingest.checking.image_checks import CheckedRecord, class_pixels
from tasks.ingest.checking.unused_files import unused_files
from tasks.ingest.reading.source import Problem, Source

EXAMPLES = 3  # of problems of one kind
KEPT_FIRST = ("test", "val", "train")  # of equal images in two splits, the copy that is kept


def judge(raw: Path, source: Source, checked: list[CheckedRecord]) -> tuple[list[Problem], list[str]]:
    """Everything that is wrong, and what only deserves a sentence. `raw` is the folder of the user."""
    copies, within = duplicates(checked)
    left, strange = unused_files(raw, source)
    problems = [*source.problems, *check_identifiers(source.records), *copies, *strange]
    problems += [problem for item in checked for problem in item.problems]
    problems += whole_set(source, checked, bool(problems))
    notes = [f"warning: the split {s} has no images" for s in SPLITS[1:] if all(r.split != s for r in source.records)]
    if within:
        notes.append(f"warning: {within} images are copies of another one in their split")
    bare = sum(not item.labelled for item in checked)
    if bare:
        notes.append(f"{bare} of {len(checked)} images have no mask")
    notes += turned_images(checked)
    pixels = class_pixels(checked)
    absent = [name for k, name in enumerate(source.classes) if not pixels[k]]
    if absent and pixels.any():
        notes.append(f"warning: no pixel is of the class {', '.join(absent)}")
    read, drawn, covered = (sum(item.objects[k] for item in checked) for k in range(3))
    if read:
        under = f", {covered} of them wholly under other objects" if covered else ""
        notes.append(f"annotations: {read} read, {drawn} drawn{under}, {read - drawn} without a pixel")
    return problems, [*notes, *left]


def turned_images(checked: list[CheckedRecord]) -> list[str]:
    """How many images EXIF turns, and on which pixels their masks were drawn."""
    counts = {
        what: sum(what in item.noticed for item in checked)
        for what in ("image turned", "mask drawn on stored", "mask drawn on upright")
    }
    if not counts["image turned"]:
        return []
    sides = [
        f"{count} {what.removeprefix('mask ')} pixels"
        for what, count in counts.items()
        if what != "image turned" and count
    ]
    masks = f"; masks without a tag: {', '.join(sides)}" if sides else ""
    return [f"EXIF turns {counts['image turned']} of {len(checked)} images{masks}"]


def sieve(
    raw: Path, source: Source, checked: list[CheckedRecord], problems: list[Problem], keep_going: bool
) -> tuple[list[CheckedRecord], list[Problem]]:
    """Stop with a report of all problems, or go on without the images that have one."""
    stopping = [problem for problem in problems if not (problem.id or problem.file)] if keep_going else problems
    if stopping:
        raise ValueError(report(raw, stopping))
    bad = {problem.id for problem in problems}
    kept = [item for item in checked if item.record.id not in bad]
    if bad:
        remaining = whole_set(source, kept, bool(sum(item.labelled for item in kept) == 0))
        if remaining:
            head = Problem(
                "", "", f"{len(checked) - len(kept)} images are set aside, and of the rest: {remaining[0].reason}"
            )
            raise ValueError(report(raw, [*problems, head]))
    return kept, problems


def duplicates(checked: list[CheckedRecord]) -> tuple[list[Problem], int]:
    """Equal images in two splits as problems of all copies but one, and how many copies stay within their split.

    Images of one single colour are not compared: empty frames are equal without being the same picture.
    """
    groups: dict[str, list[CheckedRecord]] = {}
    for item in checked:
        if not item.plain and item.height:
            groups.setdefault(item.digest, []).append(item)
    problems, within = [], 0
    for group in groups.values():
        ranked = sorted((item.record for item in group), key=lambda r: (KEPT_FIRST.index(str(r.split)), r.id))
        kept = ranked[0]
        for record in ranked[1:]:
            if record.split == kept.split:
                within += 1
                continue
            reason = (
                f"the same image as {kept.file or kept.id} of the split {kept.split} stands in {record.split}: scores would "
                "flatter; remove one of them"
            )
            problems.append(Problem(record.id, record.file, reason))
    return problems, within


def whole_set(source: Source, checked: list[CheckedRecord], troubled: bool) -> list[Problem]:
    """What can only be seen over all images. `troubled`: single files have problems, which may be why labels are missing."""
    problems = []
    if all(item.record.split != "train" for item in checked):
        reason = "no image is in the split train: say which are, in splits.csv (columns id, split) or by ingest.splits"
        problems.append(Problem("", "", reason))
    given = sum((item.mask for item in checked if item.mask is not None), np.zeros(256, np.int64))
    black_and_white = len(source.classes) == 2 and given[0] and given[1] == 0 and given[VOID] and 255 in source.ids
    if black_and_white:
        reason = (
            f"the masks hold 0 and 255 and never 1: 255 is void here, so class '{source.classes[1]}' would be empty; for "
            "black-and-white masks choose the format kvasir, which takes white as the second class"
        )
        problems.append(Problem("", "", reason))
    total = given + sum((item.truth for item in checked if item.truth is not None), np.zeros(256, np.int64))
    present = np.flatnonzero(total[:UNLABELLED])
    open_pixels = total[UNLABELLED] and len(present)  # people will label them
    if total.any() and not troubled and not black_and_white and len(present) < 2 and not open_pixels:
        problems.append(Problem("", "", too_few_classes(source, total, present)))
    return problems


def too_few_classes(source: Source, total: np.ndarray, present: np.ndarray) -> str:
    """Why masks without two classes are refused, in terms of what they hold."""
    if len(present):
        what = f"every labelled pixel of the masks is of the class '{source.classes[int(present[0])]}'"
    elif total[VOID] >= total[UNLABELLED]:
        what = "every pixel of the masks is void"
    else:
        what = "no pixel of the masks is labelled (all are 254)"
    ids = [value for value, label in sorted(source.ids.items()) if label < UNLABELLED]
    known = (
        f"{ids[0]} to {ids[-1]}" if ids and ids == list(range(ids[0], ids[-1] + 1)) else ", ".join(map(str, ids[:20]))
    )
    return (
        f"{what}, and at least two classes are needed: the ids with a class are {known}; check that the masks hold these ids, "
        "that the format is the right one, and that the classes are named with the ids of the files (classes.json)"
    )


def report(where: object, problems: list[Problem]) -> str:
    """All problems as one text, grouped by kind: a head, three examples a kind, and how many more there are."""
    count = len(problems)
    groups: dict[str, list[Problem]] = {}
    for problem in problems:
        groups.setdefault(kind_of(problem), []).append(problem)
    lines = [f"{where}: {count} problem{'s' if count > 1 else ''}"]
    for group in groups.values():
        lines += [f"  {p.file or p.id or 'the whole set'}: {p.reason}" for p in group[:EXAMPLES]]
        if len(group) > EXAMPLES:
            lines.append(f"  ... and {len(group) - EXAMPLES} more of this kind")
    if any(p.id for p in problems):
        lines.append("  To set bad images aside and go on: ingest.keep_going: true (they are listed in quarantine.csv)")
    return "\n".join(lines)


def kind_of(problem: Problem) -> str:
    """The sentence without what differs from file to file: numbers, quoted names, file names."""
    text = sub(r"'[^']*'|\S*[/\\.]\S*\w|-?\d[\d.]*", "#", problem.reason)
    return sub(r"#([ ,x-]+(and |to )?#)+", "#", text)
