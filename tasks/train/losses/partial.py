"""Learn from sets of classes: the merged positive and prototypical pixel losses of multi-class queries.

Paper: Hwang et al., Active Learning for Semantic Segmentation with Multi-class Label Query, NeurIPS 2023, arXiv 2309.09319.
Idea: where people ticked the classes Y of a region s, all of a pixel's mass should lie on Y (mp), and each ticked class
    should own at least one pixel of the region (pp); pixels of one known class are learnt as ever (ce).
Formula: mean over valid pixels of the values = ce * L_CE + mp * L_MP + pp * L_PP;  p = softmax(logits)
    L_CE = mean over D_1 of -log p[y];  L_MP = mean over D_m of -log sum_{c in Y} p[c]
    L_PP = mean over pairs (s, c in Y(s)) of -log max_{x in s} p[c](x)
    D_1 = pixels of one known class, D_m = pixels of a set, V = D_1 and D_m together. The loop divides by |V|, so a value is
    ce * -log p[y] * |V| / |D_1| in D_1, mp * -log sum * |V| / |D_m| in D_m, and at the arg-max pixel of each pair
    pp * -log max * |V| / pairs comes on top. log x stands for log(x + 1e-8).
Limits: without sets, ce times cross entropy; L_MP = L_CE for a set of one class, 0 for the set of all classes; L_PP = 0
    where each ticked class has a pixel with p = 1.
Differs: denominators are at least 1 where the released code starts counting at 1. Of equal maxima the first pixel counts. Means
    are over the images of one forward pass: parts of a step weigh by their valid pixels. A region is what the crop shows of
    it, so a class may be asked for that lies outside (as in the paper). The temperature is the network's (head: cosine).
    Pixels with a first label are in D_1 (the paper starts without labels).
Costs: a softmax, and (set pixels) x (classes).
"""

from typing import ClassVar, Literal

import torch
from jaxtyping import Bool, Float, Int64
from pydantic import Field
from torch import Tensor

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss

EPS = 1e-8


class Partial(Loss):
    name: Literal["partial"] = "partial"
    ce: float = Field(16.0, ge=0, le=1e4, description="weight of the pixels of one known class (paper: 16)")
    mp: float = Field(8.0, ge=0, le=1e4, description="weight of the merged positive loss of sets (paper: 8)")
    pp: float = Field(1.0, ge=0, le=1e4, description="weight of the prototypical pixel loss of sets (paper: 1)")
    partial: ClassVar[bool] = True

    def __call__(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        p = logits.softmax(1)
        loss = self.ce * -(p.gather(1, targets.labels[:, None])[:, 0] + EPS).log()
        if targets.sets is None or targets.candidates is None:
            return loss
        inside = targets.sets >= 0
        valid, sets = targets.valid.sum(), inside.sum()
        loss = loss * valid / (valid - sets).clamp_min(1)
        if not sets:
            return loss
        regions = inside.nonzero()[:, 0] * targets.candidates.shape[1] + targets.sets[inside]
        table = targets.candidates.flatten(0, 1)
        q = p.movedim(1, -1)[inside]
        merged = self.mp * -((q * table[regions]).sum(1) + EPS).log() / sets
        merged = merged + self.pp * prototypical(q, regions, table)
        return loss.masked_scatter(inside, merged * valid)


def prototypical(
    q: Float[Tensor, "n c"], regions: Int64[Tensor, " n"], table: Bool[Tensor, "s c"]
) -> Float[Tensor, " n"]:
    """-log max q over the pixels of each pair (region, ticked class), over the number of pairs, at the arg-max pixels."""
    index = regions[:, None].expand_as(q)
    seen = q.detach()
    highest = torch.full_like(table, -1.0, dtype=q.dtype).scatter_reduce(0, index, seen, "amax")
    numbers = torch.arange(len(q), device=q.device)[:, None].expand_as(q)
    numbers = torch.where(seen == highest[regions], numbers, len(q))
    first = torch.full_like(table, len(q), dtype=torch.long).scatter_reduce(0, index, numbers, "amin")
    pair, name = (table & (first < len(q))).nonzero().unbind(1)  # a region without a pixel here has no first one
    pixel = first[pair, name]
    costs = -(q[pixel, name] + EPS).log() / max(1, len(pixel))
    return torch.zeros_like(q[:, 0]).index_add(0, pixel, costs)
