"""Arbitration: gate, presence, both orders, what wins."""

from typing import Literal

import numpy as np
import pytest

from benchmarks.crowds import table
from segmend.aggregators.arbitration import Arbitration
from segmend.judges import Edges, Likelihood
from segmend.stage.params import validated


class Asked(Edges):
    """A judge who always names the one it is shown first, and counts."""

    name: Literal["edges"] = "edges"
    log: list = []

    def compare(self, image, first, second, k, probabilities):
        self.log.append(k)
        return 0


def scene():
    """A bright square at rows and columns 6 to 17; the second mask lies four pixels off."""
    image = np.zeros((24, 24, 3), np.uint8)
    image[6:18, 6:18] = 200
    masks = np.zeros((2, 24, 24), np.uint8)
    masks[0, 6:18, 6:18] = 1
    masks[1, 10:22, 10:22] = 1
    return image, masks


def test_the_mask_on_the_edges_wins_in_either_place():
    image, masks = scene()
    assert Arbitration().preferences(image, masks, 2)[1] == 1
    assert Arbitration().preferences(image, masks[::-1].copy(), 2)[1] == 0


def test_equal_masks_and_an_open_gate_ask_nobody():
    image, masks = scene()
    judge = Asked(log=[])
    assert Arbitration(judge=judge).preferences(image, masks[[0, 0]], 2).tolist() == [0.5, 0.5]
    assert Arbitration(judge=judge, gate=0).preferences(image, masks, 2).tolist() == [0.5, 0.5]
    assert judge.log == []


def test_a_judge_that_likes_what_it_sees_first_abstains():
    image, masks = scene()
    judge = Asked(log=[])
    assert Arbitration(judge=judge, gate=0.9).preferences(image, masks, 2).tolist() == [0.5, 0.5]
    assert judge.log == [0, 0, 1, 1]


def test_an_object_that_is_not_to_be_seen_loses_to_nothing():
    image, masks = scene()
    masks[1] = 0
    flat = np.full_like(image, 9)
    assert Arbitration().preferences(image, masks, 2)[1] == 1
    flat[0, 0] = 200  # an edge elsewhere
    assert Arbitration().preferences(flat, masks, 2)[1] == 0


def test_by_hand():
    """Class 0 undecided, class 1 for the first: where it says 1 and the other 0, (1 + 1/2) / 2 = .75."""
    answers = table([[0, 0], [1, 0], [0, 1], [1, -1]], 2)
    found = Arbitration().settled(answers, np.array([0.5, 1.0]))
    assert found.posterior[:, 1].tolist() == [0, 0.75, 0.25, 1]


def test_a_network_decides():
    image, masks = scene()
    p = np.full((2, 24, 24), 0.5)
    p[1, 10:22, 10:22], p[0, 10:22, 10:22] = 0.9, 0.1
    assert Arbitration(judge=Likelihood()).preferences(image, masks, 2, p)[1] == 0
    with pytest.raises(ValueError, match=r"judge likelihood needs a network's probabilities.*choose edges"):
        Arbitration(judge=Likelihood()).preferences(image, masks, 2)


def test_three_masks_are_refused():
    image, masks = scene()
    with pytest.raises(ValueError, match=r"decides between two annotators, and there are 3"):
        Arbitration().preferences(image, masks[[0, 1, 0]], 2)


def test_the_judge_is_a_setting():
    chosen = validated(Arbitration, {"name": "arbitration", "judge": {"name": "edges", "edges": {"margin": 0.3}}}, "x")
    assert chosen.judge == Edges(margin=0.3)
