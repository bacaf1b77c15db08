"""The statistics of batch norms, counted anew over the training images once the weights are final.

While a network learns, running means follow single batches of crops and of weights that still change. The last of them may
describe neither the final weights nor whole images.
"""

from collections.abc import Sequence
from copy import deepcopy
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from segmend.images.dataset import Dataset, Sample
from segmend.network.inference import grouped
from segmend.network.segmenter import AnySize, normalise


@torch.no_grad()
def reestimate(network: AnySize, dataset: Dataset, samples: Sequence[Sample], amp: torch.autocast) -> None:
    """Set each batch norm's mean and variance to those of the whole images of `samples`, batches weighted equally.

    A network without batch norms stays as it is, and so does a batch norm that is given one value a channel, as behind a pooling over a single
    image: one value has no variance. The order of the samples decides the batches, so equal input gives equal bytes.
    """
    norms = [layer for layer in network.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    if not norms or not samples:
        return
    device, training = next(network.parameters()).device, network.training
    momenta = [layer.momentum for layer in norms]
    network.eval()  # other layers, as dropout, work as they do in use
    hooks = []
    for layer in norms:
        hooks.append(layer.register_forward_pre_hook(partial(kept_of_one_value, deepcopy(layer.state_dict()))))
        layer.train()
        layer.reset_running_stats()
        layer.momentum = None  # torch: the equal mean over all batches
    for some in grouped(samples):
        images = np.stack([dataset.image(sample.id) for _, sample in some])
        with amp:
            network(normalise(torch.from_numpy(images).to(device).permute(0, 3, 1, 2), dataset.card))
    for layer, momentum, hook in zip(norms, momenta, hooks, strict=True):
        layer.momentum = momentum
        hook.remove()
    network.train(training)


def kept_of_one_value(before: dict[str, Tensor], layer: nn.Module, given: tuple[Tensor]) -> None:
    """A hook: a batch norm that gets one value a channel has its statistics of `before`, from there on."""
    if layer.training and given[0].numel() == given[0].shape[1]:
        layer.load_state_dict(before)
        layer.eval()
