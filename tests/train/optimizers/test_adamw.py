"""AdamW: numbers by hand, and the card's limits."""

import pytest
import torch

from tasks.train.optimizers.adamw import AdamW


def stepped(method: AdamW, gradients: list[list[float]]) -> list[float]:
    weights = torch.nn.Parameter(torch.tensor([1.0, 1.0]))
    optimizer = method.build([{"params": [weights]}])
    for gradient in gradients:
        weights.grad = torch.tensor(gradient)
        optimizer.step()
    return weights.tolist()


def test_the_first_step_has_the_size_of_the_rate_whatever_the_gradient():
    assert stepped(AdamW(lr=0.1, decay=0), [[3.0, -0.001]]) == pytest.approx([0.9, 1.1], abs=1e-4)


def test_decay_is_apart_from_the_gradient():
    # 1 - 0.1 * 0.5 * 1 = 0.95, less the step of 0.1
    assert stepped(AdamW(lr=0.1, decay=0.5), [[1.0, 1e-3]]) == pytest.approx([0.85, 0.85], abs=1e-4)


def test_second_step_by_hand():
    # betas 0.5, 0.5; gradients 1, 0: m = 0.25 / 0.75 = 1/3, v = 0.25 / 0.75 = 1/3, step 0.1 * (1/3) / sqrt(1/3) = 0.057735
    found = stepped(AdamW(lr=0.1, decay=0, beta1=0.5, beta2=0.5), [[1.0, 1.0], [0.0, 0.0]])
    assert found == pytest.approx([0.9 - 0.057735] * 2, abs=1e-5)
