"""Early learning made visible: predictions for a few training images after every epoch.

The maps are kept beside the checkpoint, one folder an epoch, and written by the stage in the end. Compared with given labels
and truth (by the stage evaluate, which alone reads the truth), they show when a network corrects wrong labels and when it
begins to memorise them. An image costs a forward pass an epoch; 4 of the brain's whole slices take 8 % of the time of an
epoch of 70 crops of 112 x 112. The training is not affected: no random number is drawn, and norms are in evaluation mode.
"""

from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import numpy as np
import torch

from segmend.images.dataset import Dataset, Sample
from segmend.images.rasters import LabelMap, Maps, write_maps
from segmend.network.inference import grouped
from segmend.network.segmenter import AnySize, normalise
from tasks.train.api import distributed


class Watch:
    """The first process predicts; the others wait for it at the next step."""

    def __init__(self, count: int, seed: int, dataset: Dataset, samples: list[Sample], folder: Path):
        chosen = np.random.default_rng([seed, *b"watch"]).permutation(len(samples))[:count]
        self.samples = [samples[k] for k in sorted(chosen)] if distributed.rank() == 0 else []
        self.dataset, self.folder = dataset, folder

    def after_epoch(self, epoch: int, network: AnySize, amp: torch.autocast) -> None:
        if self.samples:
            rmtree(self.folder / str(epoch), ignore_errors=True)  # of a training that was killed here
            write_maps(self.folder / str(epoch), self.predictions(network, amp), len(self.samples))

    @torch.no_grad()
    def predictions(self, network: AnySize, amp: torch.autocast) -> Iterator[tuple[str, LabelMap]]:
        training = network.training
        network.eval()
        for group in grouped(self.samples):
            identifiers = [sample.id for _, sample in group]
            pixels = np.stack([self.dataset.image(identifier) for identifier in identifiers])
            images = torch.from_numpy(pixels).to(distributed.device())
            with amp:
                logits = network(normalise(images.permute(0, 3, 1, 2), self.dataset.card))
            yield from zip(identifiers, logits.argmax(1).to(torch.uint8).cpu().numpy(), strict=True)
        network.train(training)


def keep(folder: Path, out: Path) -> None:
    """All epochs together: maps named <epoch>/<image id>."""
    epochs = sorted(int(path.name) for path in folder.glob("*")) if folder.is_dir() else []
    if not epochs:
        return

    def maps_of_all_epochs() -> Iterator[tuple[str, LabelMap]]:
        for epoch in epochs:
            maps = Maps(folder / str(epoch))
            for name in sorted(maps):
                yield f"{epoch}/{name}", maps[name]

    write_maps(out, maps_of_all_epochs(), sum(1 for _ in Maps(folder / str(epochs[0]))) * len(epochs))
