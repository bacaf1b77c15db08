"""Several processes."""

import numpy as np
import pytest

from tasks.train.api.distributed import Alone, count, launch, readers, share_cores
from tests.train.toy import Plain, quick, run, toys


def where(here) -> tuple[int, int]:
    return here.rank, here.world


def test_one_process_is_this_one(monkeypatch):
    monkeypatch.delenv("SEGMEND_PROCESSES", raising=False)
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")
    assert count() == 1
    assert launch(where) == (0, 1)
    assert launch(lambda here: type(here)) is Alone


def test_under_torchrun_its_number_counts(monkeypatch):
    monkeypatch.setenv("SEGMEND_PROCESSES", "7")
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert count() == 7  # somebody else's variable says nothing
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "one")
    assert count() == 3


def test_a_number_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("SEGMEND_PROCESSES", "many")
    with pytest.raises(ValueError, match="many"):
        count()


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
    assert readers(Alone()) == 1
    monkeypatch.setenv("SEGMEND_WORKERS", "5")
    assert readers(Alone()) == 5


PULL = {"name": "codistillation", "codistillation": {"weight": 2, "burn_in": 0, "ramp": 0}}


EARLY = {"name": "adele", "adele": {"change": 0.01, "start": 0.0, "every": 1, "threshold": 0.1}}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_learn_what_one_learns(tmp_path, monkeypatch):
    """Two processes on the CPU share each batch: the curve is that of one process within rounding (test_running.py: the same
    without a teacher, by torchrun). So too with a second network, which no wrapper knows: what it learns from both shares
    pulls the first one. And with labels corrected between epochs, of which each process writes its share and reads all.
    """
    monkeypatch.chdir(toys(tmp_path))
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")
    settings = quick(epochs=3, optimizer={"name": "sgd"}, teacher=PULL, correction=EARLY)
    settings = settings.model_copy(update={"network": Plain()})
    curves, shares = [], []
    for processes in ("1", "2"):
        monkeypatch.setenv("SEGMEND_PROCESSES", processes)
        metrics = run(tmp_path, settings, processes)
        curves.append(np.loadtxt(tmp_path / "metrics" / f"{processes}.csv", delimiter=",", skiprows=1))
        shares.append(metrics["corrected_share"])
    assert np.allclose(*curves, rtol=1e-4)
    assert shares[0] > 0 and shares[1] == pytest.approx(shares[0], rel=0.01)
