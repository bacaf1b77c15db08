"""Masks painted over one another, and means over regions of what the objects say."""

import numpy as np

from segmend.images.rasters import NO_REGION, UNLABELLED
from tasks.pseudo_label.labellers._object_maps import labelled, means, paint


def masks(*rows):
    return np.array([[[mark == "x" for mark in row]] for row in rows])


def test_small_over_large_and_of_equals_the_later():
    objects, kept = paint(masks(".xx...", "xxxxx.", "..xx.."))
    assert objects.tolist() == [[0, 1, 2, 2, 0, NO_REGION]] and kept.tolist() == [1, 0, 2]
    assert objects.dtype == np.int32


def test_what_is_covered_is_gone_and_nothing_is_nothing():
    objects, kept = paint(masks("xx..", "xx.."))
    assert objects.tolist() == [[0, 0, NO_REGION, NO_REGION]] and kept.tolist() == [1]
    objects, kept = paint(np.zeros((0, 2, 3), bool))
    assert (objects == NO_REGION).all() and not len(kept)
    assert paint(masks("xx", "x."))[1].tolist() == [0, 1] and paint(np.ones((1, 1, 2), bool))[0].tolist() == [[0, 0]]


def test_more_than_255_objects():
    objects, kept = paint(np.eye(300, dtype=bool)[:, None])
    assert sorted(objects[0].tolist()) == list(range(300)) and len(kept) == 300


def test_labels_and_scores_by_hand():
    objects = np.array([[0, 0, 1, NO_REGION]], np.int32)
    regions = np.array([[0, 0, 0, 1]], np.int32)
    names, scores = np.array([1, UNLABELLED], np.uint8), np.array([[0.1, 0.7], [0.4, 0.1]], np.float32)
    found = labelled(objects, names, scores, 0, np.array([0.8, 0], np.float32), regions)
    assert found.labels.tolist() == [[1, 1, UNLABELLED, 0]]
    assert np.allclose(found.scores, [[0.2, 0.5], [0.8, 0]])


def test_pixels_of_no_region_are_left_out():
    table = np.array([[1.0], [3.0]], np.float32)
    owners = np.array([[0, 1, 1]], np.int32)
    assert means(owners, table, np.array([[0, 0, NO_REGION]], np.int32)).tolist() == [[2.0]]
