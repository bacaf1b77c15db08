"""What surrounds the steps of a training: broken losses, waiting for data, torchrun, compiling."""

import os
import subprocess
import sys
from collections.abc import Iterator
from json import loads
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tasks.train.api.distributed import compiling
from tasks.train.engine import data_stall
from tasks.train.engine.data_stall import DataStall
from tasks.train.engine.dataloader import Batch
from tasks.train.losses.cross_entropy import CrossEntropy
from tests.toys import shapes
from tests.train.runs import bytes_of, quick, run
from tests.train.steps import batch

ROOT = Path(__file__).resolve().parents[2]
PARAMS = """
seed: 0
train:
  network: {name: unet, unet: {widths: [4, 8]}}
  optimizer: {name: sgd}
  augmentations: [{name: flip}, {name: crop, crop: {height: 24, width: 24}}]
  batch: 4
  epochs: 2
"""
WORDS = "--dataset dataset --labels labels --out models/r0 --out-curves metrics/r0.csv --metrics metrics/r0.json --report reports/r0.json"


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.chdir(shapes(tmp_path, train=6, val=2, test=0))
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")
    (tmp_path / "params.yaml").write_text(PARAMS)
    return tmp_path


def test_the_batch_of_a_non_finite_loss_is_saved(toy, monkeypatch):
    """Step 3 of 9 breaks; it is noticed at the end of the epoch, step 6, and found again."""
    plain, seen = CrossEntropy.__call__, []

    def breaking(self, logits, targets):
        seen.append(targets.labels)
        return plain(self, logits, targets) * (float("nan") if targets.progress > 1.5 / 9 else 1)

    monkeypatch.setattr(CrossEntropy, "__call__", breaking)
    settings = quick(epochs=3, batch=2, warmup=0.5, augmentations=[{"name": "flip"}, {"name": "scale"}])
    with pytest.raises(
        ValueError, match=r"the loss is nan from step 3 of 9 on; lower .* torch.load\('.work/train/.*/broken.pt'\)"
    ):
        run(toy, settings)
    assert len(seen) == 3
    content = torch.load(next(toy.glob(".work/train/*/broken.pt")))
    assert content["step"] == 3
    assert content["lr"] == pytest.approx(settings.optimizer.lr * 3 / 4.5 * settings.schedule(2 / 9))
    (images,), (labels,) = content["images"], content["labels"]
    assert images.shape[:2] == (2, 3) and images.shape[2:] == labels.shape[1:]
    assert torch.equal(labels.where(labels < 254, 0).long(), seen[-1])
    assert not list(toy.glob(".work/train/*/state.pt"))


def test_no_state_is_written_after_a_non_finite_loss(toy, monkeypatch):
    monkeypatch.setenv("SEGMEND_CHECKPOINT", "0")
    plain = CrossEntropy.__call__

    def breaking(self, logits, targets):
        return plain(self, logits, targets) * (float("nan") if targets.progress > 1.5 / 9 else 1)

    monkeypatch.setattr(CrossEntropy, "__call__", breaking)
    with pytest.raises(ValueError, match="from step 3 of 9 on"):
        run(toy, quick(epochs=3, batch=2))
    state = torch.load(next(toy.glob(".work/train/*/state.pt")))
    assert state["step"] == 2
    assert all(tensor.isfinite().all() for tensor in state["network"].values())


def slow(clock: list[float], seconds: float) -> Iterator[Batch]:
    """Batches that come after a while, on a clock of our own."""
    while True:
        clock[0] += seconds
        yield batch(0)


