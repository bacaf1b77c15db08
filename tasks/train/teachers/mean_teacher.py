"""Stay close to the predictions of the running mean of the network's own past weights.

Paper: Tarvainen, Valpola, Mean teachers are better role models, NeurIPS 2017, arXiv 1703.01780; as a way to flat
    minima: Du et al., Sharpness-Aware Training for Free (MESA), NeurIPS 2022, arXiv 2205.14083.
Formula: value = loss * its weight (train.selection) + weight * T^2 * KL(softmax(z_mean / T) || softmax(z / T))
    mean <- d * mean + (1 - d) * network after each step;  d = min(decay, 1 - 1 / steps): at first the mean of all steps
Limits: weight 0, or before `start`: the labels alone, with equal bytes (for networks without dropout). decay 0: the
    teacher is the network itself, and the second term and its gradient are 0.
Differs: MESA's loss and weight; the papers' decay and start are for far longer trainings. Both see the same image. The
    second term is taken at every labelled pixel, also where the selection leaves the label out. Pixels without a label
    (void, unlabelled, padding) teach nothing here either, though the mean teacher of the first paper learns from such
    images. The teacher's batch norms take the batch's statistics, as the network's do: running ones are of other
    weights than the mean (they are copied, and not used). Its dropout is off. The network is saved, not its mean (that
    is train.averaging).
Costs: one more forward pass and one more network in memory.
"""

from collections.abc import Callable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from segmend.network.segmenter import AnySize
from segmend.stage.params import Method
from tasks.train.api.step_context import Outputs, StepContext, Teacher
from tasks.train.teachers._divergence import divergence


class MeanTeacher(Method):
    name: Literal["mean_teacher"] = "mean_teacher"
    weight: float = Field(
        0.8, ge=0, le=1e4, description="weight of the divergence from the teacher's predictions (MESA: 0.8)"
    )
    temperature: float = Field(
        5.0, gt=0, le=100, description="temperature of both softmaxes in the divergence (MESA: 5)"
    )
    decay: float = Field(
        0.99, ge=0, lt=1, description="memory of past weights per step (papers: 0.999 and more; short runs want less)"
    )
    start: float = Field(
        0.1, ge=0, le=1, description="share of the training before the teacher is used (MESA: epoch 5)"
    )

    def build(self, new_network: Callable[[], AnySize]) -> Teacher:
        return PastWeights(self, new_network())


class PastWeights(Teacher):
    steps: Tensor

    def __init__(self, settings: MeanTeacher, network: AnySize):
        super().__init__()
        self.settings, self.mean = settings, network.requires_grad_(False)
        self.register_buffer("steps", torch.zeros(()))
        self.mean.eval()
        for module in self.mean.modules():
            module.train(isinstance(module, _BatchNorm))

    def forward(self, context: StepContext) -> tuple[Tensor, Outputs]:
        outputs = context.outputs()
        values = context.values(outputs)
        values = values * context.weights(values, outputs)
        settings = self.settings
        if (
            settings.weight and context.targets.progress >= settings.start and context.targets.progress > 0
        ):  # the first step has no past
            with torch.no_grad(), context.amp:
                target = self.mean(context.images).float()
            apart = divergence(target, outputs.logits, settings.temperature).where(context.targets.valid, 0)
            values = values + settings.weight * settings.temperature**2 * apart
        return values, outputs

    @torch.no_grad()
    def after_step(self, network: AnySize, progress: float) -> None:
        self.steps += 1
        share = (1 / self.steps).clamp_min(1 - self.settings.decay)
        for mean, new in zip(self.mean.parameters(), network.parameters(), strict=True):
            mean.lerp_(new, share.to(mean.dtype))
        for kept, newest in zip(self.mean.buffers(), network.buffers(), strict=True):
            kept.copy_(newest)
