"""Images that an export lists without any annotation: their files do not tell "nothing is on it" from "nobody looked at it"."""

from typing import Literal

from tasks.ingest.reading.source import Problem, Record

Unannotated = Literal["background", "no_mask", "refuse"]
DESCRIPTION = (
    "what a listed image without any annotation is. background: it was looked at and nothing is on it; no_mask: nobody labelled it "
    "yet, people may be asked; refuse: a mistake of the export"
)


def settled(
    records: list[Record], bare: set[str], kind: Unannotated, ground: str, setting: str
) -> tuple[list[Record], list[Problem], list[str]]:
    """The records, problems and notes for images whose ids are in `bare`. `ground` names what uncovered pixels are."""
    if not bare:
        return records, [], []
    without = [record for record in records if record.id in bare]
    names = ", ".join(record.file for record in without[:3]) + (" ..." if len(without) > 3 else "")
    head = f"{len(without)} of {len(records)} images have no annotation ({names})"
    if kind == "refuse":
        reason = f"it has no annotation: annotate or remove it, or set {setting} to background or no_mask"
        return records, [Problem(record.id, record.file, reason) for record in without], []
    if kind == "no_mask":
        opened = [record._replace(mask=None, mask_file="") if record.id in bare else record for record in records]
        return opened, [], [f"{head}: they count as not labelled yet ({setting}: no_mask)"]
    note = f"warning: {head}: all their pixels are {ground}; where nobody labelled them yet, set {setting}: no_mask"
    return records, [], [note]
