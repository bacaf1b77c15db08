"""Counts for every source and beliefs about every task, each given the mean of the other; with a network: deepMF.

Paper: Kim, Cho, Kim and Ok, AISTATS 2022, arXiv 2111.00734 (deepMF); Liu, Peng and Ihler, Variational inference
    for crowdsourcing, NeurIPS 2012.
Formula: c_s[k, l] = (alpha if k = l else beta) + sum over t answered l of size_t p_t(k); log p_t(k) = log f_t(k) +
    sum over answers of digamma(c_s[k, l]) - digamma(sum over j of c_s[k, j]).
Limits: many answers for each source: the counts are certain, and it is dawid_skene with equal shares. alpha = beta:
    an error, labels could flip. clip as in belief_propagation.
Differs: a source's own answer is part of the counts that judge it (the method's known weakness where sources answer
    little: there belief_propagation is better). The counts are over all answers, never over a batch. The network is that of
    pseudo_label.network, trained beforehand: here nothing alternates (benchmarks/deep_crowd.py does).
Costs: O(answers * K) for a sweep.
"""

from typing import Literal

import numpy as np
from pydantic import Field
from scipy.special import digamma

from segmend.aggregators._votes import Beliefs, Settled, Votes, clipped


class MeanField(Settled):
    name: Literal["mean_field"] = "mean_field"
    clip: float = Field(0.9, gt=0, le=1, description="the surest that the network may be; 1: as it is")
    sweeps: int = Field(100, ge=1, description="sweeps at most")

    def __call__(self, answers: Votes) -> Beliefs:
        k = answers.classes
        f = np.zeros((answers.tasks, k)) if answers.unary is None else clipped(answers.unary, self.clip)

        def logs(p: np.ndarray, counts: np.ndarray) -> np.ndarray:
            expected_log = digamma(counts) - digamma(counts.sum(axis=2, keepdims=True))
            return f + answers.indicators @ expected_log.transpose(0, 2, 1).reshape(-1, k)

        return self.settle(answers, logs)
