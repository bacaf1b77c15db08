"""Class mapping and alignment to the pixel: the model's output is a known function of its input's pixels."""

import json
from pathlib import Path
from shutil import copytree
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import transformers as t

from segmend.images.rasters import UNLABELLED, VOID
from tasks.pseudo_label.labellers.closed_vocabulary import ClosedVocabulary
from tests.pseudo_label.labellers import tiny
from tests.pseudo_label.labellers.tiny import CLASSES, context, item

MASK = {"wall": "ground", "leaf": "leaf", "stone": "stone", "sky": "void"}
COLOURS = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)], np.uint8)  # wall, leaf, stone, sky


def blocks(shape, cell):
    """Blocks of the model's four classes, all four at every corner, and the picture whose colours say them."""
    rows, columns = np.arange(shape[0]) // cell[0], np.arange(shape[1]) // cell[1]
    ids = rows[:, None] % 2 * 2 + (columns + rows[:, None] // 2) % 2
    return ids, COLOURS[ids]


def logits_of(pixels, stride=4):
    """Which colour each cell of the network's input has, as logits at a quarter of its size."""
    small = F.avg_pool2d(pixels, stride)
    red, green, blue = ((small - small.amin()) / (small.amax() - small.amin())).unbind(1)
    both = [red - green - blue, green - red - blue, blue - red - green, red + green + blue - 2]
    return 20 * F.relu(torch.stack(both, 1))


def run(method, image, **more):
    one = item(image.shape[:2])._replace(image=image)
    return method.build(context(**more)).run([one, one])[1]


def unscaled(folder: str, tmp_path: Path, **settings) -> str:
    """A copy whose processor does not normalise and has other settings."""
    made = copytree(folder, tmp_path / "copy")
    path = made / "preprocessor_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "do_normalize": False, **settings}))
    return str(made)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("shape, cell", [((64, 128), (8, 16)), ((32, 128), (4, 16)), ((64, 64), (8, 8))])
def test_semantic_maps_line_up_with_the_image(shape, cell, flip, monkeypatch, tmp_path):
    def forward(self, pixel_values, **_):
        return SimpleNamespace(logits=logits_of(pixel_values))

    monkeypatch.setattr(t.SegformerForSemanticSegmentation, "forward", forward)
    ids, image = blocks(shape, cell)
    method = ClosedVocabulary(model=unscaled(tiny.segformer(), tmp_path), mapping=MASK, flip=flip)
    found = run(method, image).labels
    assert (found == np.array([0, 1, 2, VOID])[ids]).all()


@pytest.mark.parametrize("flip", [False, True])
def test_universal_maps_line_up_though_the_input_is_padded(flip, monkeypatch, tmp_path):
    def forward(self, pixel_values, pixel_mask, **_):
        assert pixel_mask[0].sum() == 32 * 64 and pixel_values.shape[-2:] == (96, 128)
        masks = logits_of(pixel_values) - 10
        classes = 20 * torch.eye(4, 5).expand(len(masks), 4, 5)
        return SimpleNamespace(class_queries_logits=classes, masks_queries_logits=masks)

    monkeypatch.setattr(t.Mask2FormerForUniversalSegmentation, "forward", forward)
    ids, image = blocks((16, 32), (4, 8))  # enlarged to 32 x 64, padded to 96 x 128
    sizes = {"size": {"shortest_edge": 32, "longest_edge": 64}, "pad_size": {"height": 96, "width": 128}}
    folder = unscaled(tiny.mask2former(), tmp_path, **sizes)
    found = run(ClosedVocabulary(model=folder, mapping=MASK, flip=flip), image)
    assert (found.labels == np.array([0, 1, 2, VOID])[ids]).all()


def test_one_score_by_hand(monkeypatch):
    """Two queries, both all over the image: 0.5 * 0.8 + 0.25 * 0.4 for the class that both may be."""

    def forward(self, pixel_values, **_):
        probabilities = torch.tensor([[0.1, 0.8, 0.05, 0.05 - 1e-6, 1e-6], [0.2, 0.4, 0.2, 0.1, 0.1]]).log()[None]
        masks = torch.tensor([0.5, 0.25]).logit()[None, :, None, None].expand(1, 2, 16, 24)
        return SimpleNamespace(class_queries_logits=probabilities, masks_queries_logits=masks)

    monkeypatch.setattr(t.Mask2FormerForUniversalSegmentation, "forward", forward)
    one = item((20, 24))
    found = ClosedVocabulary(model=tiny.mask2former()).build(context()).run([one])[0]
    assert (found.labels == 1).all() and np.allclose(found.scores[:, 1], 0.5, atol=1e-5)
    assert np.allclose(found.scores[:, 2], 0.5 * 0.05 + 0.25 * 0.2, atol=1e-5) and (found.scores[:, 0] == 0).all()


def test_classes_of_the_model_for_one_of_ours_share_their_score_and_the_rest_stays_unlabelled(monkeypatch):

    def forward(self, pixel_values, **_):
        left = torch.tensor([0.1, 0.4, 0.3, 0.2]).log()[:, None, None].expand(4, 16, 8)
        right = torch.tensor([0.4, 0.3, 0.2, 0.1]).log()[:, None, None].expand(4, 16, 8)
        return SimpleNamespace(logits=torch.cat([left, right], 2)[None])

    monkeypatch.setattr(t.SegformerForSemanticSegmentation, "forward", forward)
    one = item((20, 24))
    found = ClosedVocabulary(model=tiny.segformer(), mapping={"leaf": "stone", "stone": "stone"}).build(context())
    found = found.run([one])[0]
    assert (found.labels[:, :11] == 2).all() and (found.labels[:, 13:] == UNLABELLED).all()
    assert np.allclose(found.scores[0], [0, 0, 0.7], atol=1e-5) and np.allclose(found.scores[3], [0, 0, 0.5], atol=1e-5)


def test_an_empty_mapping_goes_by_equal_names():
    assert ClosedVocabulary().columns(["Leaf", "wall", "stone"], CLASSES).tolist() == [1, 3, 2]


@pytest.mark.parametrize(
    "mapping, words",
    [
        ({"roof": "leaf"}, "'roof' is no class of the model; the model's classes are wall, sky"),
        ({}, "no class of the model is named like ours"),
        ({"wall": "moss"}, "names the class 'moss', .* allowed are ground, leaf, stone, void"),
    ],
)
def test_mistakes_in_the_mapping_are_named(mapping, words):
    with pytest.raises(ValueError, match=words):
        ClosedVocabulary(mapping=mapping).columns(["wall", "sky"], CLASSES)


def test_a_model_without_a_segmentation_head_is_named():
    with pytest.raises(ValueError, match="is a sam, which has no segmentation head"):
        ClosedVocabulary(model=tiny.sam()).build(context())


@pytest.mark.parametrize("switch", ["SEGMEND_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_says_what_to_fetch_and_where_to_put_it(switch, monkeypatch, tmp_path):
    monkeypatch.setenv(switch, "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ValueError, match=r"run `hf download some/model --revision v2` and copy the cache \(HF_HOME"):
        ClosedVocabulary(model="some/model", revision="v2").build(context())
    with pytest.raises(
        ValueError, match="set pseudo_label.labeller.closed_vocabulary.model to the folder of a saved model"
    ):
        ClosedVocabulary(model=str(tmp_path / "nothing")).build(context())


def test_the_local_cache_is_enough_and_the_commit_is_recorded(monkeypatch, tmp_path):
    commit = "0123456789abcdef0123456789abcdef01234567"
    folder = tmp_path / "models--some--model"
    copytree(tiny.segformer(), folder / "snapshots" / commit)
    (folder / "refs").mkdir()
    (folder / "refs/main").write_text(commit)
    monkeypatch.setenv("SEGMEND_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    card = ClosedVocabulary(model="some/model").build(context()).cards[0]
    assert card["id"] == "some/model" and card["revision"] == commit
    assert card["sha256"] == ClosedVocabulary(model=tiny.segformer()).build(context()).cards[0]["sha256"]
