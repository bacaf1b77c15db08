"""One process or several: what the training loop asks of them, alike for both.

Several (one per visible GPU; SEGMEND_PROCESSES changes their number) are started by Lightning Fabric, which is loaded only
then: it takes longer to import than the default network to train. Under torchrun, which starts them itself, also on several
machines that share the workspace's folder, Fabric joins the processes that are there:

    torchrun --standalone --nproc_per_node 2 -m tasks.train ...

Each batch is shared among them. Batch norms take their statistics from a process's own share. SEGMEND_COMPILE=1 has
torch.compile make the network faster: worth its minute or so of compiling in long trainings.
"""

from collections.abc import Callable
from os import environ
from typing import Any

import torch
from joblib import cpu_count
from torch import Tensor, nn

from segmend.images.parallel import workers
from segmend.network.device import device
from segmend.stage.command import torchrun


class Alone:
    """This process, on its one device."""

    rank, world, local = 0, 1, 1  # number of this process, of all, of those on this machine

    def __init__(self) -> None:
        self.device = device()

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network to call in training. Its weights, and what is saved, stay those of `network`."""
        return perhaps_compiled(network)

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def total(self, value: Tensor) -> Tensor:
        """The sum of `value` over all processes."""
        return value

    def average(self, tensors: list[Tensor]) -> None:
        """Each tensor becomes its mean over all processes."""

    def align(self, network: nn.Module) -> None:
        """Give all processes the first one's batch norm statistics: the rest of a network is alike in all of them."""


class Several:
    """One of several equal processes."""

    def __init__(self, fabric: Any):
        self.fabric, self.device = fabric, fabric.device
        self.rank, self.world = fabric.global_rank, fabric.world_size
        self.local = int(environ["LOCAL_WORLD_SIZE"]) if torchrun() else self.world

    def wrap(self, network: nn.Module) -> nn.Module:
        return self.fabric.setup_module(perhaps_compiled(network))

    def backward(self, loss: Tensor) -> None:
        # Gradients are averaged over the processes; the loop divides by what all of them saw, so it wants their sum.
        self.fabric.backward(loss * self.world)

    def total(self, value: Tensor) -> Tensor:
        return self.fabric.all_reduce(value, reduce_op="sum")

    def average(self, tensors: list[Tensor]) -> None:
        if tensors:  # as one, since many small messages take long
            mean = self.total(torch.cat([tensor.ravel() for tensor in tensors])) / self.world
            for tensor, new in zip(tensors, mean.split([tensor.numel() for tensor in tensors]), strict=True):
                tensor.copy_(new.view_as(tensor))

    def align(self, network: nn.Module) -> None:
        for buffer in network.buffers():
            torch.distributed.broadcast(buffer, 0)


def compiling() -> bool:
    """Whether SEGMEND_COMPILE asks for torch.compile."""
    asked = environ.get("SEGMEND_COMPILE", "").strip() or "0"
    if asked not in ("0", "1"):
        raise ValueError(f"SEGMEND_COMPILE is '{asked}': 0 and 1 are allowed")
    return asked == "1"


def perhaps_compiled(network: nn.Module) -> Any:
    return torch.compile(network) if compiling() else network


def readers(here: Alone | Several) -> int:
    """How many processes read ahead for this one: SEGMEND_WORKERS; else one on the CPU, and every core for GPUs."""
    asked = environ.get("SEGMEND_WORKERS", "").strip() or here.device.type != "cpu"
    return max(1, workers() // here.local) if asked else 1


def share_cores() -> None:
    """On the CPU one core reads and the others compute, unless OMP_NUM_THREADS says otherwise.

    A computing thread that a reader pushes aside makes all others wait for it, and they wait by spinning: with both
    of two cores computing, the default training took up to ten times longer than with one.
    """
    if device().type == "cpu" and not environ.get("OMP_NUM_THREADS"):
        torch.set_num_threads(max(1, cpu_count() - 1))


def count() -> int:
    """How many processes train together: torchrun's, SEGMEND_PROCESSES, or one per GPU that SEGMEND_DEVICE leaves open, or one."""
    if torchrun():
        return int(environ["WORLD_SIZE"])
    asked = environ.get("SEGMEND_PROCESSES", "").strip()
    if asked and not (asked.isdigit() and int(asked) >= 1):
        raise ValueError(f"SEGMEND_PROCESSES is '{asked}': a whole number from 1 is allowed")
    place = device()
    every = torch.cuda.device_count() if place.type == "cuda" and place.index is None else 1
    return int(asked) if asked else every


def launch(function: Callable[..., Any], *arguments: Any) -> Any:
    """What `function(here, *arguments)` returns, in this process or in the first of several (under torchrun in each)."""
    if count() == 1:
        return function(Alone(), *arguments)
    from lightning.fabric import Fabric

    if torchrun():
        local = int(environ["LOCAL_WORLD_SIZE"])
        joined = Fabric(accelerator=device().type, devices=local, num_nodes=count() // local, strategy="ddp")
        return joined.launch(entered, function, *arguments)
    from torch.multiprocessing.spawn import ProcessRaisedException

    fabric = Fabric(accelerator=device().type, devices=count(), strategy="ddp_spawn")
    try:
        return fabric.launch(entered, function, *arguments)
    except ProcessRaisedException as trouble:
        last = str(trouble).strip().splitlines()[-1]
        if last.startswith("ValueError: "):  # a user's mistake stays one sentence
            raise ValueError(last.removeprefix("ValueError: ")) from None
        raise


def entered(fabric: Any, *call: Any) -> Any:
    """The first call in each of several processes."""
    function, *arguments = call
    return function(Several(fabric), *arguments)
