"""What the rounds changed, one row for each answer and each automatic change: Parquet for programs, CSV for people."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet

from segmend.answers import history
from segmend.answers.answers import read

COLUMNS = ("round", "image", "region", "kind", "who", "old", "new", "pixels", "changed", "query")


def change_list(labels: Path) -> pa.Table:
    """The rows of the label set's history that say what pixels had and have, with the time of the answer where one is known."""
    rows = history.read(labels)
    path = labels / "answers.jsonl"
    times = {(answer.query, answer.who): answer.when for answer in read(path)} if path.is_file() else {}
    asked = zip(rows["query"].to_pylist(), rows["who"].to_pylist(), strict=True)
    when = pa.array([times.get(key) for key in asked], pa.string())
    return rows.select(COLUMNS).append_column("when", when)


def write(folder: Path, rows: pa.Table) -> None:
    """changes.parquet and changes.csv in `folder`."""
    parquet.write_table(rows, folder / "changes.parquet")
    csv.write_csv(rows, folder / "changes.csv")
