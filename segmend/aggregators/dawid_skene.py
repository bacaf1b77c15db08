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

from segmend.aggregators._votes import Beliefs, Settled, Votes, log_prior, rows_to_one


class DawidSkene(Settled):
    name: Literal["dawid_skene"] = "dawid_skene"

    def __call__(self, answers: Votes) -> Beliefs:
        def logs(p: np.ndarray, counts: np.ndarray) -> np.ndarray:
            log_confusion = np.log(rows_to_one(counts)).transpose(0, 2, 1).reshape(-1, answers.classes)
            return log_prior(answers, p, 1.0) + answers.indicators @ log_confusion

        return self.settle(answers, logs)
