"""What surrounds a training."""

import pytest
import torch

from segmend.training.determinism import out_of_memory, reproducible
from tasks.train.engine.trainer import way_out
from tasks.train.settings import Params


def test_deterministic_inside_and_as_before_outside():
    before = torch.are_deterministic_algorithms_enabled()
    with reproducible():
        assert torch.are_deterministic_algorithms_enabled()
    assert torch.are_deterministic_algorithms_enabled() == before


@pytest.mark.parametrize(
    "trouble",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=lambda trouble: type(trouble).__name__,
)
def test_out_of_memory_says_what_to_lower(trouble):
    said = pytest.raises(
        ValueError, match=r"train: out of memory; lower train.batch \(it is 6\) and raise train.accumulate"
    )
    with said, out_of_memory("train", way_out(Params(batch=6))):
        raise trouble


def test_a_real_request_too_large_is_understood():
    with pytest.raises(ValueError, match="out of memory"), out_of_memory("train", "lower it"):
        torch.empty(1 << 60)


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="shapes"), out_of_memory("train", "lower it"):
        raise RuntimeError("shapes differ")
