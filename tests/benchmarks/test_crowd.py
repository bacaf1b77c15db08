"""The arithmetic of benchmarks/crowd.py, and that its made-up crowds are what they are said to be."""

import numpy as np
import pytest

from benchmarks import crowd, crowds, deep_crowd
from segmend.aggregators.majority import Majority


def test_iou_by_hand():
    """Both empty: 1; one of three pixels shared."""
    one, other = np.zeros((2, 2, 2, 2), np.uint8)
    one[1, 0], other[1, :, 0] = 1, 1
    assert crowd.iou(one, other).tolist() == [1, pytest.approx(1 / 3)]


def test_ours_on_stacks():
    """Two of three readers mark one pixel, one of them another."""
    masks = np.zeros((2, 3, 4, 4), np.uint8)
    masks[1, :2, 0, 0] = masks[1, 0, 1, 1] = 1
    found = crowd.ours(masks, Majority(scope="image"))
    assert found.sum() == 1 and found[1, 0, 0] == 1


def test_every_arm_is_a_setting_and_has_a_name_of_its_own():
    assert len(crowd.arms()) == len(crowd.KINDS) * 2 and all(arm.scope == "image" for arm in crowd.arms().values())


def test_crowds():
    truth, x, answers = deep_crowd.made(0, 1.2, 5)
    assert (np.bincount(answers.task) == 3 + 5).all() and (np.bincount(answers.source)[:750] == 4).all()
    assert x.shape == (1000, 10) and answers.sources == 755
    truth, answers = crowds.everybody(np.random.default_rng(0), 4000, (0.9, 0.5, 0.6, 0.3), 4, copies=0.85)
    same = answers.label.reshape(-1, 4)
    assert (same[:, 2] == same[:, 3]).mean() > 0.85 and (same[:, 0] == truth).mean() == pytest.approx(0.9, abs=0.02)
    fewer = crowd.kept_sources(answers, [0, 2])
    assert (fewer.label.reshape(-1, 2) == same[:, [0, 2]]).all()
