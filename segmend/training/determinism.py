"""What surrounds a training: same input, same bytes; and sentences instead of tracebacks when memory runs out."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import environ
from typing import Any

import torch


@contextmanager
def reproducible() -> Iterator[None]:
    """Deterministic algorithms where torch has them (elsewhere it warns), put back afterwards."""
    environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for this, before its first use
    extra: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled(), extra.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    extra.fill_uninitialized_memory = False  # a help for finding defects; it costs time
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        extra.fill_uninitialized_memory = before[1]


@contextmanager
def out_of_memory(stage: str, way_out: str) -> Iterator[None]:
    """Say what to lower. torch names its own error on GPUs; on the CPU it is a RuntimeError that speaks of the allocator."""
    try:
        yield
    except (MemoryError, RuntimeError) as trouble:
        if not isinstance(trouble, MemoryError | torch.OutOfMemoryError) and "DefaultCPUAllocator" not in str(trouble):
            raise
        raise ValueError(f"{stage}: out of memory; {way_out}") from None
