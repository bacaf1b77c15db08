"""The history table: its columns, joining, equal bytes."""

import pyarrow.parquet as parquet
import pytest

from segmend.answers import history

ROW = {
    "round": "r1", "query": "r1-00001", "image": "a/0", "region": 3, "kind": "class", "who": "ada", "shown": "leaf",
    "predicted": None, "answer": "stone", "old": "leaf", "new": "stone", "pixels": 12, "changed": 9, "clicks": 1.0, "seconds": 12.1,
    "expected": 7.5, "confidence": 0.75, "chance": None, "identity": "0f",
}  # fmt: skip


def test_rows_come_back(tmp_path):
    rows = history.join(history.empty(), history.table([ROW, ROW | {"shown": None, "answer": None, "kind": "skip"}]))
    history.write(tmp_path, rows)
    found = history.read(tmp_path)
    assert found.schema == history.SCHEMA and found.to_pylist()[0] == ROW and found.to_pylist()[1]["shown"] is None


def test_a_history_of_an_older_version_is_read(tmp_path):
    old = history.table([ROW]).drop_columns(["identity"])
    tmp_path.joinpath("old").mkdir()
    parquet.write_table(old, tmp_path / "old/history.parquet")
    assert history.read(tmp_path / "old").to_pylist() == [ROW | {"identity": None}]


def test_equal_rows_give_equal_bytes_however_joined(tmp_path):
    history.write(tmp_path / "a", history.table([ROW, ROW, ROW]))
    history.write(tmp_path / "b", history.join(history.table([ROW]), history.table([ROW, ROW])))
    assert (tmp_path / "a/history.parquet").read_bytes() == (tmp_path / "b/history.parquet").read_bytes()


def test_an_empty_history_has_all_columns(tmp_path):
    history.write(tmp_path, history.empty())
    assert history.read(tmp_path).num_rows == 0 and history.read(tmp_path).schema == history.SCHEMA


def test_a_history_without_the_newest_columns_is_read(tmp_path):
    old = history.table([ROW]).drop_columns(["confidence", "chance"])
    parquet.write_table(old, tmp_path / "history.parquet")
    assert history.read(tmp_path).to_pylist() == [ROW | {"confidence": None}]


def test_a_folder_without_history_is_named(tmp_path):
    with pytest.raises(ValueError, match="history.parquet is missing"):
        history.read(tmp_path)


def test_answers_are_all_rows_but_the_automatic_ones():
    rows = history.table([ROW, ROW | {"kind": history.AUTO, "query": "", "region": -1}, ROW | {"kind": "skip"}])
    assert [row["kind"] for row in history.answers(rows).to_pylist()] == ["class", "skip"]
    assert history.answers(history.empty()).num_rows == 0
