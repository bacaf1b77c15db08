"""Equal and nearly equal images with different masks."""

import numpy as np
import pytest
from skimage import data as pictures
from skimage.transform import resize

from segmend.images.dataset import Dataset, Sample
from tasks.audit import duplicates
from tasks.audit.duplicates import differing, near_pairs, taken, thumbnail


def test_thumbnails_are_alike_in_another_brightness_and_a_flat_picture_is_like_nothing():
    photo = pictures.astronaut()
    dimmed = (photo * 0.6 + 40).astype(np.uint8)
    small = np.stack(
        [
            thumbnail(image)
            for image in (photo, dimmed, photo[:, ::-1], np.full_like(photo, 90), np.full_like(photo, 90))
        ]
    )
    assert list(near_pairs(small)) == [(0, 1)]


def test_masks_of_other_sizes_are_compared_by_nearest_pixel():
    mask = np.array([[0, 1], [2, 255]], np.uint8)
    assert (taken(np.kron(mask, np.ones((3, 3), np.uint8)), 2, 2) == mask).all()
    assert differing(mask, np.kron(mask, np.ones((2, 2), np.uint8))) == 0
    assert differing(mask, np.array([[0, 0], [2, 1]], np.uint8)) == pytest.approx(1 / 3)  # void is not compared
    assert differing(np.full((2, 2), 255, np.uint8), mask) == 0


def test_pairs_are_found_and_equal_masks_are_none(monkeypatch):
    photo = pictures.astronaut()[:256, :256]
    other = pictures.coffee()[:256, :256]
    rng = np.random.default_rng(0)
    images = {
        "a": photo,
        "b": photo,
        "c": (photo.astype(np.int64) + rng.integers(-6, 7, photo.shape)).clip(0, 255).astype(np.uint8),
        "d": other,
        "e": (resize(photo, (128, 128), anti_aliasing=True) * 255).astype(np.uint8),
    }
    masks = {name: np.zeros(image.shape[:2], np.uint8) for name, image in images.items()}
    masks["b"][:64], masks["c"][:128] = 1, 1
    monkeypatch.setattr(Dataset, "image", lambda self, name: images[name])
    monkeypatch.setattr("segmend.network.features.Encoder", lambda field: Flat())
    samples = [
        Sample(name, "train", *image.shape[:2], "same" if name in "ab" else name, "") for name, image in images.items()
    ]
    small = np.stack([thumbnail(image) for image in images.values()])
    groups = {sample.id: sample.id for sample in samples}
    found = duplicates.duplicates(Dataset("none"), samples, groups, masks.__getitem__, small)
    assert {(pair.first, pair.second, pair.kind) for pair in found} == {
        ("a", "b", "exact"), ("a", "c", "near"), ("b", "c", "near"), ("b", "e", "near"), ("c", "e", "near"),
    }  # fmt: skip
    assert [pair.differing for pair in found] == sorted((pair.differing for pair in found), reverse=True)
    same_volume = duplicates.duplicates(Dataset("none"), samples, dict.fromkeys(groups, "v"), masks.__getitem__, small)
    assert [(pair.first, pair.second) for pair in same_volume] == [("a", "b")]


class Flat:
    """Stands for the encoder: its coarsest map is the image on 16 x 16 cells."""

    def __call__(self, image):
        cells = resize(image, (16, 16), anti_aliasing=True)
        return type("Encoded", (), {"maps": [np.moveaxis(cells * 100, 2, 0).astype(np.int8)]})
