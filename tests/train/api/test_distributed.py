"""One process or two: collective operations, losses with state, whole trainings."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as processes
from torch.multiprocessing import spawn

from tasks.train.api import distributed
from tasks.train.api.distributed import launch, loader_workers, requested, share_cores
from tasks.train.api.targets import Targets
from tasks.train.losses.backward import Backward
from tasks.train.losses.elr import Elr
from tasks.train.losses.forward import Forward
from tasks.train.losses.ill import Ill
from tasks.train.losses.suspected_smoothing import SuspectedSmoothing
from tasks.train.losses.t_loss import TLoss
from tests.toys import shapes
from tests.train.runs import plain, quick, run


def test_one_process_is_this_one(monkeypatch):
    monkeypatch.delenv("SEGMEND_PROCESSES", raising=False)
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")
    assert requested() == 1
    assert launch(lambda *given: (distributed.rank(), distributed.world_size(), *given), 3) == (0, 1, 3)
    rows = torch.rand(3, 2)
    assert distributed.all_gather(rows) is rows and distributed.all_reduce(rows) is rows
    kept = rows.clone()
    distributed.average([rows])
    assert torch.equal(rows, kept)


def test_under_torchrun_its_number_counts(monkeypatch):
    monkeypatch.setenv("SEGMEND_PROCESSES", "7")
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert requested() == 7  # the variable alone may be another program's
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "one")
    assert requested() == 3


def test_a_number_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("SEGMEND_PROCESSES", "many")
    with pytest.raises(ValueError, match="many"):
        requested()


def test_on_the_cpu_one_core_is_left_for_reading(monkeypatch):
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")
    asked = []
    monkeypatch.setattr("torch.set_num_threads", asked.append)
    monkeypatch.setattr("tasks.train.api.distributed.cpu_count", lambda: 8)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    share_cores()
    assert asked == []
    monkeypatch.delenv("OMP_NUM_THREADS")
    share_cores()
    assert asked == [7]
    monkeypatch.delenv("SEGMEND_WORKERS", raising=False)
    assert loader_workers() == 1
    monkeypatch.setenv("SEGMEND_WORKERS", "5")
    assert loader_workers() == 5


PULL = {"name": "codistillation", "codistillation": {"weight": 2, "burn_in": 0, "ramp": 0}}


EARLY = {"name": "adele", "adele": {"change": 0.01, "start": 0.0, "every": 1, "threshold": 0.1}}


LOSSES = [
    Elr(memory="float32"),
    TLoss(),
    Forward(share=1.0, start=0.9),
    Forward(estimate="joint", start=0.9),
    Backward(share=1.0, start=0.9),
    Ill(),
    SuspectedSmoothing(),
]


def states_after_three_steps(images: slice, parts: int = 1) -> list[dict[str, torch.Tensor]]:
    """The state of each loss after three steps in which this process sees some of four images."""
    states = []
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
        distributed.average(list(gradients.values()))  # as a step does
        states.append({**{name: value.detach() for name, value in ready.state_dict().items()}, "gradients": gradients})
    return states


def half(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    store = Path(folder) / "store"
    processes.init_process_group("gloo", init_method=store.as_uri(), rank=rank, world_size=2)
    rows = distributed.all_gather(torch.full((rank + 1, 2), float(rank)))
    mean = torch.tensor([1.0, 2.0]) * (rank + 1)
    distributed.average([mean])
    total = distributed.all_reduce(torch.tensor([[1, 2], [3, 4]]).T * (rank + 1))  # not contiguous
    network = torch.nn.BatchNorm1d(1)
    network.running_mean.fill_(rank + 5)
    distributed.broadcast_buffers(network)
    distributed.barrier()
    collected = (rows, mean, total, network.running_mean, distributed.rank(), distributed.world_size())
    torch.save((collected, states_after_three_steps(slice(2 * rank, 2 * rank + 2), 2)), Path(folder) / f"{rank}.pt")
    processes.destroy_process_group()


@pytest.mark.slow
def test_losses_with_state_end_equal_in_two_processes_and_one(tmp_path):
    spawn(half, (str(tmp_path),), nprocs=2)
    expected = states_after_three_steps(slice(4))
    for rank in range(2):
        (rows, mean, total, buffer, *numbers), states = torch.load(tmp_path / f"{rank}.pt")
        assert rows.tolist() == [[0, 0], [1, 1], [1, 1]]
        assert (mean.tolist(), total.tolist(), buffer.tolist(), numbers) == (
            [1.5, 3],
            [[3, 9], [6, 12]],
            [5],
            [rank, 2],
        )
        for loss, alone, divided in zip(LOSSES, expected, states, strict=True):
            torch.testing.assert_close(divided, alone, msg=lambda text, loss=loss: f"{loss!r}: {text}")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_learn_what_one_learns(tmp_path, monkeypatch):
    """Two processes on the CPU share each batch: the curve is that of one process within rounding (test_running.py: the same
    without a teacher, by torchrun). So too with a second network, which no wrapper knows: what it learns from both shares
    pulls the first one. And with labels corrected between epochs, of which each process writes its share and reads all.
    """
    monkeypatch.chdir(shapes(tmp_path))
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")
    settings = quick(epochs=3, optimizer={"name": "sgd"}, teacher=PULL, correction=EARLY)
    settings = plain(settings)
    curves, shares = [], []
    for count in ("1", "2"):
        monkeypatch.setenv("SEGMEND_PROCESSES", count)
        metrics = run(tmp_path, settings, count)
        curves.append(np.loadtxt(tmp_path / "metrics" / f"{count}.csv", delimiter=",", skiprows=1))
        shares.append(metrics["corrected_share"])
    assert np.allclose(*curves, rtol=1e-4)
    assert shares[0] > 0 and shares[1] == pytest.approx(shares[0], rel=0.01)
