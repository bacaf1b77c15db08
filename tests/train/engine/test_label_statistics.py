"""The pass over the label maps."""

import numpy as np
import pytest

from segmend.answers import history
from segmend.answers.answers import Answer, encode
from segmend.answers.answers import write as store
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import UNLABELLED, VOID
from tasks.train.engine.label_statistics import label_statistics
from tests.toys import SHAPE_CARD, shapes


def compute(root):
    return label_statistics(Dataset(root / "dataset"), Labels(root / "labels"))


def write(root, name, labels):
    Labels(root / "labels").write(name, labels.astype(np.uint8), SHAPE_CARD)


def test_counts_the_labelled_pixels_of_train_alone(tmp_path):
    root = shapes(tmp_path, train=2, val=1, test=1, size=(4, 5))
    write(root, "train/0000", np.array([[0, 1, 1, VOID, UNLABELLED]] * 4))
    write(root, "train/0001", np.array([[2, 2, 2, 2, 0]] * 4))
    found = compute(root)
    assert found.counts.tolist() == [8, 8, 16]
    assert [sample.id for sample in found.train] == ["train/0000", "train/0001"]
    assert [sample.id for sample in found.val] == ["val/0000"]
    assert found.left_out == 0


def test_images_without_a_label_are_left_out_and_counted(tmp_path):
    root = shapes(tmp_path, train=2, val=1, test=0, size=(4, 5))
    write(root, "train/0001", np.full((4, 5), UNLABELLED))
    write(root, "val/0000", np.full((4, 5), VOID))
    found = compute(root)
    assert ([sample.id for sample in found.train], found.val, found.left_out) == (["train/0000"], [], 2)


def test_nothing_labelled_leaves_nothing_to_train_on(tmp_path):
    root = shapes(tmp_path, train=1, val=1, test=0, size=(4, 5))
    write(root, "train/0000", np.full((4, 5), UNLABELLED))
    found = compute(root)
    assert (found.train, found.left_out, found.counts.tolist()) == ([], 1, [0, 0, 0])


def test_sets_of_classes_can_teach(tmp_path):
    """Their pixels count for no class, their images are trained on, and the answers are part of the digest."""
    root = shapes(tmp_path, train=2, val=1, test=0, size=(4, 5))
    write(root, "train/0000", np.full((4, 5), UNLABELLED))
    write(root, "train/0001", np.array([[2, 2, 2, 2, 0]] * 4))
    dataset, labels = Dataset(root / "dataset"), Labels(root / "labels")
    with pytest.raises(ValueError, match="answers.jsonl is missing"):
        label_statistics(dataset, labels, partial=True)
    left = encode(np.arange(5)[None].repeat(4, 0) < 3)
    told = [
        Answer(query=name, image=name, footprint=left, kind="class_set", classes=("disc", "square"))
        for name in ("train/0000", "train/0001")
    ]
    digests = []
    for answers in ([], told):
        store(root / "labels/answers.jsonl", answers)
        digests.append(label_statistics(dataset, labels, partial=True).digest)
        assert label_statistics(dataset, labels).answers == {}
        assert [sample.id for sample in label_statistics(dataset, labels).train] == ["train/0001"]
    found = label_statistics(dataset, labels, partial=True)
    assert [sample.id for sample in found.train] == ["train/0000", "train/0001"]
    assert found.counts.tolist() == [4, 0, 4]
    assert digests[0] != digests[1]


def test_an_undeclared_id_is_named_with_its_count(tmp_path):
    root = shapes(tmp_path, train=1, val=1, test=0, size=(4, 5))
    write(root, "val/0000", np.array([[0, 0, 7, 7, 1]] * 4))
    with pytest.raises(ValueError, match=r"val/0000.png holds 8 pixels of id 7"):
        compute(root)


def test_a_missing_map_is_named(tmp_path):
    root = shapes(tmp_path, train=1, val=1, test=0)
    (root / "labels/maps/val/0000.png").unlink()
    with pytest.raises(ValueError, match=r"val/0000.png is missing"):
        compute(root)


def test_the_digest_follows_the_content(tmp_path):
    root = shapes(tmp_path, train=1, val=1, test=1, size=(4, 5))
    before = compute(root).digest
    assert compute(root).digest == before
    write(root, "train/0000", np.zeros((4, 5)))
    assert compute(root).digest != before


def test_pixels_that_answers_changed_are_counted_by_split(tmp_path):
    """Also of earlier rounds; what an expansion changed automatically is left out, and without a history there are none."""
    root = shapes(tmp_path, train=2, val=2, test=0, size=(4, 5))
    assert compute(root).corrected == {"train": 0, "val": 0}
    rows = [
        {**dict.fromkeys(history.SCHEMA.names), "image": image, "kind": kind, "changed": changed}
        for image, kind, changed in (
            ("train/0000", "class", 3), ("val/0001", "mask", 5), ("val/0001", "confirm", 0), ("val/0000", "class", 2),
            ("val/0000", history.AUTO, 7),
        )
    ]  # fmt: skip
    history.write(root / "labels", history.table(rows))
    assert compute(root).corrected == {"train": 3, "val": 7}
    known = [(Labels(root / "labels")[sample.id] < 254).sum() for sample in Dataset(root / "dataset").of("val")]
    assert compute(root).val_pixels == sum(known)
