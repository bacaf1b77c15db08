"""Build, save and load the segmentation network.

    <folder>/config.json           the network's settings, the dataset's card: all that loading needs, without params.yaml
    <folder>/weights.safetensors   its weights in float32

A network takes normalised float32 (b, 3, h, w) of any size and gives logits (b, K, h, w) of the same size. Saving equal
weights gives equal bytes; loading never fetches anything.
"""

from json import dumps, loads
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from safetensors.torch import load_file
from safetensors.torch import save as packed
from torch import Tensor, nn

from segmend.images.dataset import Card
from segmend.network.architectures import Network
from segmend.network.heads.embedding import Embedding
from segmend.stage.params import validated


class AnySize(nn.Module):
    """A network that wants sides divisible by `stride`, made to accept any: its input is padded, its logits are cut."""

    def __init__(self, body: nn.Module, stride: int):
        super().__init__()
        self.body, self.stride = body, stride

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k h w"]:
        return self.resized(self.body(self.padded(x)), x)

    def padded(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h2 w2"]:
        below, right = (-side % self.stride for side in x.shape[-2:])
        return F.pad(x, (0, right, 0, below), mode="replicate")  # zeros would be an edge that no image has

    def resized(self, maps: Float[Tensor, "b c h2 w2"], x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c h w"]:
        """Maps of the padded input, at any scale (transformers answer at a quarter of the size), as maps of the input."""
        height, width = x.shape[-2:]
        size = (height + -height % self.stride, width + -width % self.stride)
        if maps.shape[-2:] != size:
            maps = F.interpolate(maps, size=size, mode="bilinear", align_corners=False)
        return maps[..., :height, :width]

    def with_features(
        self, x: Float[Tensor, "b 3 h w"], through: nn.Module | None = None
    ) -> tuple[Float[Tensor, "b k h w"], Float[Tensor, "b d h w"]]:
        """Logits, and the features that the classifier gives them from, of length 1 (or 0); ValueError where it is not known.

        `through` is this network as something else wraps it, where it must be called so.
        """
        name = getattr(self.body, "classifier", None)  # the body's name for its classifier
        if name is None:
            raise ValueError(
                "train.network: this network gives no features of pixels, which are needed here; choose unet or smp and train again"
            )
        given: list[Tensor] = []
        hook = self.body.get_submodule(name).register_forward_hook(lambda _, inputs, result: given.append(inputs[0]))
        try:
            logits = (self if through is None else through)(x)
        finally:
            hook.remove()
        return logits, F.normalize(self.resized(F.normalize(given[0].float()), x))

    def probabilities(self, logits: Float[Tensor, "b k h w"]) -> Float[Tensor, "b k h w"]:
        """What is predicted: the softmax, and with class vectors of classes without labels less the others' head start."""
        p, head = logits.float().softmax(1), self.head
        return head.calibrated(p) if isinstance(head, Embedding) else p

    @property
    def head(self) -> nn.Module | None:
        name = getattr(self.body, "classifier", None)
        return None if name is None else self.body.get_submodule(name)


def build(method: Any, classes: int) -> AnySize:
    """A new network; its random weights follow torch's global seed."""
    return AnySize(method.build(classes), method.stride)


def normalise(images: UInt8[Tensor, "b 3 h w"], card: Card) -> Float[Tensor, "b 3 h w"]:
    """What every network is given: channels in 0..1, less the training images' mean, by their deviation."""
    mean, deviation = (torch.tensor(v, device=images.device).view(3, 1, 1) for v in (card.mean, card.deviation))
    return ((images.float() / 255 - mean) / deviation).contiguous(memory_format=torch.channels_last)


def save(folder: Path, network: AnySize, method: Any, card: Card, trained: bool = True) -> None:
    """Write the folder from which `load` makes the same network again; `trained` False: nothing was labelled yet."""
    check_names(network, card)
    folder.mkdir(parents=True, exist_ok=True)
    offline = method.offline(network.body)
    config = {
        "network": {"name": offline.name, offline.name: offline.model_dump(exclude={"name"})},
        "dataset": card.model_dump(),
        "trained": trained,
    }
    (folder / "config.json").write_text(dumps(config, indent=2) + "\n")
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    (folder / "weights.safetensors").write_bytes(packed(weights))


def check_names(network: AnySize, card: Card) -> None:
    """ValueError where a network has vectors for other classes than the data set's, or in another order."""
    if isinstance(network.head, Embedding) and network.head.names != card.classes:
        raise ValueError(
            f"train.network: the embeddings are of the classes {', '.join(network.head.names)}, but the data set has "
            f"{', '.join(card.classes)}, in this order; write them with: python -m segmend.network.class_vectors"
        )


def is_trained(folder: Path) -> bool:
    """Whether the saved network has learned from any label: what one without says must not choose, merge or mend anything."""
    path = Path(folder) / "config.json"
    return not path.is_file() or loads(path.read_text()).get("trained", True)


def load(folder: Path, device: torch.device | str = "cpu") -> tuple[AnySize, Card]:
    """The saved network in evaluation mode on `device`, and the card of the dataset it was trained on."""
    path = Path(folder) / "config.json"
    if not path.is_file():
        raise ValueError(f"{folder} holds no network: config.json is missing; run the stage train")
    config = loads(path.read_text())
    card = Card(**config["dataset"])
    method = validated(Network, config["network"], f"{path}: network")
    network = build(method, len(card.classes))
    network.load_state_dict(load_file(Path(folder) / "weights.safetensors"))
    return network.to(device).to(memory_format=torch.channels_last).eval(), card
