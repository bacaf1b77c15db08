"""Prototypes: by hand, the limits, where examples come from, and that the ImageNet weights are what they say."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from skimage import data

from segmend.answers.answers import Answer, encode
from segmend.images.rasters import NO_REGION, UNLABELLED, VOID
from segmend.network.lite0 import lite0, weights_file
from tasks.pseudo_label.labellers._region_features import colour, pooling
from tasks.pseudo_label.labellers.prototypes import Prototypes, linear, nearest
from tests.pseudo_label.labellers.tiny import Item, context, item

COLOURS = np.array([(200, 30, 30), (30, 200, 30), (30, 30, 200)], np.uint8)


def scene(seed=0, mask=True, size=1):
    """Cells of three colours, 4 x 4 cells of 5 x 6 pixels times `size`; each class is in it."""
    _, _, regions = item((20, 24))
    regions = np.kron(regions, np.ones((size, size), np.int32))
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(16) % 3)[regions].astype(np.uint8)
    noise = rng.integers(-20, 20, (*truth.shape, 3))
    return Item((COLOURS[truth] + noise).clip(0, 255).astype(np.uint8), truth if mask else None, regions)


def build(scenes, seed=0, answers=(), **more):
    names = tuple(str(k) for k in range(len(scenes)))
    here = context(train=names, item=lambda name: scenes[int(name)], seed=seed, answers=answers)
    return Prototypes(**{"features": "colour", **more}).build(here)


def test_nearest_prototype_by_hand():
    x = np.array([[1.0, 0], [0, 1], [1, 0]])
    present, scores = nearest(x, np.array([2, 0, 2]), 0.5)(np.array([[0.6, 0.8]]))
    powers = np.exp([1.6, 1.2])
    assert present.tolist() == [0, 2] and scores[0] == pytest.approx(powers / powers.sum())


def test_one_example_is_the_nearest_example_by_cosine():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 8))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = rng.normal(size=(50, 8))
    found = nearest(x, np.arange(4), 0.1)(y / np.linalg.norm(y, axis=1, keepdims=True))[1]
    assert (found.argmax(1) == (y @ x.T).argmax(1)).all()


def test_softmax_regression_is_at_its_minimum():
    """For two classes at -1 and 1 the weights are -w and w with w = 2 (1 - p), p = 1 / (1 + exp(-2 w))."""
    _, scores = linear(np.array([[-1.0], [1.0]]), np.array([0, 1]), 1.0)(np.array([[1.0]]))
    p = scores[0, 1]
    assert np.log(p / (1 - p)) / 2 == pytest.approx(2 * (1 - p), abs=1e-4)


@pytest.mark.parametrize("head", ["prototypes", "linear"])
@pytest.mark.parametrize("features", ["colour", "efficientnet_lite0"])
def test_a_few_regions_label_the_rest(head, features):
    scenes = [scene(k, size=4) for k in range(3)]
    model = build(scenes, head=head, features=features, examples=8)
    found = model.run([scene(7, mask=False, size=4)])[0]
    assert (found.labels == scene(7, size=4).mask).mean() > 0.9
    assert found.scores.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert model.cards[-1]["examples"] == {"ground": 8, "leaf": 8, "stone": 8}


def test_examples_are_drawn_by_the_seed_and_only_from_pure_regions():
    scenes = [scene(k) for k in range(3)]
    hashes = [build(scenes, seed, examples=2).cards[-1]["sha256"]["examples"] for seed in (0, 0, 1)]
    assert hashes[0] == hashes[1] != hashes[2]
    scenes[0].mask[::2] = UNLABELLED
    scenes[1].mask[::2] = VOID
    assert sum(build(scenes, examples=50).cards[-1]["examples"].values()) == 16


def test_a_class_without_examples_is_never_given_and_no_region_has_no_label():
    one = scene()
    one.mask[one.mask == 2] = UNLABELLED
    shown = scene(3)
    shown.regions[:, :6] = NO_REGION
    found = build([one]).run([shown])[0]
    assert set(np.unique(found.labels[:, 6:])) == {0, 1} and (found.labels[:, :6] == UNLABELLED).all()
    assert (found.scores[:, 2] == 0).all()


def test_a_region_as_large_as_the_image_gets_one_label():
    whole = scene(3)._replace(regions=np.zeros((20, 24), np.int32))
    assert len(np.unique(build([scene()]).run([whole])[0].labels)) == 1


def test_no_example_at_all_ends_in_a_sentence():
    with pytest.raises(ValueError, match=r"no labelled region to learn from; .* lower pure \(it is 0.9\)"):
        build([scene(mask=False)])


def test_examples_from_answers_and_of_overlapping_ones_the_later():
    shown = scene(0, mask=False)
    truth = scene(0).mask

    def answer(k, mask, name, kind="class"):
        return Answer(query=f"r1-{k}", image="0", footprint=encode(mask), kind=kind, classes=(name,) if name else ())

    given = [answer(9, shown.regions == 0, "leaf")]
    given += [answer(k, truth == k, name) for k, name in enumerate(("ground", "leaf", "stone"))]
    given += [answer(5, shown.regions == 1, "", "skip")]
    model = build([shown], answers=tuple(given), source="answers")
    assert model.cards[-1]["examples"] == {"ground": 1, "leaf": 1, "stone": 1}
    assert (model.run([scene(5, mask=False)])[0].labels == scene(5).mask).all()


def test_pooling_is_the_mean_of_the_enlarged_map():
    rng = np.random.default_rng(0)
    coarse = rng.normal(size=(3, 4, 5))
    regions = rng.integers(-1, 6, (17, 22)).astype(np.int32)
    fine = F.interpolate(torch.from_numpy(coarse)[None], (17, 22), mode="bilinear", align_corners=False)[0].numpy()
    wanted = np.stack([fine[:, regions == k].mean(axis=1) for k in range(6)])
    assert np.allclose(pooling(regions, (4, 5)) @ coarse.reshape(3, -1).T, wanted)


def test_colour_by_hand():
    image = np.zeros((1, 4, 3), np.uint8)
    image[0, 1] = image[0, 2] = image[0, 3] = 255  # white is lightness 100
    found = colour(image, np.array([[0, 0, 1, 1]], np.int32))
    assert found[:, 0] == pytest.approx([50, 100], abs=1e-3) and found[:, 3] == pytest.approx([50, 0], abs=1e-2)


def test_the_weights_know_a_cat_and_a_cup_of_coffee():
    network = lite0(weights_file("", "weights"))
    for picture, ids in ((data.chelsea(), {281, 282, 285}), (data.coffee(), {967, 968})):
        x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
        x = F.interpolate(x[..., : min(x.shape[2:]), :], (224, 224), mode="bilinear", antialias=True)
        with torch.inference_mode():
            assert int(network(x).argmax()) in ids


def test_weights_that_are_not_there_or_of_another_network(tmp_path):
    with pytest.raises(ValueError, match="is no file; leave it empty or name one"):
        build([scene()], features="efficientnet_lite0", weights=str(tmp_path / "none.pth"))
    torch.save({"a": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="does not hold the weights of an EfficientNet-Lite0"):
        build([scene()], features="efficientnet_lite0", weights=str(tmp_path / "other.pth"))
