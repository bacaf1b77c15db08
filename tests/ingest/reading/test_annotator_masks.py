"""Several masks an image: found in folders, named, listed; written, counted; what is wrong is told."""

import numpy as np
import pytest

from segmend.images.dataset import Dataset
from tests.ingest.runs import run, settings, source_of
from tests.toys import picture, raw_folders, save, stripes


def several(raw, names=("anna", "ben", "gold")):
    """Every image by the first annotator, by the others only those of train."""
    raw_folders(raw)
    for path in sorted((raw / "masks").glob("*.png")):
        path.unlink()
        for name in names:
            if name == names[0] or path.stem.startswith("train"):
                save(stripes(values=(0, 1, 2) if name == names[0] else (1, 1, 2)), raw / "masks" / name / path.name)
    return raw


def test_folders_are_found(tmp_path):
    raw = several(tmp_path / "raw")
    numbers = run(settings("folders"), raw, tmp_path)
    data = Dataset(tmp_path / "dataset")
    assert (
        data.card.annotators == ("anna", "ben", "gold") and numbers["annotators"] == 3 and numbers["annotations"] == 11
    )
    assert (data.annotation("train_0", "anna") == stripes()).all()
    assert data.has_annotation("val_3", "anna") and not data.has_annotation("val_3", "ben")
    assert not data.has_mask("train_0") and numbers["images_with_mask"] == 5
    assert numbers["share.sky"] == pytest.approx(5 * 11 / 32 / 11, abs=0.01)


def test_one_mask_an_image_stays_as_it_was(tmp_path):
    run(settings("folders"), raw_folders(tmp_path / "raw"), tmp_path)
    assert Dataset(tmp_path / "dataset").card.annotators == ()
    assert "annotators" not in (tmp_path / "dataset/dataset.json").read_text()


def test_folders_that_are_parts_of_ids_are_no_annotators(tmp_path):
    for city in ("bonn", "ulm"):
        save(picture(len(city)), tmp_path / f"images/{city}/0.png")
        save(stripes(), tmp_path / f"masks/{city}/0.png")
    source = source_of(settings("folders", classes=["a", "b", "c"]), tmp_path)
    assert source.annotators == () and all(record.mask for record in source.records)


def test_split_folders_and_named_annotators(tmp_path):
    for k, split in enumerate(("train", "val")):
        save(picture(k), tmp_path / f"{split}/images/{k}.png")
        for name in ("x", "y"):
            save(stripes(), tmp_path / f"{split}/masks/{name}/{k}.png")
    chosen = settings("folders", classes=["a", "b", "c"], fields={"annotators": ["x", "y"]})
    source = source_of(chosen, tmp_path)
    assert source.annotators == ("x", "y") and [len(r.annotations) for r in source.records] == [2, 2]
    with pytest.raises(ValueError, match=r"holds no masks of the annotator 'z'"):
        source_of(settings("folders", classes=["a", "b", "c"], fields={"annotators": ["x", "y", "z"]}), tmp_path)
    with pytest.raises(ValueError, match=r"train/masks/y/0.png belongs to none of the annotators x"):
        source_of(settings("folders", classes=["a", "b", "c"], fields={"annotators": ["x"]}), tmp_path)


def test_a_list(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    save(stripes(values=(2, 1, 0)), raw / "more/one.png")
    (raw / "annotators.csv").write_text(
        "image,annotator,file\ntrain_0,ann,masks/train_0.png\ntrain_0,bob,more/one.png\n"
    )
    source = source_of(settings("folders"), raw)
    assert [one.annotator for one in source.records[1].annotations] == ["ann", "bob"] and source.records[1].mask is None
    assert (source.records[1].annotations[1].mask() == stripes(values=(2, 1, 0))).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image,who,file\n", r"has no column 'annotator'"),
        ("image,annotator,file\ntrain_0,a,no.png\n", r"line 2: the file no.png is not there"),
        ("image,annotator,file\ntrain_0,a/b,masks/train_0.png\n", r"line 2: 'a/b' is no name of an annotator"),
        ("image,annotator,file\n" + "train_0,a,masks/train_0.png\n" * 2, r"line 3: a second mask of 'train_0' by a"),
        ("image,annotator,file\n", r"lists no masks"),
    ],
)
def test_a_bad_list(tmp_path, text, words):
    raw = raw_folders(tmp_path / "raw")
    (raw / "annotators.csv").write_text(text)
    with pytest.raises(ValueError, match=words):
        source_of(settings("folders"), raw)


def test_problems_name_the_annotators_file(tmp_path):
    raw = several(tmp_path / "raw")
    save(np.full((24, 32), 9, np.uint8), raw / "masks/ben/train_1.png")
    save(stripes(size=(5, 5)), raw / "masks/anna/val_3.png")
    save(stripes(), raw / "masks/ben/stranger.png")
    with pytest.raises(ValueError) as told:
        run(settings("folders"), raw, tmp_path)
    for words in (
        "masks/ben/train_1.png: undeclared id 9 (768 pixels)",
        "masks/anna/val_3.png: it is 5 x 5 pixels",
        "masks/ben/stranger.png: it has no image",
    ):
        assert words in str(told.value)


def test_no_mistakes_are_planted_among_annotators(tmp_path):
    with pytest.raises(ValueError, match=r"these data have annotators \(anna, ben, gold\); set its level to none"):
        run(settings("folders", noise={"level": "easy"}), several(tmp_path / "raw"), tmp_path)
