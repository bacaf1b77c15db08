"""Sets of classes in a label map: by hand, which answer a pixel goes by, and what a missing file says."""

import numpy as np
import pytest
import torch

from segmend.answers.answers import Answer, encode, write
from segmend.answers.candidate_sets import FIRST_SET, answers_with_sets, candidates
from segmend.images.rasters import UNLABELLED, VOID
from tasks.train.api.pixel_maps import PixelMaps
from tasks.train.api.targets import targets_of
from tasks.train.augmentations.crop import Crop
from tasks.train.augmentations.flip import Flip
from tasks.train.augmentations.scale import Scale

CLASSES = ("a", "b", "c")
ROW = np.array([[0, 1, UNLABELLED, UNLABELLED, VOID, 2]], np.uint8)


def answer(kind: str, columns: list[int], *classes: str, query: str = "q", brushed: list[int] | None = None) -> Answer:
    def shape(which):
        return encode(np.isin(np.arange(6), which)[None])

    mask = None if brushed is None else shape(brushed)
    return Answer(query=query, image="i", footprint=shape(columns), kind=kind, classes=classes, mask=mask)


def found(*answers: Answer) -> tuple[list[int], list[list[bool]]]:
    labels, table = candidates(ROW, answers, CLASSES)
    assert labels.dtype == np.int32
    return labels[0].tolist(), table.tolist()


def test_by_hand():
    labels, table = found(answer("class_set", [1, 2], "a", "c"), answer("class_set", [3, 4, 5], "b", "c"))
    assert labels == [0, 256, 256, 257, VOID, 257]
    assert table == [[True, False, True], [False, True, True]]


def test_without_sets_it_is_the_label_map():
    labels, table = found(answer("class", [0, 1], "b"), answer("class_set", [2], "a"), answer("skip", [5]))
    assert labels == ROW[0].tolist() and table == []


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (("class", [2], "a"), [256, 256, UNLABELLED]),
        (("confirm", [1, 2], "a"), [256, 1, UNLABELLED]),
        (("class_set", [0], "a"), [0, 256, 256]),
        (("class_set", [2, 3], "b", "c"), [256, 256, 257]),
        (("skip", [0, 1, 2]), [256, 256, 256]),
    ],
)
def test_a_later_answer_takes_its_pixels_back(later, expected):
    assert found(answer("class_set", [0, 1, 2], "a", "b"), answer(*later))[0][:3] == expected


def test_an_earlier_answer_does_not():
    assert found(answer("class", [0, 1], "b"), answer("class_set", [0, 1], "a", "b"))[0][:2] == [256, 256]


def test_of_a_brushed_mask_the_painted_pixels_count():
    later = answer("mask", [0, 1, 2], "c", brushed=[1, 5])
    assert found(answer("class_set", [0, 1, 2], "a", "b"), later)[0][:3] == [256, 1, 256]


def test_the_newest_answers_of_images_with_sets_are_read(tmp_path):
    first, second = answer("class_set", [1], "a", "b"), answer("class_set", [1], "b", "c")
    write(tmp_path / "answers.jsonl", [first, second, answer("class", [3], "a", query="other")])
    assert [one.query for one in answers_with_sets(tmp_path / "answers.jsonl", CLASSES)["i"]] == ["q", "other"]
    write(tmp_path / "answers.jsonl", [first, answer("class", [1], "b")])
    assert answers_with_sets(tmp_path / "answers.jsonl", CLASSES) == {}
    with pytest.raises(ValueError, match="is missing: a loss that learns from sets"):
        answers_with_sets(tmp_path / "none.jsonl", CLASSES)


def test_crops_flips_and_resizing_keep_the_ids():
    labels = torch.from_numpy(candidates(ROW, [answer("class_set", [0, 1], "a", "b")], CLASSES)[0])
    image = torch.zeros(3, *labels.shape, dtype=torch.uint8)
    turned = {tuple(Flip()(image, PixelMaps(labels))[1].labels[0].tolist()) for _ in range(40)}
    assert turned == {tuple(labels[0].tolist()), (2, VOID, UNLABELLED, UNLABELLED, 256, 256)}
    padded = Crop.model_construct(height=2, width=8)(image, PixelMaps(labels))
    wide = Scale(low=2, high=2)(*padded)[1].labels
    assert wide.dtype == torch.int32
    assert wide[0].tolist() == [256] * 4 + [UNLABELLED] * 4 + [VOID] * 2 + [2] * 2 + [VOID] * 4


def test_targets_of_sets_by_hand():
    labels, table = candidates(ROW, [answer("class_set", [1, 2], "a", "c")], CLASSES)
    made = targets_of(torch.from_numpy(labels)[None], torch.ones(3) / 3, torch.from_numpy(table)[None])
    assert made.labels[0, 0].tolist() == [0, 0, 0, 0, 0, 2]
    assert made.valid[0, 0].tolist() == [True, True, True, False, False, True]
    assert made.sets is not None and made.sets[0, 0].tolist() == [-1, 0, 0, -1, -1, -1]
    plain = targets_of(torch.from_numpy(ROW)[None], torch.ones(3) / 3, torch.zeros(1, 0, 3, dtype=torch.bool))
    assert plain.sets is None and plain.valid[0, 0].tolist() == [True, True, False, False, False, True]
    assert FIRST_SET > VOID
