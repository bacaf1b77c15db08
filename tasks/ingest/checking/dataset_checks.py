"""The door: everything that is wrong with a data set is told in one report, or set aside in a list."""

from pathlib import Path

import numpy as np

from segmend.images.dataset import SPLITS
from segmend.images.rasters import VOID
from tasks.ingest.checking.image_checks import Facts
from tasks.ingest.reading.source import Problem, Record, Source

LINES = 50  # of a report
KEPT_FIRST = ("test", "val", "train")  # of equal images in two splits, the copy that is kept


def judge(source: Source, facts: list[Facts]) -> tuple[list[Problem], list[str]]:
    """Everything that is wrong, and what only deserves a sentence."""
    copies, within = duplicates(source.records, facts)
    problems = [*source.problems, *collisions(source.records), *copies, *whole_set(source, facts)]
    problems += [problem for fact in facts for problem in fact.problems]
    notes = [f"warning: the split {s} has no images" for s in SPLITS[1:] if all(r.split != s for r in source.records)]
    if within:
        notes.append(f"warning: {within} images are copies of another one in their split")
    bare = sum(record.mask is None and not record.annotations for record in source.records)
    if bare:
        notes.append(f"{bare} of {len(facts)} images have no mask")
    return problems, notes


def sieve(
    raw: Path, source: Source, facts: list[Facts], problems: list[Problem], keep_going: bool
) -> tuple[Source, list[Facts], list[Problem]]:
    """Stop with a report of all problems, or go on without the images that have one."""
    stopping = [problem for problem in problems if not (problem.id or problem.file)] if keep_going else problems
    if stopping:
        raise ValueError(report(raw, stopping))
    bad = {problem.id for problem in problems}
    pairs = [(r, f) for r, f in zip(source.records, facts, strict=True) if r.id not in bad]
    if bad and not any(record.split == "train" for record, _ in pairs):
        raise ValueError(report(raw, [*problems, Problem("", "", "without these images the split train is empty")]))
    return source._replace(records=[r for r, _ in pairs]), [f for _, f in pairs], problems


def duplicates(records: list[Record], facts: list[Facts]) -> tuple[list[Problem], int]:
    """Equal images in two splits as problems of all copies but one, and how many copies stay within their split.

    Images of one single colour are not compared: empty frames are equal without being the same picture.
    """
    groups: dict[str, list[Record]] = {}
    for record, fact in zip(records, facts, strict=True):
        if not fact.plain and fact.height:
            groups.setdefault(fact.digest, []).append(record)
    problems, within = [], 0
    for group in groups.values():
        ranked = sorted(group, key=lambda record: (KEPT_FIRST.index(str(record.split)), record.id))
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


def collisions(records: list[Record]) -> list[Problem]:
    """Ids that two images share, also where file names do not tell capitals apart."""
    seen: dict[str, Record] = {}
    problems = []
    for record in records:
        other = seen.setdefault(record.id.casefold(), record)
        if other is not record:
            reason = f"its id '{record.id}' is also that of {other.file} ('{other.id}'): rename one of them"
            problems.append(Problem(record.id, record.file, reason))
    return problems


def whole_set(source: Source, facts: list[Facts]) -> list[Problem]:
    """What can only be seen over all images."""
    problems = []
    splits = [record.split for record in source.records]
    if "train" not in splits:
        reason = "no image is in the split train: say which are, in splits.csv (columns id, split) or by ingest.splits"
        problems.append(Problem("", "", reason))
    total = sum((fact.mask for fact in facts if fact.mask is not None), np.zeros(256, np.int64))
    if len(source.classes) == 2 and total[1] == 0 and total[VOID] and 255 in source.ids:
        reason = (
            f"the masks hold 0 and 255 and never 1: 255 is void here, so class '{source.classes[1]}' would be empty; for "
            "black-and-white masks choose the format kvasir, which takes white as the second class"
        )
        problems.append(Problem("", "", reason))
    return problems


def report(where: object, problems: list[Problem]) -> str:
    """All problems as one text: a head, at most 50 lines, and how many more there are."""
    count = len(problems)
    lines = [f"{where}: {count} problem{'s' if count > 1 else ''}"]
    lines += [f"  {p.file or p.id or 'the whole set'}: {p.reason}" for p in problems[:LINES]]
    if count > LINES:
        lines.append(f"  ... and {count - LINES} more")
    if any(p.id for p in problems):
        lines.append("  To set bad images aside and go on: ingest.keep_going: true (they are listed in quarantine.csv)")
    return "\n".join(lines)
