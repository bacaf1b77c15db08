"""Segmentation networks of the transformers library: SegFormer, UperNet, BEiT, DPT and others by the name of their class.

Library: transformers (Apache-2.0), https://github.com/huggingface/transformers
Paper: Xie et al., SegFormer, NeurIPS 2021, arXiv 2105.15203 (the default).
Idea: any class whose output has `logits` (b, k, h/s, w/s); they are resized to the input's size.
Formula: configuration from `config` (fields of the model's own configuration class) over the configuration and weights of
    `source` (a folder, or a hub id that is in the local cache or can be fetched), or over the class's defaults.
Differs: the head is made anew for our classes; an auxiliary head's output is not used.
Costs: SegFormer-B0 (the class's defaults) 3.7 M weights.
"""

from typing import Any, Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from segmend.stage.params import Method


class Transformers(Method):
    name: Literal["transformers"] = "transformers"
    model: str = Field("SegformerForSemanticSegmentation", description="the model's class in the transformers library")
    source: str | None = Field(None, description="folder or hub id of initial weights; null starts from random weights")
    config: dict[str, Any] = Field({}, description="fields of the model's configuration that depart from its defaults")
    stride: int = Field(32, ge=1, le=1024, description="the input's sides are padded to multiples of this")

    def build(self, classes: int) -> nn.Module:
        import transformers

        kind: Any = getattr(transformers, self.model, None)
        if not hasattr(kind, "config_class"):
            raise ValueError(
                f"train.network.transformers.model: the transformers library {transformers.__version__} has no model "
                f"'{self.model}'; a class such as SegformerForSemanticSegmentation is expected"
            )
        if self.source is None:
            return Logits(kind(kind.config_class(**{**self.config, "num_labels": classes})))
        try:
            network = kind.from_pretrained(self.source, num_labels=classes, ignore_mismatched_sizes=True, **self.config)
        except OSError:  # what the library raises for a missing folder, an unknown id and a failed download
            raise ValueError(
                f"train.network.transformers.source: '{self.source}' is no folder of a saved model, is not in the local cache and "
                "cannot be fetched; connect once, or set source: null"
            ) from None
        return Logits(network)

    def offline(self, body: Any) -> "Transformers":
        config = {key: value for key, value in body.network.config.to_diff_dict().items() if key not in MADE_BY_LIBRARY}
        return self.model_copy(update={"source": None, "config": config})


MADE_BY_LIBRARY = (
    "transformers_version",
    "model_type",
    "architectures",
    "dtype",
    "id2label",
    "label2id",
    "_name_or_path",
)


class Logits(nn.Module):
    """The library's network with a plain tensor as output."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k h2 w2"]:
        return self.network(pixel_values=x).logits
