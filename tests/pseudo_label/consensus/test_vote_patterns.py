"""Patterns: counted right, decoded right, the same for any number of annotators and images."""

import numpy as np
import pytest

from tasks.pseudo_label.consensus import vote_patterns
from tasks.pseudo_label.consensus.vote_patterns import answers_of, merged, patterns_of, rows_in


def random_maps(n, annotators, classes, missing=True, size=(12, 15)):
    rng = np.random.default_rng(annotators)
    maps = rng.integers(0, classes, (n, annotators, *size)).astype(np.uint8)
    if missing:
        maps[rng.random(maps.shape) < 0.1] = 254
        maps[rng.random(maps.shape) < 0.1] = 255
    return maps


@pytest.mark.parametrize(
    ("n", "annotators", "classes", "missing"),
    [(1, 1, 2, False), (1, 3, 2, True), (5, 3, 2, False), (4, 5, 19, True), (2, 12, 19, True), (1, 30, 2, True)],
)
@pytest.mark.parametrize("limit", [vote_patterns.LIMIT, 300])
def test_every_pixel_finds_its_own_tuple(monkeypatch, n, annotators, classes, missing, limit):
    monkeypatch.setattr(vote_patterns, "LIMIT", limit)  # small: codes are numbered anew on the way
    maps = random_maps(n, annotators, classes, missing)
    found = patterns_of(maps, classes)
    assert (found.labels[found.row].transpose(0, 3, 1, 2) == maps).all()
    assert (found.image[found.row] == np.arange(n)[:, None, None]).all()
    assert found.pixels.sum() == n * 12 * 15 and (np.bincount(found.row.ravel()) == found.pixels).all()
    keyed = np.column_stack([found.image, found.labels])
    assert len(np.unique(keyed, axis=0)) == len(keyed)


def test_by_hand():
    maps = np.array([[[[0, 0, 1]], [[0, 0, 255]]]], np.uint8)
    found = patterns_of(maps, 2)
    assert found.labels.tolist() == [[0, 0], [1, 255]] and found.pixels.tolist() == [2, 1]
    answers = answers_of(found.labels, found.pixels, 2)
    assert answers.votes.tolist() == [[2, 0], [0, 1]] and answers.size.tolist() == [2, 1]


def test_annotators_of_images_are_sources_of_their_own():
    found = patterns_of(np.array([[[[0]], [[1]]], [[[1]], [[1]]]], np.uint8), 2)
    answers = answers_of(found.labels, found.pixels, 2, image=found.image)
    assert answers.sources == 4 and answers.source.tolist() == [0, 1, 2, 3] and answers.group.tolist() == [0, 1]


def test_tables_add_up():
    first, second = (patterns_of(random_maps(1, 3, 4, size=(9, k)), 4) for k in (7, 11))
    rows, pixels = merged(merged(None, first.labels, first.pixels), second.labels, second.pixels)
    assert pixels.sum() == 9 * 18
    assert (rows[rows_in(rows, second.labels)] == second.labels).all()
    again = merged(merged(None, second.labels, second.pixels), first.labels, first.pixels)
    assert (again[0] == rows).all() and (again[1] == pixels).all()


def test_a_strange_id_is_named():
    with pytest.raises(ValueError, match=r"holds the id 7: 0..1, 254 and 255 are allowed"):
        patterns_of(np.full((1, 2, 3, 3), 7, np.uint8), 2)
