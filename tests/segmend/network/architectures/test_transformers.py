"""Networks of the transformers library."""

import pytest
import torch

from segmend.network import segmenter
from segmend.network.architectures.transformers import Transformers
from tests.toys import SHAPE_CARD

SEGFORMER = {"hidden_sizes": [8, 16, 16, 32], "depths": [1, 1, 1, 1], "decoder_hidden_size": 16}


def test_another_class_by_its_name():
    config = {"depth_multiplier": 0.25, "min_depth": 8}
    made = segmenter.build(Transformers(model="MobileNetV2ForSemanticSegmentation", config=config), 3).eval()
    with torch.no_grad():
        assert made(torch.randn(1, 3, 20, 32)).shape == (1, 3, 20, 32)


def test_weights_come_from_a_local_folder_and_the_head_is_made_anew(tmp_path):
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    torch.manual_seed(0)
    given = SegformerForSemanticSegmentation(SegformerConfig(**SEGFORMER, num_labels=7))
    given.save_pretrained(tmp_path / "given")
    method = Transformers(source=str(tmp_path / "given"))
    made = segmenter.build(method, 3).eval()
    weights = dict(given.named_parameters())
    assert all(
        torch.equal(parameter, weights[name])
        for name, parameter in made.body.network.named_parameters()
        if not name.startswith("decode_head.classifier")
    )
    assert made(torch.randn(1, 3, 32, 32)).shape[1] == 3

    segmenter.save(tmp_path / "own", made, method, SHAPE_CARD)
    (tmp_path / "given" / "model.safetensors").unlink()  # a saved network needs its source no more
    (tmp_path / "given" / "config.json").unlink()
    x = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.allclose(segmenter.load(tmp_path / "own")[0](x), made(x), atol=1e-6)


def test_an_unknown_class_is_named():
    with pytest.raises(ValueError, match="SegFromer"):
        Transformers(model="SegFromer").build(3)


def test_a_source_that_is_not_there_ends_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match="set source: null"):
        Transformers(source=str(tmp_path / "nothing")).build(3)
