"""Loss and confusion matrix against the given labels of the val split. The test split is never read by this stage."""

from collections.abc import Iterable
from math import nan

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segmend.images.dataset import Card
from segmend.metrics.confusion import Confusion
from segmend.network.segmenter import normalise
from tasks.train.api import distributed
from tasks.train.api.targets import targets_of
from tasks.train.engine.dataloader import Batch


@torch.no_grad()
def validate(
    network: nn.Module,
    batches: Iterable[Batch],
    loss: nn.Module,
    frequency: Float[Tensor, " k"],
    card: Card,
    amp: torch.autocast,
) -> tuple[float, Confusion]:
    """Mean loss per labelled pixel (NaN where there is none) and the confusion matrix against the given labels."""
    device = distributed.device()
    network.eval()
    loss.eval()  # a loss with memory neither uses nor changes it in evaluation mode
    confusion, sums = Confusion(len(card.classes)), torch.zeros(2)
    for images, (labels, *_), _ in batches:
        with amp:
            logits = network(normalise(images.to(device), card))
        targets = targets_of(labels.to(device), frequency)
        values = loss(logits.float(), targets).where(targets.valid, 0)
        sums += torch.stack([values.sum(), targets.valid.sum()]).cpu()
        confusion.update(labels.numpy(), logits.argmax(1).to(torch.uint8).cpu().numpy())
    network.train()
    loss.train()
    total, pixels = distributed.all_reduce(sums.to(device)).tolist()
    matrix = distributed.all_reduce(torch.from_numpy(confusion.matrix).to(device)).cpu().numpy()
    return total / pixels if pixels else nan, Confusion(len(card.classes), matrix)
