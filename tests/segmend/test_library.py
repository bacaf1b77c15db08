"""`import segmend` in a notebook: light, and as docs/library.md says."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import segmend
from segmend.images.dataset import Labels
from segmend.network import segmenter
from segmend.network.architectures.unet import UNet
from tests.toys import SHAPE_CARD

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/library.md").read_text(), flags=re.DOTALL)


@pytest.mark.slow
def test_the_page_runs_from_top_to_bottom_in_a_workspace(made, monkeypatch, capsys):
    monkeypatch.chdir(made)
    names: dict = {}
    for block in BLOCKS:
        exec(block, names)
    printed = capsys.readouterr().out
    before, after = (float(score) for score in re.findall(r"mIoU ([\d.]+)", printed))
    assert len(BLOCKS) == 3 and after > before
    assert names["changes"].wrong > 0 and names["class_map"].shape == names["image"].shape[:2]
    assert np.array_equal(names["p"].argmax(0), names["class_map"])
    regions = segmend.load_regions("data/regions")[names["train"][0]]
    assert regions.dtype == np.int32 and regions.shape == names["class_map"].shape


def test_importing_it_loads_neither_numpy_nor_torch_and_reading_labels_no_torch():
    code = (
        "import sys, segmend; assert 'numpy' not in sys.modules; "
        "segmend.load_labels, segmend.Dataset, segmend.confusion; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_every_public_name_has_a_docstring_and_a_stub():
    stub = (ROOT / "segmend/__init__.pyi").read_text()
    for name in segmend.__all__:
        value = getattr(segmend, name)
        assert isinstance(value, int) or value.__doc__
        assert f" as {name}\n" in stub
    with pytest.raises(AttributeError, match="it has Dataset"):
        _ = segmend.load_everything


def test_a_label_set_is_a_mapping(tmp_path):
    for name, value in (("b", 1), ("a/0", 0)):
        Labels(tmp_path).write(name, np.full((2, 3), value, np.uint8), SHAPE_CARD)
    labels = segmend.load_labels(str(tmp_path))
    assert list(labels) == ["a/0", "b"] and len(labels) == 2 and labels["b"].tolist() == [[1] * 3] * 2
    with pytest.raises(KeyError, match="no labels of 'c'"):
        labels["c"]
    with pytest.raises(ValueError, match="data/labels/r0"):
        segmend.load_labels(tmp_path / "nowhere")


def test_confusion_of_maps_and_of_sets():
    truth, said = np.array([[0, 1, 255]], np.uint8), np.array([[0, 0, 0]], np.uint8)
    assert segmend.confusion(truth, said, 2).matrix[:, :2].tolist() == [[1, 0], [1, 0]]
    both = segmend.confusion({"a": truth, "b": truth}, {"b": said, "a": truth}, 2)
    assert both.wrong == 1 and both.pixels == 4
    with pytest.raises(ValueError, match="1 are in one alone, the first is 'b'"):
        segmend.confusion({"a": truth}, {"a": truth, "b": truth}, 2)


def test_a_network_predicts_images_of_any_size(tmp_path):
    torch.manual_seed(0)
    segmenter.save(tmp_path, segmenter.build(UNet(widths=(4, 8)), 3), UNet(widths=(4, 8)), SHAPE_CARD)
    network = segmend.load_network(tmp_path)
    for size in ((16, 16), (9, 21)):
        image = np.random.default_rng(0).integers(256, size=(*size, 3), dtype=np.uint8)
        scores = segmend.probabilities(network, image)
        assert scores.shape == (3, *size) and np.allclose(scores.sum(0), 1, atol=1e-5)
        assert np.array_equal(segmend.predict(network, image), scores.argmax(0))
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)):
        with pytest.raises(ValueError, match="8-bit RGB image"):
            segmend.predict(network, wrong)
