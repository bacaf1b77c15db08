"""The labels are learnt at several sizes of the images, and the predictions at these sizes must agree.

Paper: Liu et al., Adaptive Early-Learning Correction for Segmentation from Noisy Annotations, CVPR 2022, arXiv 2110.03740.
Idea: ADELE's second half: a prediction should not depend on the size of the image; where it does, it is unreliable.
Formula: p_k = softmax(logits at scale k, brought to the image's size);  q = sum_k w_k p_k;  w = softmax of as many numbers
    loss of a pixel: sum_k w_k loss(p_k, y) * weight (train.selection) + strength * mask * sum_k KL(p_k || q)
    mask image: the image's largest q (over its classes and valid pixels) is at least `sure`; pixel: the pixel's own is
Limits: scales [1.0] is the teacher none (q = p: no disagreement). strength 0: the loss at each scale alone. sure 0: everywhere.
    The disagreement is 0 where all sizes agree, and never negative; times 1 / scales it is the Jensen-Shannon divergence.
Differs: softened is what the code does: the loss is of w_k * logits, which at equal w is a temperature of 3, and is summed. It
    makes what is said three times as sure, so that ADELE's threshold means something else; hence off. mask image is the
    code; one sure pixel lets a whole image in, which for random logits is every image. No clamp of q: logarithms are exact.
    learn, the code's choice for VOC, trains w with the network's own rate (SegThor: equal w).
Costs: forward and backward of sum(scales^2) images: 3.7 plain steps for 0.7, 1, 1.5. A loss with memory is called once a scale.
"""

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from jaxtyping import Bool, Float
from pydantic import Field, field_validator
from torch import Tensor, nn

from segmend.network.segmenter import AnySize
from segmend.stage.params import Method
from tasks.train.api.multi_scale import at_scale, back_at
from tasks.train.api.step_context import Outputs, StepContext, Teacher


class MultiScale(Method):
    name: Literal["multi_scale"] = "multi_scale"
    scales: tuple[Annotated[float, Field(gt=0, le=4)], ...] = Field(
        (0.7, 1.0, 1.5), min_length=1, description="factors by which images are resized before the forward pass"
    )
    strength: float = Field(1.0, ge=0, description="weight of the disagreement; paper: 1")
    sure: float = Field(
        0.8, ge=0, le=1, description="the disagreement counts where the largest probability is at least this"
    )
    mask: Literal["image", "pixel"] = Field(
        "image", description="whose largest probability: the image's or the pixel's own"
    )
    softened: bool = Field(False, description="the loss is of logits times the scale's weight, summed (released code)")
    learn: bool = Field(False, description="the weights of the scales are learnt too; else they are equal")

    @field_validator("scales")
    @classmethod
    def look_at_the_size_they_have(cls, scales: tuple[float, ...]) -> tuple[float, ...]:
        if 1.0 not in scales:
            raise ValueError(
                "1.0 must be among the scales: selections choose pixels by the predictions at the images' own size"
            )
        return scales

    def build(self, new_network: Callable[[], AnySize]) -> Teacher:
        """`new_network()` makes one more network of the same kind, with other random weights; none is needed."""
        return Scales(self)


class Scales(Teacher):
    def __init__(self, settings: MultiScale):
        super().__init__()
        self.settings = settings
        self.balance = nn.Parameter(torch.zeros(len(settings.scales)), requires_grad=settings.learn)

    def forward(self, context: StepContext) -> tuple[Tensor, Outputs]:
        settings, weights = self.settings, self.balance.softmax(0)
        every = [self.at_scale(context, scale) for scale in settings.scales]
        values = torch.stack(
            [
                context.values(outputs._replace(logits=outputs.logits * weight))
                if settings.softened
                else weight * context.values(outputs)
                for outputs, weight in zip(every, weights, strict=True)
            ]
        ).sum(0)
        middle = every[settings.scales.index(1.0)]
        logs = torch.stack([outputs.logits for outputs in every]).log_softmax(2)
        apart, mean = disagreement(logs, weights)
        inside = context.targets.valid & certain(mean, context.targets.valid, settings.sure, settings.mask == "image")
        return values * context.weights(values, middle) + settings.strength * apart.where(inside, 0), middle

    def at_scale(self, context: StepContext, scale: float) -> Outputs:
        scaled = context.outputs(images=at_scale(context.images, scale))
        features = None if scaled.features is None or scale != 1 else scaled.features
        return Outputs(back_at(scaled.logits, context.images), features)


def disagreement(
    logs: Float[Tensor, "s b k h w"], weights: Float[Tensor, " s"]
) -> tuple[Float[Tensor, "b h w"], Float[Tensor, "b k h w"]]:
    """sum_k KL(p_k || q) of each pixel, and log q, from log p_k at each scale."""
    mean = (logs + weights.log()[:, None, None, None, None]).logsumexp(0)
    return (logs.exp() * (logs - mean)).sum((0, 2)), mean


def certain(
    mean: Float[Tensor, "b k h w"], valid: Bool[Tensor, "b h w"], sure: float, whole: bool
) -> Bool[Tensor, " b #h #w"]:
    """Where log q is at least log `sure` for some class: for the pixel itself, or for any valid pixel of its image."""
    best = mean.detach().amax(1).exp().where(valid, 0)
    return (best.amax((1, 2), keepdim=True) if whole else best) >= sure
