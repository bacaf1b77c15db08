"""The history of a label set: one row for every answer applied, in order; the file is <labels>/history.parquet.

A row says in which round, for which query and region, who answered what, which class the pixels had and have, how many
pixels changed, and what it cost. Equal rows give equal bytes.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

SCHEMA = pa.schema(
    [
        ("round", pa.string()),  # the round that applied the answer: r1, r2, ...
        ("query", pa.string()),  # the query's id; a late answer's query is of an earlier round
        ("image", pa.string()),
        ("region", pa.int32()),  # -1 where the answer is to no query of this pipeline
        ("kind", pa.string()),  # confirm, class, class_set, mask, skip
        ("who", pa.string()),
        ("shown", pa.string()),  # class name that was shown; null where the region was unlabelled
        ("answer", pa.string()),  # class name answered; several are joined with |; null for skip
        ("old", pa.string()),  # majority class of the footprint before; null where unlabelled
        ("new", pa.string()),  # and after
        ("pixels", pa.int64()),  # the footprint's size
        ("changed", pa.int64()),  # how many of them got another label
        ("clicks", pa.float64()),
        ("seconds", pa.float64()),
    ]
)


def empty() -> pa.Table:
    """A history without rows."""
    return SCHEMA.empty_table()


def table(rows: list[dict]) -> pa.Table:
    """Rows with the columns of SCHEMA as a history."""
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def join(before: pa.Table, after: pa.Table) -> pa.Table:
    """Two histories, one after the other."""
    return pa.concat_tables([before, after]).combine_chunks()


def read(folder: Path) -> pa.Table:
    """The history of a label set; raises ValueError where the folder holds none."""
    path = folder / "history.parquet"
    if not path.is_file():
        raise ValueError(f"{path} is missing: {folder} is not a label set that pseudo_label or correct wrote")
    return parquet.ParquetFile(path).read().cast(SCHEMA)  # read_table loads pandas, a second in every stage


def write(folder: Path, rows: pa.Table) -> None:
    """Write a label set's history."""
    folder.mkdir(parents=True, exist_ok=True)
    parquet.write_table(rows.cast(SCHEMA), folder / "history.parquet")
