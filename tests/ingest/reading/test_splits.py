"""Splits by hash, by blocks, by CSV."""

from functools import partial

import numpy as np
import pytest

from tasks.ingest.reading.source import Record
from tasks.ingest.reading.splits import Splits, by_blocks, by_hash, from_csv, natural, val_as
from tests.toys import picture


def record(name: str, split: str | None = None) -> Record:
    return Record(name, split, partial(picture, 0), file=f"images/{name}.png")


def test_hash_splits_keep_their_shares_and_do_not_move():
    names = [f"img_{k}" for k in range(3000)]
    splits = [by_hash(name, (0.6, 0.2, 0.2)) for name in names]
    shares = [splits.count(s) / 3000 for s in ("train", "val", "test")]
    assert np.abs(np.array(shares) - (0.6, 0.2, 0.2)).max() < 0.03
    assert by_hash("img_0", (1.0, 0.0, 0.0)) == "train" and by_hash("img_0", (0.0, 0.0, 1.0)) == "test"


def test_blocks_stay_together():
    assert by_blocks(13, 2, (0.5, 0.25, 0.25)) == (
        ["train"] * 2 + ["test"] * 2 + ["val"] * 2 + ["train"] * 4 + ["test"] * 2 + ["val"]
    )
    assert by_blocks(5, 10, (0.6, 0.2, 0.2)) == ["train"] * 5


def test_names_are_ordered_as_people_count():
    assert sorted(["s10", "s9", "s1a"], key=natural) == ["s1a", "s9", "s10"]


def test_csv_names_splits_and_says_what_does_not_fit(tmp_path):
    path = tmp_path / "splits.csv"
    path.write_text("id,split,site\na,training,x\nb.png,val,y\nc,later,x\nz,test,x\na,test,x\n")
    records, problems = from_csv(path, [record(name) for name in "abcd"])
    assert [r.split for r in records] == ["train", "val", "train", "train"]
    text = "\n".join(problem.reason for problem in problems)
    for words in (
        "line 4: split 'later'",
        "line 5: there is no image z",
        "line 6: a is in train and in test",
        "not in splits.csv",
    ):
        assert words in text
    assert len(problems) == 4
    path.write_text("name,split\na,train\n")
    with pytest.raises(ValueError, match="no column 'id'; its columns are: name, split"):
        from_csv(path, [])


def test_official_val_becomes_test_only_where_there_is_no_test():
    known = [record("a", "train"), record("b", "val")]
    assert [r.split for r in val_as(known, "test")[0]] == ["train", "test"]
    assert [r.split for r in val_as(known, "val")[0]] == ["train", "val"]
    assert val_as([*known, record("c", "test")], "test")[1] == []


def test_shares_add_up():
    with pytest.raises(ValueError, match=r"add up to 1\.1"):
        Splits(shares=(0.6, 0.3, 0.2))
