"""ZNorm: numbers by hand, and the card's limits."""

import pytest
import torch
from torch import nn

from segmend.stage.params import validated
from tasks.train.gradients.znorm import ZNorm
from tasks.train.optimizers.sgd import SGD
from tasks.train.settings import Params


def changed(gradient: torch.Tensor, **settings) -> torch.Tensor:
    weight = nn.Parameter(torch.zeros_like(gradient))
    weight.grad = gradient.clone()
    ZNorm(**settings)([weight])
    return weight.grad


def test_by_hand():
    # 1, 2, 3, 6: mean 3, biased deviation sqrt((4 + 1 + 0 + 9) / 4) = 1.870829
    found = changed(torch.tensor([[1.0, 2.0], [3.0, 6.0]]))
    assert found.flatten().tolist() == pytest.approx([-2 / 1.870829, -1 / 1.870829, 0, 3 / 1.870829])


def test_mean_0_and_biased_deviation_1():
    found = changed(torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0)) * 0.3 + 2)
    assert found.mean().item() == pytest.approx(0, abs=1e-6)
    assert found.std(correction=0).item() == pytest.approx(1, abs=1e-5)


def test_the_scale_of_the_loss_changes_nothing():
    gradient = torch.randn(8, 4, generator=torch.Generator().manual_seed(0)) * 1e-3
    assert torch.allclose(changed(gradient), changed(gradient * 1000), atol=1e-4)


def test_eps_decides_where_gradients_are_tiny():
    gradient = torch.randn(64, 64, generator=torch.Generator().manual_seed(0)) * 1e-10
    assert changed(gradient).std(correction=0).item() == pytest.approx(0.01, rel=0.05)


def test_zeros_stay_zero_and_single_numbers_and_vectors_stay_as_they_are():
    assert (changed(torch.zeros(3, 3)) == 0).all()
    for gradient in (torch.full((1, 1, 1, 1), 5.0), torch.tensor([1.0, 4.0]), torch.tensor(2.0)):
        assert torch.equal(changed(gradient), gradient)


def test_leads_down_even_where_the_mean_is_most_of_the_gradient():
    gradient = torch.randn(16, 16, generator=torch.Generator().manual_seed(0)) + 20
    found = changed(gradient)
    assert 0 <= (found * gradient).sum() < 0.1 * found.norm() * gradient.norm()


def curve(scale: float, *transforms: ZNorm) -> list[float]:
    """Losses of plain descent on a small regression whose loss is multiplied by `scale`."""
    random = torch.Generator().manual_seed(0)
    points = torch.randn(64, 4, generator=random)
    values = points @ torch.randn(4, 1, generator=random)
    weight = nn.Parameter(torch.zeros(4, 1))
    optimizer = SGD(lr=0.02, momentum=0, decay=0).build([{"params": [weight]}])
    losses = []
    for _ in range(100):
        optimizer.zero_grad()
        loss = (points @ weight - values).square().mean()
        losses.append(loss.item())
        (scale * loss).backward()
        for transform in transforms:
            transform([weight])
        optimizer.step()
    return losses


def test_with_it_sgd_learns_the_same_from_a_thousandth_of_the_loss_and_without_it_stalls():
    assert curve(1e-3, ZNorm()) == pytest.approx(curve(1, ZNorm()), abs=1e-3)  # from 0.37 to 0.006
    stalled, plain = curve(1e-3), curve(1)
    assert plain[-1] < 0.1 * plain[0] and stalled[-1] > 0.9 * stalled[0]


def test_decay_inside_the_gradient_is_refused():
    given = {"optimizer": {"name": "sgd"}, "gradients": [{"name": "znorm"}]}
    with pytest.raises(
        ValueError,
        match=r"train: gradients: beside znorm.s normalised gradients .* train.optimizer.sgd.decoupled: true",
    ):
        validated(Params, given, "train")
    for fine in ({"decoupled": True}, {"decay": 0}):
        validated(Params, given | {"optimizer": {"name": "sgd", "sgd": fine}}, "train")
    validated(Params, given | {"optimizer": {"name": "adamw"}}, "train")
