"""One number for every source, how often it is right, learned together with the true labels.

Paper: the one-coin form of Dawid and Skene (1979); for masks: Lee, Das Sarma and Parameswaran, Aggregating
    crowdsourced image segmentations, 2018.
Formula: E: p_t(k) = softmax of log share_k + sum over answers of log q_s if l = k, else log((1 - q_s) / (K - 1)); M:
    q_s = (alpha + sum of size_t p_t(l)) / (alpha + beta + sum of size_t).
Limits: all sources alike: the label of the majority, but for the classes' shares. A source with few answers keeps the
    prior. Gold is clamped: p_t is certain there in every pass.
Differs: the posterior is never used as the next pass's prior (crowd-kit's SegmentationEM does that, and so counts the
    same evidence again in every pass) and is learned over all pixels, not over those that somebody marked.
Costs: O(answers) for a pass; 5 to 30 passes.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from segmend.aggregators._votes import Beliefs, Tilted, Votes, log_prior, normalised, one_coin


class OneCoin(Tilted):
    name: Literal["one_coin"] = "one_coin"
    sweeps: int = Field(50, ge=1, description="passes at most")
    tolerance: float = Field(1e-3, gt=0, description="stop when no posterior moves further than this")

    def __call__(self, answers: Votes) -> Beliefs:
        p, k = answers.clamped(answers.shares()), answers.classes
        edge_size = answers.size[answers.task]
        total = answers.by_source(edge_size) + self.alpha + self.beta
        for _ in range(self.sweeps):
            q = (answers.by_source(edge_size * p[answers.task, answers.label]) + self.alpha) / total
            q = np.clip(q, 1e-9, 1 - 1e-9)
            on, off = np.log(q), np.log((1 - q) / (k - 1))
            logs = answers.by_label((on - off)[answers.source])  # the same `off` for every class drops out
            new = answers.clamped(normalised(log_prior(answers, p, 1.0) + logs))
            moved = np.abs(new - p).max(initial=0)
            p = new
            if moved < self.tolerance:
                break
        q = (answers.by_source(edge_size * p[answers.task, answers.label]) + self.alpha) / total
        return Beliefs(p, one_coin(q, k), q)
