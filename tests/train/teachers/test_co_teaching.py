"""Co-teaching: who learns from what, by hand; and the card's limits."""

import pytest
import torch
import torch.nn.functional as F

from segmend.stage.params import validated
from tasks.train.selections.small_loss import SmallLoss
from tasks.train.settings import Params
from tasks.train.teachers.co_teaching import CoTeaching
from tasks.train.teachers.none import Nothing
from tests.train.teachers.contexts import context, pointwise

FIRST, SECOND = [[1.0, 0.0, 0.0], [0.0] * 3], [[0.0, 1.0, 0.0], [0.0] * 3]  # each looks at a channel of its own
IMAGES = torch.tensor([[3.0, 2.0, 1.0, 0.0], [0.0, 1.0, 2.0, 3.0], [0.0] * 4])[None, :, None]


def both(rate: float, second=SECOND):
    network, peer = pointwise(FIRST, [0.0, 0.0]), pointwise(second, [0.0, 0.0])
    built = CoTeaching().build(lambda: peer)
    built.selection = SmallLoss(rate=rate, ramp=0).build(2)
    now = context(network, [0] * 4, IMAGES, SmallLoss(rate=rate, ramp=0).build(2))
    return built, now, network, peer


def test_each_learns_from_what_fits_the_other_by_hand():
    # The loss of label 0 at logits (x, 0) is log(1 + exp(-x)). The first fits pixels 0 and 1 best, the second 2 and 3:
    # so the first learns from 2 and 3, the second from 0 and 1, each with weight 2.
    built, now, network, peer = both(0.5)
    values, seen = built(now)
    loss = F.softplus(-IMAGES[0, :2, 0])
    assert values.ravel().tolist() == pytest.approx([*(2 * loss[1, :2]).tolist(), *(2 * loss[0, 2:]).tolist()])
    assert torch.equal(seen.logits[0, 0, 0], IMAGES[0, 0, 0])
    values.sum().backward()
    assert network.body.head.bias.grad[0].item() == pytest.approx(-2 * torch.sigmoid(-IMAGES[0, 0, 0, 2:]).sum().item())
    assert peer.body.head.bias.grad[0].item() == pytest.approx(-2 * torch.sigmoid(-IMAGES[0, 1, 0, :2]).sum().item())


def test_two_equal_networks_are_one_with_the_choice():
    built, now, *_ = both(0.5, second=FIRST)
    assert torch.allclose(built(now)[0], 2 * Nothing().build(lambda: None)(now)[0])


def test_rate_zero_lets_both_learn_from_every_pixel():
    built, now, *_ = both(0.0)
    assert torch.allclose(built(now)[0][0], F.softplus(-IMAGES[0, :2]).sum(0))


def test_without_a_choice_it_is_refused():
    with pytest.raises(
        ValueError, match="set selection.name to small_loss or mixture, or teacher.name to codistillation"
    ):
        validated(Params, {"teacher": {"name": "co_teaching"}}, "train")
    given = {"teacher": {"name": "co_teaching"}, "selection": {"name": "small_loss"}}
    assert validated(Params, given, "train").teacher == CoTeaching()
