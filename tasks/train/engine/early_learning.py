"""Early learning made visible: what the network says of a few training images after every epoch.

The maps are kept beside the checkpoint, one folder an epoch, and written by the stage in the end. Compared with given labels
and truth (by the stage evaluate, which alone reads the truth), they show when a network turns wrong labels right and when it
begins to memorise them. An image costs a forward pass an epoch; 4 of the brain's whole slices take 8 % of the time of an
epoch of 70 crops of 112 x 112. Looking changes nothing: no random number is drawn, and norms are in evaluation mode.
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
from tasks.train.api.distributed import Alone, Several


class Watch:
    """The first process looks; the others wait for it at the next step."""

    def __init__(
        self, here: Alone | Several, count: int, seed: int, dataset: Dataset, samples: list[Sample], place: Path
    ):
        chosen = np.random.default_rng([seed, *b"watch"]).permutation(len(samples))[:count]
        self.samples = [samples[k] for k in sorted(chosen)] if here.rank == 0 else []
        self.here, self.dataset, self.place = here, dataset, place

    def after_epoch(self, epoch: int, network: AnySize, amp: torch.autocast) -> None:
        if self.samples:
            rmtree(self.place / str(epoch), ignore_errors=True)  # of a training that was killed here
            write_maps(self.place / str(epoch), self.said(network, amp), len(self.samples))

    @torch.no_grad()
    def said(self, network: AnySize, amp: torch.autocast) -> Iterator[tuple[str, LabelMap]]:
        was = network.training
        network.eval()
        for group in grouped(self.samples):
            some = [sample.id for _, sample in group]
            images = torch.from_numpy(np.stack([self.dataset.image(name) for name in some])).to(self.here.device)
            with amp:
                logits = network(normalise(images.permute(0, 3, 1, 2), self.dataset.card))
            yield from zip(some, logits.argmax(1).to(torch.uint8).cpu().numpy(), strict=True)
        network.train(was)


def keep(place: Path, out: Path) -> None:
    """All epochs together: maps named <epoch>/<image id>."""
    epochs = sorted(int(folder.name) for folder in place.glob("*")) if place.is_dir() else []
    if not epochs:
        return

    def every() -> Iterator[tuple[str, LabelMap]]:
        for epoch in epochs:
            maps = Maps(place / str(epoch))
            for name in sorted(maps):
                yield f"{epoch}/{name}", maps[name]

    write_maps(out, every(), sum(1 for _ in Maps(place / str(epochs[0]))) * len(epochs))
