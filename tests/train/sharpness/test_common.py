"""What holds for every choice of where the gradient is taken."""

import pytest
import torch
from torch import nn

from tasks.train.engine.weight_perturbation import perturbed
from tasks.train.sharpness import SHARPNESS
from tests.toys import shapes
from tests.train.runs import bytes_of, quick, run

every = pytest.mark.parametrize("kind", SHARPNESS, ids=lambda kind: kind.__name__)


def weights(scale: float) -> list[nn.Parameter]:
    random = torch.Generator().manual_seed(0)
    found = [nn.Parameter(torch.randn(shape, generator=random)) for shape in ((4, 3, 3, 3), (5,), ())]
    for parameter in found:
        parameter.grad = scale * torch.randn(parameter.shape, generator=random)
    return found


@every
@pytest.mark.parametrize("scale", [0.0, 1e-6, 1.0, float("inf"), float("nan")])
def test_offsets_fit_are_finite_and_change_nothing_by_themselves(kind, scale):
    parameters = weights(scale)
    before = [(p.detach().clone(), p.grad.clone()) for p in parameters]
    offsets = kind().offsets(parameters)
    for parameter, (weight, gradient) in zip(parameters, before, strict=True):
        assert torch.equal(parameter.detach(), weight)
        assert torch.equal(parameter.grad.nan_to_num(), gradient.nan_to_num())
    if offsets is not None:
        assert [one.shape for one in offsets] == [p.shape for p in parameters]
        assert all(one.isfinite().all() and not one.requires_grad for one in offsets)
        if not 0 < scale < 2:
            assert all((one == 0).all() for one in offsets)
        with perturbed(parameters, offsets):
            pass
        assert all(torch.equal(p.detach(), weight) for p, (weight, _) in zip(parameters, before, strict=True))


@every
def test_a_whole_training_ends_and_equal_input_gives_equal_bytes(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(shapes(tmp_path, train=4, val=1, test=0))
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")
    settings = quick(epochs=1, batch=2, accumulate=2, sharpness={"name": kind().name})
    for name in ("one", "two"):
        run(tmp_path, settings, name)
    assert bytes_of(tmp_path, "one") == bytes_of(tmp_path, "two")
