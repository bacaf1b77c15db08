"""No stage holds all images in memory."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from segmend.images.dataset import write_card, write_samples
from tests.toys import SHAPE_CARD, draw_shapes
from tests.train.runs import store

ROOT = Path(__file__).resolve().parents[3]
SIDE = 320
MEASURED = """
import resource, sys
from pathlib import Path
from tasks.train.__main__ import train
from tests.train.runs import quick
root = Path(sys.argv[1])
train.stage(quick(epochs=1), 0, dataset=root / "dataset", labels=root / "labels", out=root / "out", out_curves=root / "curve.csv")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def many(root: Path, count: int) -> Path:
    """`count` training images of 320x320 (0.4 MB each in memory), hard links of four."""
    generator, samples = np.random.default_rng(0), []
    for k in range(count):
        name = f"{k:04d}"
        if k < 4:
            samples.append(store(root, name, "train" if k else "val", *draw_shapes(generator, SIDE, SIDE)))
            continue
        for kind, end in (("dataset/images", ".png"), ("labels/maps", ".png")):
            os.link(root / kind / f"000{k % 4}{end}", root / kind / f"{name}{end}")
        samples.append(samples[k % 4]._replace(id=name, split="train"))
    write_card(root / "dataset", SHAPE_CARD)
    write_samples(root / "dataset", samples)
    return root


def peaks(root: Path) -> np.ndarray:
    """Most memory of the training process and of its readers, in kilobytes."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "SEGMEND_WORKERS": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", MEASURED, str(root)],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return np.array(answer.stdout.splitlines()[-1].split(), float)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_ten_times_the_images_take_the_same_memory(tmp_path):
    """Held all at once, the 450 more would take 185 MB."""
    few, most = peaks(many(tmp_path / "a", 50)), peaks(many(tmp_path / "b", 500))
    assert (most < 1.1 * few).all(), f"{few} and {most} kilobytes"
