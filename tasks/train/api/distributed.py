"""Collective operations of the training loop; with a single process they return their input.

Several processes (one per visible GPU; SEGMEND_PROCESSES changes their number) are started by Lightning Fabric, which is
imported only then: its import takes longer than the default training. Under torchrun, which starts the processes itself, also
on several machines that share the workspace's folder, Fabric joins the existing process group:

    torchrun --standalone --nproc_per_node 2 -m tasks.train ...

Each batch is divided among the processes. Batch norms take their statistics from a process's own share. SEGMEND_COMPILE=1
applies torch.compile to the network: worth its minute or so of compiling in long trainings.
"""

from collections.abc import Callable
from os import environ
from typing import Any

import torch
import torch.distributed as processes
from jaxtyping import Shaped
from joblib import cpu_count
from torch import Tensor, nn

from segmend.images.parallel import workers
from segmend.network import device as devices
from segmend.stage.command import torchrun

_fabric: Any = None  # Lightning Fabric in each of several processes, set by `launch`


def rank() -> int:
    """Number of this process, from 0."""
    return processes.get_rank() if world_size() > 1 else 0


def world_size() -> int:
    """Number of processes that train together."""
    return processes.get_world_size() if processes.is_available() and processes.is_initialized() else 1


def local_world_size() -> int:
    """Number of processes on this machine."""
    return int(environ["LOCAL_WORLD_SIZE"]) if torchrun() else world_size()


def device() -> torch.device:
    """The device of this process."""
    return devices.device() if _fabric is None else _fabric.device


def autocast() -> torch.autocast:
    """The context in which a network is called: convolutions in the precision that this device has."""
    kind = devices.precision(device())
    return torch.autocast(device().type, kind, enabled=kind != torch.float32)


def wrap(network: nn.Module) -> Any:
    """The network to call in training. Its weights, and what is saved, stay those of `network`."""
    called = torch.compile(network) if compiling() else network
    return called if _fabric is None else _fabric.setup_module(called)


def backward(loss: Tensor) -> None:
    """Backward pass; the gradients of a wrapped network are summed over all processes."""
    if _fabric is None:
        loss.backward()
    else:  # Fabric averages gradients over the processes
        _fabric.backward(loss * world_size())


def all_reduce(value: Shaped[Tensor, "*shape"]) -> Shaped[Tensor, "*shape"]:
    """The sum of `value` over all processes."""
    if world_size() > 1:
        value = value.clone(memory_format=torch.contiguous_format)
        processes.all_reduce(value)
    return value


def all_gather(rows: Shaped[Tensor, "n d"]) -> Shaped[Tensor, "m d"]:
    """The rows of all processes, whose numbers may differ, in the order of the processes."""
    if world_size() == 1:
        return rows
    length = torch.tensor([len(rows)], device=rows.device)
    lengths = [torch.empty_like(length) for _ in range(world_size())]
    processes.all_gather(lengths, length)
    counts = [int(count) for count in lengths]
    padded = torch.cat([rows, rows.new_zeros(max(counts) - len(rows), rows.shape[1])])
    gathered = [torch.empty_like(padded) for _ in counts]
    processes.all_gather(gathered, padded)
    return torch.cat([part[:count] for part, count in zip(gathered, counts, strict=True)])


def average(tensors: list[Tensor]) -> None:
    """Replace each tensor by its mean over all processes."""
    if tensors and world_size() > 1:  # one message instead of many small ones
        mean = all_reduce(torch.cat([tensor.ravel() for tensor in tensors])) / world_size()
        for tensor, part in zip(tensors, mean.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))


def broadcast_buffers(network: nn.Module) -> None:
    """Give all processes the first one's batch-norm statistics; the weights are equal in all of them already."""
    if world_size() > 1:
        for buffer in network.buffers():
            processes.broadcast(buffer, 0)


def barrier() -> None:
    """Wait until all processes are here."""
    all_reduce(torch.zeros(1, device=device()))


def compiling() -> bool:
    """Whether SEGMEND_COMPILE asks for torch.compile."""
    value = environ.get("SEGMEND_COMPILE", "").strip() or "0"
    if value not in ("0", "1"):
        raise ValueError(f"SEGMEND_COMPILE is '{value}': 0 and 1 are allowed")
    return value == "1"


def loader_workers() -> int:
    """How many processes load data for this one: SEGMEND_WORKERS; else one on the CPU, and every core for GPUs."""
    several = environ.get("SEGMEND_WORKERS", "").strip() or device().type != "cpu"
    return max(1, workers() // local_world_size()) if several else 1


def share_cores() -> None:
    """On the CPU one core loads data and the others compute, unless OMP_NUM_THREADS is set.

    A computing thread that a data loader preempts makes all others wait for it, and they wait by spinning: with both
    of two cores computing, the default training took up to ten times longer than with one.
    """
    if devices.device().type == "cpu" and not environ.get("OMP_NUM_THREADS"):
        torch.set_num_threads(max(1, cpu_count() - 1))


def requested() -> int:
    """How many processes `launch` uses: torchrun's, SEGMEND_PROCESSES, or one per GPU that SEGMEND_DEVICE leaves open, or one."""
    if torchrun():
        return int(environ["WORLD_SIZE"])
    value = environ.get("SEGMEND_PROCESSES", "").strip()
    if value and not (value.isdigit() and int(value) >= 1):
        raise ValueError(f"SEGMEND_PROCESSES is '{value}': a whole number from 1 is allowed")
    chosen = devices.device()
    gpus = torch.cuda.device_count() if chosen.type == "cuda" and chosen.index is None else 1
    return int(value) if value else gpus


def launch(function: Callable[..., Any], *arguments: Any) -> Any:
    """What `function(*arguments)` returns, in this process or in the first of several (under torchrun in each)."""
    count = requested()
    if count == 1:
        return function(*arguments)
    from lightning.fabric import Fabric

    accelerator = devices.device().type
    if torchrun():
        local = int(environ["LOCAL_WORLD_SIZE"])
        joined = Fabric(accelerator=accelerator, devices=local, num_nodes=count // local, strategy="ddp")
        return joined.launch(_entered, function, *arguments)
    from torch.multiprocessing.spawn import ProcessRaisedException

    fabric = Fabric(accelerator=accelerator, devices=count, strategy="ddp_spawn")
    try:
        return fabric.launch(_entered, function, *arguments)
    except ProcessRaisedException as error:
        last = str(error).strip().splitlines()[-1]
        if last.startswith("ValueError: "):  # an error of the user's stays one sentence
            raise ValueError(last.removeprefix("ValueError: ")) from None
        raise


def _entered(fabric: Any, *call: Any) -> Any:
    """The first call in each of several processes."""
    global _fabric
    function, *arguments = call
    _fabric = fabric
    return function(*arguments)
