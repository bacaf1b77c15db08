"""A classifier with fixed class vectors: a class that nobody labelled is known by its vector alone.

Paper: Xian et al., Semantic Projection Network for Zero- and Few-Label Semantic Segmentation, CVPR 2019 (SPNet).
Formula: logit[k] = <x A + b, w[k] / |w[k]|>, x the features of a pixel, A and b learnt, w[k] the given vector of class k.
    A class of `unseen` counts as taught from the first step on whose labels hold it (also in a set of classes that people ticked).
    Until then the gradient of its logit is dropped: nothing pushes it down, whatever the loss and the teacher.
    At prediction p = softmax(logits), less `calibration` for all classes but the untaught, cut at 0, to sum 1 again.
Limits: without untaught classes this is the plain softmax, in training and prediction: so in rounds whose pseudo labels hold
    them all (STRICT's student has no calibration either). calibration 0: the softmax. calibration 1: an untaught class wins
    everywhere (where all of them are exactly 0 the softmax stays).
Differs: the paper leaves unseen classes out of the softmax while it trains. Here they stand in the sum below the fraction but
    are not pushed down; nobody need say which classes the labels of a round hold. What pulls a class without a label up (label
    smoothing, a second network) is dropped too. Cutting at 0 and dividing by the sum leaves the paper's arg-max as it is, and
    what is read are probabilities.
Costs: a 1x1 convolution to the vectors' length, and one to the classes.
"""

from math import isfinite
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from pydantic import AfterValidator, Field
from torch import Tensor, nn


def alike(vectors: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
    """Vectors of one length, none of them 0; or none at all."""
    lengths = {name: len(vector) for name, vector in vectors.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"all vectors have one length, not {', '.join(f'{n} ({k})' for k, n in lengths.items())}")
    for name, vector in vectors.items():
        if not any(vector) or not all(map(isfinite, vector)):
            raise ValueError(f"the vector of '{name}' must be finite and have a direction: it is {list(vector)}")
    return vectors


Embeddings = Annotated[
    dict[str, tuple[float, ...]],
    AfterValidator(alike),
    Field(
        description="of head embedding: a vector for each class, in the order of the classes (python -m segmend.network.class_vectors writes them)"
    ),
]
Unseen = Annotated[
    tuple[str, ...], Field(description="of head embedding: the classes that the first labels never name (SPNet)")
]
Calibration = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        description="of head embedding: taken from the probabilities of all classes but the unseen (SPNet: 0.4 to 0.6)",
    ),
]


class Embedding(nn.Module):
    """Features to the space of the class vectors, and products with these. The vectors are no weights: they stand in the settings."""

    vectors: Tensor
    untaught: Tensor  # which classes no label held so far; saved with the weights

    def __init__(self, inputs: int, vectors: dict[str, tuple[float, ...]], unseen: tuple[str, ...], calibration: float):
        super().__init__()
        self.names, self.calibration = tuple(vectors), calibration
        table = torch.tensor(list(vectors.values()), dtype=torch.float32)
        self.project = nn.Conv2d(inputs, table.shape[1], 1)
        self.register_buffer("vectors", F.normalize(table)[..., None, None], persistent=False)
        self.register_buffer("untaught", torch.tensor([name in unseen for name in vectors]))
        self.guarded = bool(unseen)

    def forward(self, x: Float[Tensor, "b d h w"]) -> Float[Tensor, "b k h w"]:
        logits = F.conv2d(self.project(x), self.vectors)
        if not (self.training and self.guarded):
            return logits
        # The condition is a tensor of its own: `untaught` may change before the backward pass, which must not see that.
        return torch.where(~self.untaught[:, None, None], logits, logits.detach())

    def teach(self, held: Bool[Tensor, " k"]) -> None:
        """To be called before the forward passes of a step: which classes its labels hold."""
        self.untaught &= ~held

    def calibrated(self, p: Float[Tensor, "b k h w"]) -> Float[Tensor, "b k h w"]:
        """Probabilities with the known classes' head start taken from them."""
        if not self.calibration or not bool(self.untaught.any()):
            return p
        known = ~self.untaught[:, None, None]
        less = (p - self.calibration * known).clamp_min(0)
        total = less.sum(1, keepdim=True)
        return torch.where(total > 0, less / total.clamp_min(1e-30), p)


def embedding(inputs: int, classes: int, method: Any) -> Embedding:
    """The head that a network's settings ask for; ValueError where its vectors do not fit."""
    where, vectors = f"train.network.{method.name}", method.embeddings
    if len(vectors) != classes:
        raise ValueError(
            f"{where}.embeddings has vectors for {len(vectors)} classes, but the data set has {classes}: head embedding needs "
            "one for each, in their order; write them with: python -m segmend.network.class_vectors"
        )
    strangers = [name for name in method.unseen if name not in vectors]
    if strangers or len(set(method.unseen)) == len(vectors):
        told = f"'{strangers[0]}', which has no vector" if strangers else "every class: one at least must be labelled"
        raise ValueError(f"{where}.unseen names {told}; the classes are {', '.join(vectors)}")
    return Embedding(inputs, vectors, method.unseen, method.calibration)
