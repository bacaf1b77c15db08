"""The registered network: segmend/ alone goes with it, and it loads where no workspace is on the path."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from flows.tracking.registry import save_pyfunc
from segmend import load_network, predict
from segmend.network import segmenter
from segmend.network.architectures.unet import UNet
from tests.toys import SHAPE_CARD

ROOT = Path(__file__).resolve().parents[3]
ELSEWHERE = """
import importlib.abc, json, sys

class NotHere(importlib.abc.MetaPathFinder):  # an installed project or workspace must not help
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tasks", "flows", "annotate"):
            raise ModuleNotFoundError(f"{name} is not in this environment")

sys.meta_path.insert(0, NotHere())
assert "segmend" not in sys.modules
import mlflow, numpy
model = mlflow.pyfunc.load_model(sys.argv[1])
import segmend
print(json.dumps([segmend.__file__, model.predict(numpy.load(sys.argv[2])).tolist()]))
"""


def test_the_model_loads_and_predicts_without_the_project(tmp_path):
    torch.manual_seed(0)
    segmenter.save(tmp_path / "r0", segmenter.build(UNet(widths=(4, 8)), 3), UNet(widths=(4, 8)), SHAPE_CARD)
    images = np.random.default_rng(0).integers(256, size=(2, 16, 21, 3), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    save_pyfunc(tmp_path / "r0", ROOT / "segmend", tmp_path / "model")
    shipped = {path.relative_to(tmp_path / "model/code").parts[0] for path in (tmp_path / "model/code").rglob("*.py")}
    assert shipped == {"segmend"}
    (tmp_path / "elsewhere").mkdir()
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "model"), str(tmp_path / "images.npy")]
    ended = subprocess.run(command, cwd=tmp_path / "elsewhere", capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    loaded, maps = json.loads(ended.stdout.splitlines()[-1])
    assert Path(loaded).is_relative_to(tmp_path / "model")
    assert np.array_equal(maps[1], predict(load_network(tmp_path / "r0"), images[1]))


@pytest.mark.slow
def test_mlflow_models_predict_works_without_a_network_connection(tmp_path: Path):
    """`mlflow models predict` in this environment: JSON in, class maps out, as the project's own prediction has them."""
    torch.manual_seed(0)
    segmenter.save(tmp_path / "r0", segmenter.build(UNet(widths=(4, 8)), 3), UNet(widths=(4, 8)), SHAPE_CARD)
    save_pyfunc(tmp_path / "r0", ROOT / "segmend", tmp_path / "model")
    images = np.random.default_rng(0).integers(256, size=(1, 8, 6, 3), dtype=np.uint8)
    (tmp_path / "in.json").write_text(json.dumps({"inputs": images.tolist()}))
    words = [
        "models",
        "predict",
        "-m",
        "model",
        "-i",
        "in.json",
        "-o",
        "out.json",
        "-t",
        "json",
        "--env-manager",
        "local",
    ]
    no_network = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"}
    env = {**os.environ, **no_network, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/none.db", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, "-m", "mlflow", *words], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads((tmp_path / "out.json").read_text())["predictions"]
    assert np.array_equal(found, [predict(load_network(tmp_path / "r0"), images[0])])