def test_the_share_of_time_spent_waiting_by_hand(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(data_stall, "perf_counter", lambda: clock[0])
    one, batches = DataStall(), slow(clock, 3.0)
    assert one.share() == 0
    for _ in range(3):  # 3 s for the first batch do not count; then 6 s of waiting and 6 s of steps
        one.next(batches)
        clock[0] += 2
    assert one.share() == 0.5
    assert one.hint().startswith("50% of the time was spent waiting for data: raise SEGMEND_WORKERS (1 now")
    clock[0] += 100
    assert one.hint() == ""  # 6 of 112 seconds


def test_a_few_seconds_of_waiting_give_no_hint(monkeypatch):
    clock = [0.5]
    monkeypatch.setattr(data_stall, "perf_counter", lambda: clock[0])
    one = DataStall()
    for _ in range(5):
        one.next(slow(clock, 1.0))
    assert one.share() == 1 and one.hint() == ""


PLAIN = """
from segmend.stage import params
from tasks.train.__main__ import train
from tests.train.runs import plain

read = params.read
params.read = lambda *given: plain(read(*given))
raise SystemExit(train())
"""


def command(toy, *before: str, **environment: str) -> str:
    """The stage as a command; `before`: what starts it instead of python -m tasks.train."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SEGMEND_SPOOL")}
    answer = subprocess.run(
        [sys.executable, *(before or ("-m", "tasks.train")), *WORDS.split()],
        cwd=toy,
        env={**own, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def trained(toy, spool: str, *starter: str) -> tuple[np.ndarray, dict, list[dict], str]:
    """The stage as a command, of a network without batch norm: curve, metrics, the lines that it sent, its output."""
    (toy / "plain.py").write_text(PLAIN)
    (toy / spool).mkdir()
    output = command(toy, *starter, "plain.py", SEGMEND_SPOOL=str(toy / spool))
    lines = [loads(line) for line in (toy / spool / "lines.jsonl").read_text().splitlines()]
    curve = np.genfromtxt(toy / "metrics/r0.csv", delimiter=",", names=True)
    return curve, loads((toy / "metrics/r0.json").read_text()), lines, output


def machine_of(lines: list[dict]) -> dict:
    return next(line["values"] for line in lines if "machine.processes" in line.get("values", {}))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_of_torchrun_learn_what_one_learns(toy):
    """Batch norm takes its statistics from each process's share: without it the same within rounding."""
    curve, metrics, lines, _ = trained(toy, "spool")
    assert machine_of(lines)["machine.compiled"] is False and machine_of(lines)["machine.processes"] == 1
    # The share of time spent waiting for data is in the record and on the dashboard, and not in the metrics.
    assert 0 <= loads((toy / "reports/r0.json").read_text())["notes"]["waiting"] < 1
    assert "waiting" not in metrics
    epochs = [line["values"] for line in lines if line["kind"] == "metrics" and "loss" in line["values"]]
    assert len(epochs) == 2 and all(0 <= values["waiting"] < 1 for values in epochs)

    starter = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    curve_of_two, metrics_of_two, lines, output = trained(toy, "spool_of_two", *starter)
    assert output.count("epoch 2/2") == 1  # the first process alone prints
    for name in ("loss", "val_loss", "val_miou"):
        assert curve_of_two[name] == pytest.approx(curve[name], rel=1e-4)
    assert metrics_of_two.keys() == metrics.keys() and metrics_of_two["steps"] == metrics["steps"]
    assert sum(line["kind"] == "outcome" for line in lines) == 1
    assert machine_of(lines)["machine.processes"] == 2
    assert load_file(toy / "models/r0/weights.safetensors")
    assert not list(toy.glob(".work/train/*"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_compiled_it_learns_the_same_and_its_weights_have_plain_names(toy, monkeypatch):
    network = {"name": "unet", "unet": {"widths": [4]}}
    settings = quick(
        network=network,
        epochs=1,
        batch=2,
        augmentations=[{"name": "crop", "crop": {"height": 24, "width": 24}}],
        use="last",
    )
    run(toy, settings, "plain")
    monkeypatch.setenv("SEGMEND_COMPILE", "1")
    run(toy, settings, "compiled")
    curves = [
        np.genfromtxt(toy / "metrics" / f"{n}.csv", delimiter=",", names=True)["loss"] for n in ("plain", "compiled")
    ]
    assert curves[0] == pytest.approx(curves[1], rel=1e-3)
    plain, compiled = (load_file(toy / "models" / n / "weights.safetensors") for n in ("plain", "compiled"))
    assert plain.keys() == compiled.keys()
    assert bytes_of(toy, "plain") != bytes_of(toy, "compiled")  # it was another machine that computed it


def test_what_asks_for_compiling_is_0_or_1(monkeypatch):
    for asked, expected in (("", False), ("0", False), ("1", True)):
        monkeypatch.setenv("SEGMEND_COMPILE", asked)
        assert compiling() == expected
    monkeypatch.setenv("SEGMEND_COMPILE", "yes")
    with pytest.raises(ValueError, match="SEGMEND_COMPILE is 'yes': 0 and 1 are allowed"):
        compiling()


def test_compiled_networks_cannot_be_looked_into(toy, monkeypatch):
    monkeypatch.setenv("SEGMEND_COMPILE", "1")
    with pytest.raises(ValueError, match="SEGMEND_COMPILE=1 cannot be combined with train.selection mixture"):
        run(toy, quick(selection={"name": "mixture"}))
