"""What holds for every gradient transform of the table."""

import pytest
import torch
from torch import nn

from tasks.train.gradients import GRADIENTS
from tests.toys import shapes
from tests.train.runs import bytes_of, quick, run

every = pytest.mark.parametrize("kind", GRADIENTS, ids=lambda kind: kind.__name__)
SHAPES = ((4, 3, 3, 3), (5, 4), (6,), (1,), (1, 1, 1, 1))


def weights(seed: int = 0, scale: float = 1.0) -> list[nn.Parameter]:
    random = torch.Generator().manual_seed(seed)
    found = [nn.Parameter(torch.randn(shape, generator=random)) for shape in SHAPES]
    for parameter in found:
        parameter.grad = scale * torch.randn(parameter.shape, generator=random)
    return found


@every
@pytest.mark.parametrize("scale", [0.0, 1e-10, 1.0, 1e4])
def test_changes_gradients_in_place_leads_down_and_leaves_the_weights(kind, scale):
    parameters = weights(scale=scale)
    gradients = [p.grad for p in parameters]
    before = [(p.detach().clone(), p.grad.clone()) for p in parameters]
    kind()(parameters)
    for parameter, gradient, (weight, old) in zip(parameters, gradients, before, strict=True):
        assert parameter.grad is gradient and gradient.isfinite().all()
        assert torch.equal(parameter.detach(), weight)
        assert (gradient * old).sum() >= -1e-6 * old.norm()


@every
def test_a_gradient_of_zero_stays(kind):
    parameters = weights(scale=0.0)
    kind()(parameters)
    assert all((p.grad == 0).all() for p in parameters)


@every
def test_the_loop_calls_it_and_equal_input_gives_equal_bytes(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(shapes(tmp_path, train=4, val=1, test=0))
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")
    method = kind(most=1e-6) if "most" in kind.model_fields else kind()  # shorter than any gradient here
    sgd = {"name": "sgd", "sgd": {"lr": 0.001, "decoupled": True}}
    plain = quick(epochs=1, optimizer=sgd)
    changed = quick(
        epochs=1, optimizer=sgd, gradients=[{"name": method.name, method.name: method.model_dump(exclude={"name"})}]
    )
    for given in ("one", "two"):
        run(tmp_path, changed, given)
    run(tmp_path, plain, "without")
    assert bytes_of(tmp_path, "one") == bytes_of(tmp_path, "two")
    assert bytes_of(tmp_path, "one")["weights.safetensors"] != bytes_of(tmp_path, "without")["weights.safetensors"]
