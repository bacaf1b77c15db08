"""A training killed at any point ends with the bytes of one that was not."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random
from time import monotonic, sleep

import pytest

from tests.toys import shapes

ROOT = Path(__file__).resolve().parents[3]
PARAMS = """
seed: 0
train:
  network: {name: unet, unet: {widths: [4, 8]}}
  optimizer: {name: adamw}
  augmentations: [{name: flip}, {name: crop, crop: {height: 24, width: 24}}]
  batch: 2
  epochs: 60
  validate_every: 10
  use: best
"""


def command(root: Path, every: str) -> subprocess.Popen:
    words = "--dataset dataset --labels labels --out models/r0 --out-curves metrics/r0.csv --metrics metrics/r0.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SEGMEND_CHECKPOINT": every, "OMP_NUM_THREADS": "1"}
    environment |= {"SEGMEND_PRECISION": "fp32", "SEGMEND_WORKERS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "tasks.train", *words.split()],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def outputs(root: Path) -> dict[str, bytes]:
    paths = ("models/r0/config.json", "models/r0/weights.safetensors", "metrics/r0.csv", "metrics/r0.json")
    return {path: (root / path).read_bytes() for path in paths}


def written(root: Path) -> float:
    """When the state was written last: 0 where there is none."""
    return max((path.stat().st_mtime_ns for path in root.glob(".work/train/*/state.pt")), default=0)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_killed_twice_and_resumed_gives_the_same_bytes(tmp_path):
    for name in ("whole", "killed"):
        shapes(tmp_path / name, train=6, val=2, test=0)
        (tmp_path / name / "params.yaml").write_text(PARAMS)
    whole = command(tmp_path / "whole", "60")
    whole.communicate()
    assert whole.returncode == 0

    random, killed = Random(os.getpid()), tmp_path / "killed"  # another batch at every run of this test
    for _ in range(2):
        before, process, limit = written(killed), command(killed, "0"), monotonic() + 60
        while written(killed) == before and process.poll() is None and monotonic() < limit:
            sleep(0.005)  # the state is written at every step: wait for the first one
        sleep(random.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        said = process.communicate()[0]
        assert process.returncode == -signal.SIGKILL, f"it ended before it could be killed: {said}"
        assert not (killed / "models").exists()
    last = command(killed, "0")
    said = last.communicate()[0]
    assert last.returncode == 0, said
    assert "resumed at step" in said
    assert outputs(killed) == outputs(tmp_path / "whole")
    assert not list(killed.glob(".work/train/*"))
