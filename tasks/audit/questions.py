"""Findings as questions for the page where people answer: `segmend annotate --questions DIR`.

Only people change labels: a finding becomes a label by their answer, which goes into an answers file like any other. Questions are
about train images alone, as those of a round are; findings in other images stay in the list.
"""

from json import dumps
from pathlib import Path

from segmend.answers.answers import Query, write_queries
from segmend.images.dataset import Dataset
from tasks.audit.tables import Result


def write_questions(folder: Path, labels: str, result: Result, dataset: Dataset, number: int) -> str:
    """queries.jsonl with the first `number` findings in train images, and about.json; returns a sentence that says what was written."""
    train = [row for row in result.findings if row.split == "train"]
    names, queries = dataset.classes, []
    for rank, row in enumerate(train[:number]):
        queries.append(
            Query(
                query=f"audit-{rank + 1:05d}", image=row.image, region=row.number, rank=rank, kind="correction",
                shown=names[row.label], predicted=names[row.proposed], footprint=result.shapes[row.image, row.number], area=row.area,
                row=row.row, column=row.column, utility=row.score, expected=max(0.0, row.gain),
                image_sha256=result.hashes[row.image] or None,
            )
        )  # fmt: skip
    write_queries(folder, queries)
    (folder / "about.json").write_text(dumps({"labels": labels}) + "\n", encoding="utf-8")
    others = len(result.findings) - len(train)
    rest = f"; {others:,} findings in val and test images stay in the list alone" if others else ""
    return f"{len(queries)} questions in {folder}{rest}"
