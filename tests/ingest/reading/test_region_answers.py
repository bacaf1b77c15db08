"""Answers about regions as annotators' masks: painted, beside masks of other annotators, and what is wrong with a table."""

import numpy as np
import pytest

from segmend.images.dataset import Dataset
from segmend.images.rasters import UNLABELLED, VOID
from tests.ingest.runs import run, settings, source_of
from tests.toys import raw_folders, save, stripes

HEAD = "image,region,annotator,label\n"


def asked(raw, rows: str, regions: np.ndarray):
    """A data set of five images without masks, one of which has regions, and answers about them."""
    raw_folders(raw)
    for path in (raw / "masks").glob("*.png"):
        path.unlink()
    save(regions, raw / "regions/train_0.png")
    (raw / "answers.csv").write_text(rows)
    return raw


def wide(values: tuple[int, ...]) -> np.ndarray:
    columns = np.arange(32) * len(values) // 32
    return np.broadcast_to(np.array(values, np.uint16)[columns], (24, 32)).copy()


def test_answers_become_masks_and_what_was_not_asked_is_not_labelled_yet(tmp_path):
    rows = "train_0,0,ann,road\ntrain_0,1,ann,void\ntrain_0,1,bob,tree\ntrain_0,300,bob,\n"
    raw = asked(tmp_path / "raw", HEAD + rows, wide((0, 1, 300)))
    run(settings("folders"), raw, tmp_path)
    data = Dataset(tmp_path / "dataset")
    assert data.card.annotators == ("ann", "bob") and not data.has_annotation("train_1", "ann")
    here = wide((0, 1, 2)).astype(np.uint8)
    assert (data.annotation("train_0", "ann") == np.array([2, VOID, UNLABELLED], np.uint8)[here]).all()
    assert (data.annotation("train_0", "bob") == np.array([UNLABELLED, 1, UNLABELLED], np.uint8)[here]).all()


def test_classes_with_numbers_of_their_own(tmp_path):
    raw = asked(tmp_path / "raw", HEAD + "train_0,1,ann,road\n", wide((0, 1, 2)))
    (raw / "classes.json").write_text('{"classes": {"7": "sky", "9": "tree", "40": "road"}}')
    run(settings("folders"), raw, tmp_path)
    assert np.unique(Dataset(tmp_path / "dataset").annotation("train_0", "ann")).tolist() == [2, UNLABELLED]


def test_beside_masks_of_others(tmp_path):
    raw = asked(tmp_path / "raw", HEAD + "train_0,0,bob,sky\n", wide((0, 1)))
    save(stripes(), raw / "masks/zoe/train_0.png")
    save(stripes(), raw / "masks/ann/train_0.png")
    record = source_of(settings("folders"), raw).records[1]
    assert [one.annotator for one in record.annotations] == ["ann", "bob", "zoe"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("image,region,who,label\n", r"has no column 'annotator'"),
        (HEAD, r"has no rows: add answers"),
        (HEAD + "train_0,first,ann,sky\n", r"line 2: 'first' is no number of a region"),
        (HEAD + "train_0,1,ann,sea\n", r"line 2: 'sea' is no class: sky, tree, road, void"),
        (HEAD + "train_0,1,a/b,sky\n", r"line 2: 'a/b' is no name of an annotator"),
        (HEAD + "train_0,1,ann,sky\n" * 2, r"line 3: a second answer of ann about region 1 of 'train_0'"),
    ],
)
def test_a_bad_table(tmp_path, rows, words):
    with pytest.raises(ValueError, match=words):
        source_of(settings("folders"), asked(tmp_path / "raw", rows, wide((0, 1))))


def test_problems_name_the_table(tmp_path):
    rows = "train_0,5,ann,sky\ntrain_1,0,ann,sky\nnone,0,ann,sky\n"
    with pytest.raises(ValueError) as told:
        run(settings("folders"), asked(tmp_path / "raw", HEAD + rows, wide((0, 1))), tmp_path)
    for words in (
        "answers.csv: it names region 5, and regions/train_0.png has 2 regions from 0 to 1",
        "answers.csv: 'train_1' has no map of its regions: add regions/train_1.png",
        "answers.csv: it names the image 'none', which is not there",
    ):
        assert words in str(told.value)


def test_not_beside_masks_of_nobody_and_not_twice(tmp_path):
    raw = asked(tmp_path / "raw", HEAD + "train_0,0,ann,sky\n", wide((0, 1)))
    save(stripes(), raw / "masks/ann/train_0.png")
    with pytest.raises(ValueError, match=r"line 2: ann has a mask of 'train_0' too"):
        source_of(settings("folders"), raw)
    save(stripes(), raw / "masks/train_1.png")
    with pytest.raises(ValueError, match=r"stands beside masks that are nobody's in particular"):
        source_of(settings("folders", fields={"annotators": []}), raw)
