"""Batch norms' statistics after training: those of the whole training images, and nothing else of the network changes."""

import numpy as np
import torch
from torch import nn

from segmend.images.dataset import Dataset
from segmend.network.inference import grouped
from segmend.network.segmenter import AnySize, load, normalise
from tasks.train.engine.batch_norm import reestimate
from tests.train.runs import bytes_of, quick, run


def test_the_saved_network_has_the_statistics_of_the_training_images(toy):
    run(toy, quick(use="last"), "running")
    run(toy, quick(use="last", batch_norm="reestimated"), "reestimated")
    (before, card), (after, _) = (load(toy / "models" / name) for name in ("running", "reestimated"))
    first, second = before.state_dict(), after.state_dict()
    changed = {name for name in first if not torch.equal(first[name], second[name])}
    assert changed and all("running_" in name or "num_batches" in name for name in changed)
    # The first convolution sees the images themselves: its mean over them, batch by batch, can be counted by hand.
    dataset = Dataset(toy / "dataset")
    convolution = after.body.down[0][0]
    means = []
    for some in grouped(dataset.of("train")):
        images = np.stack([dataset.image(sample.id) for _, sample in some])
        x = after.padded(normalise(torch.from_numpy(images).permute(0, 3, 1, 2), card))
        with torch.no_grad():
            means.append(convolution(x).mean(dim=(0, 2, 3)))
    assert torch.allclose(after.body.down[0][1].running_mean, torch.stack(means).mean(0), atol=1e-5)


def test_equal_input_gives_equal_bytes_and_the_mode_stays(toy):
    run(toy, quick(batch_norm="reestimated"), "a")
    run(toy, quick(batch_norm="reestimated"), "b")
    assert bytes_of(toy, "a") == bytes_of(toy, "b")
    network, dataset = load(toy / "models/a")[0], Dataset(toy / "dataset")
    network.train()
    reestimate(network, dataset, list(dataset.of("train")), torch.autocast("cpu", enabled=False))
    assert network.training and network.body.down[0][1].momentum == 0.1


def test_a_batch_norm_behind_a_pooling_keeps_its_statistics_where_an_image_comes_alone(toy):
    """As in DeepLabV3 and PAN: one value a channel has no variance."""
    dataset = Dataset(toy / "dataset")
    alone, pair = list(dataset.of("train"))[:1], list(dataset.of("train"))[:2]
    for samples, kept in ((alone, True), (pair, False)):
        network = AnySize(nn.Sequential(nn.BatchNorm2d(3), nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(3)), 1)
        nn.init.constant_(network.body[2].running_var, 0.3)
        reestimate(network, dataset, samples, torch.autocast("cpu", enabled=False))
        assert bool((network.body[2].running_var == 0.3).all()) == kept
        assert network.body[0].num_batches_tracked == 1 and not network.body[2]._forward_pre_hooks
