"""Two views of a window of each image: as it is, and with brightness and contrast changed."""

import numpy as np
import torch
from jaxtyping import Bool, UInt8
from torch import Tensor

from segmend.images.dataset import Dataset, Labels, Sample
from segmend.images.rasters import VOID
from tasks.pretrain.settings import Params


def trusted(labels: Labels, sample: Sample, least: float) -> Bool[np.ndarray, "h w"]:
    """The pixels whose label is trusted enough to be drawn; all of them where nobody said anything, or nothing is asked."""
    shape = (sample.height, sample.width)
    return labels.trust(sample.id, shape) >= 255 * least if least else np.ones(shape, bool)


def views(
    dataset: Dataset, labels: Labels, samples: list[Sample], settings: Params, random: np.random.Generator
) -> tuple[UInt8[Tensor, "b 3 s s"], UInt8[Tensor, "b s s"], Bool[Tensor, "b s s"]]:
    """A window of each image, mirrored at random: image, labels (outside void), and whether these are trusted enough."""
    images, maps, masks, side = [], [], [], settings.crop
    for sample in samples:
        image, given = dataset.image(sample.id), labels[sample.id]
        top, left = (int(random.integers(max(0, length - side) + 1)) for length in given.shape)
        window = slice(top, top + side), slice(left, left + side)
        image, given, sure = image[window], given[window], trusted(labels, sample, settings.trust)[window]
        missing = [(0, side - length) for length in given.shape]
        image = np.pad(image, [*missing, (0, 0)], mode="edge")
        given, sure = np.pad(given, missing, constant_values=VOID), np.pad(sure, missing)
        turn = slice(None, None, -1 if random.random() < 0.5 else 1)
        images.append(torch.from_numpy(image[:, turn].copy()).permute(2, 0, 1))
        maps.append(torch.from_numpy(given[:, turn].copy()))
        masks.append(torch.from_numpy(sure[:, turn].copy()))
    return torch.stack(images), torch.stack(maps), torch.stack(masks)


def jittered(images: UInt8[Tensor, "b 3 s s"], amount: float, random: np.random.Generator) -> UInt8[Tensor, "b 3 s s"]:
    """The distorted copies: brightness and contrast changed, each image by factors of its own."""
    factors = torch.from_numpy(random.uniform(1 - amount, 1 + amount, (2, len(images), 1, 1, 1))).float()
    grey = images.float().mean((1, 2, 3), keepdim=True)
    return ((images * factors[0] - grey) * factors[1] + grey).clamp(0, 255).round().to(torch.uint8)
