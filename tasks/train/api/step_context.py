"""One part of a training step, as teachers and selections see it.

A teacher (tasks/train/teachers) defines what is minimised: for the method `none`, the loss of the labelled pixels that the
selection keeps. Others add the outputs of a second network, of the mean of past weights, or at other scales.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segmend.network.segmenter import AnySize
from tasks.train.api.targets import Targets


class Outputs(NamedTuple):
    """A network's outputs for a batch."""

    logits: Float[Tensor, "b c h w"]
    features: Float[Tensor, "b d h w"] | None = None  # of length 1 at each pixel; None unless the selection wants them


class StepContext(NamedTuple):
    """One batch, and all that is needed to learn from it."""

    network: nn.Module  # the network in training, perhaps compiled or wrapped for several processes: only call it
    inner: AnySize  # the same network, unwrapped
    images: Float[Tensor, "b 3 h w"]  # normalised
    targets: Targets
    loss: Callable[[Tensor, Targets], Tensor]
    selection: Any  # a built selection
    amp: torch.autocast

    def outputs(
        self, network: nn.Module | None = None, inner: AnySize | None = None, images: Tensor | None = None
    ) -> Outputs:
        """Forward pass of a network (by default the one in training) on images (by default those of the batch)."""
        network = self.network if network is None else network  # a compiled network has no truth value
        inner = self.inner if inner is None else inner
        images = self.images if images is None else images
        with self.amp:
            if self.selection.wants_features:
                logits, features = inner.with_features(images, network)
                return Outputs(logits.float(), features)
            return Outputs(network(images).float())

    def values(self, outputs: Outputs) -> Float[Tensor, "b h w"]:
        """The loss of each pixel, 0 where it is ignored: replaced, not multiplied, since 0 times infinity is NaN."""
        return self.loss(outputs.logits, self.targets).where(self.targets.valid, 0)

    def weights(
        self, values: Float[Tensor, "b h w"], outputs: Outputs, selection: Any | None = None
    ) -> Float[Tensor, "b h w"]:
        """The selection's weights of the pixels, scaled so that those of the valid pixels have mean 1.

        So the mean over the valid pixels, which the loop takes, is the mean over the chosen ones. A second network has a
        `selection` of its own.
        """
        selection = selection or self.selection
        if selection.everything:
            return self.targets.valid.to(values.dtype)
        with torch.no_grad():
            features = None if outputs.features is None else outputs.features.detach()
            detached = Outputs(outputs.logits.detach(), features)
            chosen = selection(values.detach(), detached, self.targets).where(self.targets.valid, 0)
            return chosen * (self.targets.valid.sum() / chosen.sum().clamp_min(1e-6))


class Selection(nn.Module, ABC):
    """Base of the built selections: which pixels are learnt from, and how much."""

    wants_features = False
    everything = False  # every valid pixel weighs 1: then the weights are not computed

    @abstractmethod
    def forward(self, values: Float[Tensor, "b h w"], outputs: Outputs, targets: Targets) -> Float[Tensor, "b h w"]:
        """Weights from 0; only their ratios count. `values` is the loss of each pixel, without gradient."""


class Teacher(nn.Module, ABC):
    """Base of the built teachers. Its parameters that require gradients are trained with the network's own.

    `peer` is a second network in training; it gets a `selection` of its own (engine/state.py), since a selection's running
    statistics belong to one network.
    """

    def __init__(self, peer: AnySize | None = None):
        super().__init__()
        self.peer = peer
        self.selection: Any = None

    @abstractmethod
    def forward(self, context: StepContext) -> tuple[Float[Tensor, "b h w"], Outputs]:
        """What is minimised (the loop divides its sum by the number of valid pixels), and the network's outputs."""

    def after_step(self, network: AnySize, progress: float) -> None:
        """Called after each step of the optimizer, with the network without wrapping; `progress` as in Targets."""
