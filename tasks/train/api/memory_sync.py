"""What losses with memory or parameters share where several processes train together; alone, nothing happens.

Each process sees its own images of a step, and only one of them writes checkpoints: so all must remember the same.
"""

import torch
import torch.distributed as processes
from jaxtyping import Shaped
from torch import Tensor, nn


def world() -> int:
    """How many processes train together."""
    return processes.get_world_size() if processes.is_available() and processes.is_initialized() else 1


def summed(value: Shaped[Tensor, "*any"]) -> Shaped[Tensor, "*any"]:
    """The sum over all processes."""
    if world() > 1:
        value = value.contiguous()
        processes.all_reduce(value)
    return value


def gathered(rows: Shaped[Tensor, "n d"]) -> Shaped[Tensor, "m d"]:
    """The rows of all processes, which may have different numbers of them, one process after another."""
    if world() == 1:
        return rows
    count = torch.tensor([len(rows)], device=rows.device)
    counts = [torch.empty_like(count) for _ in range(world())]
    processes.all_gather(counts, count)
    most = max(int(one) for one in counts)
    padded = torch.cat([rows, rows.new_zeros(most - len(rows), rows.shape[1])])
    every = [torch.empty_like(padded) for _ in counts]
    processes.all_gather(every, padded)
    return torch.cat([part[: int(one)] for part, one in zip(every, counts, strict=True)])


def shared(parameter: nn.Parameter) -> nn.Parameter:
    """A parameter that gets the mean of all processes' gradients, as the network's own do."""
    parameter.register_hook(lambda gradient: summed(gradient.clone()) / world() if world() > 1 else gradient)
    return parameter
