"""A dataset written is the dataset read."""

import numpy as np
import pytest
from PIL import Image

from segmend.images.dataset import Card, Dataset, Labels, Sample, write_card, write_samples, write_truth_list
from segmend.images.rasters import write_labels

CARD = Card(
    name="toy",
    classes=("sky", "sea"),
    colours=((0, 0, 0), (128, 0, 0)),
    mean=(0.5, 0.5, 0.5),
    deviation=(0.2, 0.2, 0.2),
)


@pytest.fixture
def folders(tmp_path):
    data, truth = tmp_path / "dataset", tmp_path / "truth"
    write_card(data, CARD)
    write_samples(data, [Sample("b", "test", 2, 3, "f00", "b.jpg"), Sample("a/x", "train", 2, 3, "ba5", "a.jpg")])
    (data / "images/a").mkdir(parents=True)
    Image.fromarray(np.full((2, 3, 3), 7, np.uint8)).save(data / "images/a/x.png")
    write_labels(data / "masks/a/x.png", np.array([[0, 1, 255], [1, 1, 0]], np.uint8), CARD.palette)
    write_labels(truth / "a/x.png", np.zeros((2, 3), np.uint8), CARD.palette)
    write_truth_list(truth, {"a/x": "given"})
    return data, truth


def test_a_dataset_comes_back(folders):
    dataset = Dataset(*folders)
    assert dataset.card == CARD and dataset.classes == ("sky", "sea")
    assert [sample.id for sample in dataset.samples] == ["a/x", "b"]
    assert [sample.id for sample in dataset.of("train", "val")] == ["a/x"]
    assert dataset.image("a/x").shape == (2, 3, 3)
    assert dataset.mask("a/x").tolist() == [[0, 1, 255], [1, 1, 0]]
    assert dataset.has_mask("a/x") and not dataset.has_mask("b")


def test_truth_is_known_only_where_it_was_given(folders):
    assert Dataset(*folders).truth("a/x").tolist() == [[0, 0, 0], [0, 0, 0]]
    assert Dataset(*folders).truth("b") is None
    assert Dataset(folders[0]).truth("a/x") is None


def test_a_folder_that_is_no_dataset_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"is not a dataset: dataset.json is missing"):
        _ = Dataset(tmp_path).card


def test_label_sets_come_back(tmp_path):
    labels = Labels(tmp_path)
    labels.write("a/x", np.array([[0, 254]], np.uint8), CARD)
    assert labels["a/x"].tolist() == [[0, 254]]
