"""The history of a label set: one row for every answer applied, in order; the file is <labels>/history.parquet.

A row says in which round, for which query and region, who answered what, which class the pixels had and have, how many
pixels changed, and what it cost. Equal rows give equal bytes.

Rows of kind AUTO come last: what an expansion changed beyond the answers, one row per image and pair of classes. They
are no answers: they cost nothing and have no query. They say how the label set is now and are made anew each round.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.parquet as parquet

AUTO = "auto"
SCHEMA = pa.schema(
    [
        ("round", pa.string()),  # the round that applied the answer: r1, r2, ...
        ("query", pa.string()),  # the query's id; a late answer's query is of an earlier round; "" in automatic rows
        ("image", pa.string()),
        ("region", pa.int32()),  # -1 where the answer is to no query of this pipeline
        ("kind", pa.string()),  # confirm, class, class_set, mask, skip; auto
        ("who", pa.string()),  # of automatic rows: the expansion's name
        ("shown", pa.string()),  # class name that was shown; null where the region was unlabelled
        ("predicted", pa.string()),  # class name that the network of that round said; null where nobody knows
        ("answer", pa.string()),  # class name answered; several are joined with |; null for skip
        ("old", pa.string()),  # majority class of the footprint in the round before; null where unlabelled
        ("new", pa.string()),  # and after the answer
        ("pixels", pa.int64()),  # the footprint's size
        ("changed", pa.int64()),  # how many have another label than in the round before, automatic or not
        ("clicks", pa.float64()),
        ("seconds", pa.float64()),
        ("expected", pa.float64()),  # pixels the query was expected to put right; null where nobody said
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


def answers(rows: pa.Table) -> pa.Table:
    """The rows that are answers, without what was changed automatically."""
    return rows.filter(compute.not_equal(rows["kind"], AUTO)).combine_chunks()


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
