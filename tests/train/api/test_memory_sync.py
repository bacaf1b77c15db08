"""Losses with memory or parameters in two processes: both end with what one process that sees all would have."""

from pathlib import Path

import pytest
import torch
import torch.distributed as processes
from torch.multiprocessing import spawn

from tasks.train.api.memory_sync import gathered, shared, summed, world
from tasks.train.api.targets import Targets
from tasks.train.losses.backward import Backward
from tasks.train.losses.elr import Elr
from tasks.train.losses.forward import Forward
from tasks.train.losses.ill import Ill
from tasks.train.losses.suspected_smoothing import SuspectedSmoothing
from tasks.train.losses.t_loss import TLoss

LOSSES = [
    Elr(memory="float32"),
    TLoss(),
    Forward(share=1.0, start=0.9),
    Forward(estimate="joint", start=0.9),
    Backward(share=1.0, start=0.9),
    Ill(),
    SuspectedSmoothing(),
]


def learn(images: slice, parts: int = 1) -> list[dict[str, torch.Tensor]]:
    """What each loss knows after three steps in which this process sees some of four images."""
    found = []
    for loss in LOSSES:
        ready = loss.build(3, 8)
        for step in range(3):
            generator = torch.Generator().manual_seed(step)
            labels = torch.randint(0, 3, (4, 4, 4), generator=generator)
            valid = torch.rand(4, 4, 4, generator=generator) > 0.3
            logits = 3 * torch.randn(4, 3, 4, 4, generator=generator)
            cells = torch.tensor([0, 1, 2 + step, 0])[:, None, None].expand(
                4, 4, 4
            )  # the first and last: one image, twice
            mine = Targets(
                labels[images], valid[images], torch.ones(3) / 3, cells=cells[images], progress=0.5 + step / 10
            )
            values = ready(logits[images].requires_grad_(), mine)
            (values.where(mine.valid, 0).sum() * parts).backward()
        gradients = {name: parameter.grad for name, parameter in ready.named_parameters()}
        found.append({**{name: value.detach() for name, value in ready.state_dict().items()}, "gradients": gradients})
    return found


def half(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    store = Path(folder) / "store"
    processes.init_process_group("gloo", init_method=store.as_uri(), rank=rank, world_size=2)
    rows = gathered(torch.full((rank + 1, 2), float(rank)))
    torch.save((rows, learn(slice(2 * rank, 2 * rank + 2), 2)), Path(folder) / f"{rank}.pt")
    processes.destroy_process_group()


@pytest.mark.slow
def test_two_processes_know_what_one_knows(tmp_path):
    spawn(half, (str(tmp_path),), nprocs=2)
    expected = learn(slice(4))
    for rank in range(2):
        rows, found = torch.load(tmp_path / f"{rank}.pt")
        assert rows.tolist() == [[0, 0], [1, 1], [1, 1]]
        for loss, one, other in zip(LOSSES, expected, found, strict=True):
            torch.testing.assert_close(other, one, msg=lambda text, loss=loss: f"{loss!r}: {text}")


def test_alone_nothing_happens():
    rows = torch.rand(3, 2)
    assert world() == 1 and gathered(rows) is rows and summed(rows) is rows
    parameter = shared(torch.nn.Parameter(torch.ones(2)))
    (2 * parameter).sum().backward()
    assert parameter.grad.tolist() == [2, 2]
