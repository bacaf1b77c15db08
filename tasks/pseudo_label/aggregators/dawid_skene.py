"""A whole confusion matrix for every source, and the true labels, each learned from the other in turn.

Paper: Dawid and Skene, Maximum likelihood estimation of observer error-rates using the EM algorithm, 1979.
Formula: E: p_t(k) = softmax of log share_k + sum over answers (s, l) of log C_s[k, l]; M: C_s[k, l] = (alpha if k = l
    else beta) + sum over t answered l of size_t p_t(k), rows scaled to 1; shares likewise.
Limits: every answer the same: the posterior is that label. alpha = beta would let classes change their names: an
    error. Gold is clamped: p_t is certain there in every pass. One source: its own labels.
Differs: starts from the vote's shares, not from random matrices; the priors' pseudo-counts keep every log finite. A
    class's share is counted per image where the scope is the image.
Costs: O(answers * K) for a pass; 10 to 50 passes.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from tasks.pseudo_label.sources import Answers, Beliefs, Tilted, log_prior, normalised, prior_counts, rows_to_one


class DawidSkene(Tilted):
    name: Literal["dawid_skene"] = "dawid_skene"
    sweeps: int = Field(50, ge=1, description="passes at most")
    tolerance: float = Field(1e-3, gt=0, description="stop when no posterior moves further than this")

    def __call__(self, answers: Answers) -> Beliefs:
        p = answers.clamped(answers.shares())
        prior = prior_counts(answers.classes, self.alpha, self.beta)
        for _ in range(self.sweeps):
            confusion = rows_to_one(answers.counts(p) + prior)
            logs = answers.said @ np.log(confusion).transpose(0, 2, 1).reshape(-1, answers.classes)
            new = answers.clamped(normalised(log_prior(answers, p, 1.0) + logs))
            moved = np.abs(new - p).max(initial=0)
            p = new
            if moved < self.tolerance:
                break
        counts = answers.counts(p)
        right = np.trace(counts, axis1=1, axis2=2) + self.alpha
        total = counts.sum(axis=(1, 2)) + self.alpha + self.beta
        return Beliefs(p, rows_to_one(counts + prior), right / total)
