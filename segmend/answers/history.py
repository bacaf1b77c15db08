"""The history of a label set: one row for every answer applied, in order; the file is <labels>/history.parquet.

A row says in which round, for which query and region, who answered what, which class the pixels had and have, how many
pixels changed, and what it cost. Equal rows give equal bytes.

Rows of kind AUTO come last: what an expansion changed beyond the answers, one row per image and pair of classes. They
are no answers: they cost nothing and have no query. They describe the current label set and are made anew each round.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.parquet as parquet

from segmend.answers.answers import Answer, Query

AUTO = "auto"
SCHEMA = pa.schema(
    [
        ("round", pa.string()),  # the round that applied the answer: r1, r2, ...
        ("query", pa.string()),  # the query's id; a late answer's query is of an earlier round; "" in automatic rows
        ("image", pa.string()),
        ("region", pa.int32()),  # -1 where the answer is to no query of this pipeline
        ("kind", pa.string()),  # confirm, class, class_set, mask, skip, revert; auto
        ("who", pa.string()),  # of automatic rows: the expansion's name
        ("shown", pa.string()),  # class name that was shown; null where the region was unlabelled
        ("predicted", pa.string()),  # class name that the network of that round predicted; null where it is not known
        ("answer", pa.string()),  # class name answered; several are joined with |; null for skip
        ("old", pa.string()),  # majority class of the footprint in the round before; null where unlabelled
        ("new", pa.string()),  # and after the answer
        ("pixels", pa.int64()),  # the footprint's size
        ("changed", pa.int64()),  # how many have another label than in the round before, automatic or not
        ("clicks", pa.float64()),
        ("seconds", pa.float64()),
        ("expected", pa.float64()),  # pixels the query was expected to put right; null where there is no forecast
        ("confidence", pa.float64()),  # the network's mean probability of `predicted`; null where it is not known
        ("chance", pa.float64()),  # the probability with which chance asked it; null where an acquisition chose it
        ("identity", pa.string()),  # equal for answers about the same pixels of the same image; null in automatic rows
    ]
)


def answer_row(
    round: str, answer: Answer, query: Query | None, old: str | None, new: str | None, pixels: int, changed: int
) -> dict[str, Any]:
    """The row of an answer; `query` is this round's question that it answers, None for a late answer."""
    return {
        "round": round,
        "query": answer.query,
        "image": answer.image,
        "region": query.region if query else -1,
        "kind": answer.kind,
        "who": answer.who,
        "shown": query.shown if query else old,
        "predicted": query.predicted if query else None,
        "answer": "|".join(answer.classes) or None,
        "old": old,
        "new": new,
        "pixels": pixels,
        "changed": changed,
        "clicks": answer.clicks,
        "seconds": answer.seconds,
        "expected": query.expected if query else None,
        "confidence": query.confidence if query else None,
        "chance": query.chance if query else None,
        "identity": answer.identity,
    }


def automatic_row(round: str, image: str, method: str, old: str | None, new: str | None, pixels: int) -> dict[str, Any]:
    """The row of the pixels of one image that an expansion moved from class `old` to class `new`."""
    row = dict.fromkeys(SCHEMA.names) | {"round": round, "query": "", "image": image, "region": -1, "kind": AUTO}
    return row | {
        "who": method,
        "old": old,
        "new": new,
        "pixels": pixels,
        "changed": pixels,
        "clicks": 0.0,
        "seconds": 0.0,
    }


def empty() -> pa.Table:
    """A history without rows."""
    return SCHEMA.empty_table()


def table(rows: list[dict]) -> pa.Table:
    """Rows with the columns of SCHEMA as a history."""
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def join(*tables: pa.Table) -> pa.Table:
    """Histories, one after the other."""
    return pa.concat_tables([empty(), *tables]).combine_chunks()


def answers(rows: pa.Table) -> pa.Table:
    """The rows that are answers, without what was changed automatically."""
    return rows.filter(compute.not_equal(rows["kind"], AUTO)).combine_chunks()


def read(folder: Path) -> pa.Table:
    """The history of a label set; raises ValueError where the folder holds none."""
    path = folder / "history.parquet"
    if not path.is_file():
        raise ValueError(f"{path} is missing: {folder} is not a label set that pseudo_label or correct wrote")
    rows = parquet.ParquetFile(path).read()  # read_table loads pandas, a second in every stage
    for field in SCHEMA:
        if field.name not in rows.column_names:  # written by an older version
            rows = rows.append_column(field, pa.nulls(len(rows), field.type))
    return rows.select(SCHEMA.names).cast(SCHEMA)


def write(folder: Path, rows: pa.Table) -> None:
    """Write a label set's history."""
    folder.mkdir(parents=True, exist_ok=True)
    parquet.write_table(rows.cast(SCHEMA), folder / "history.parquet")
