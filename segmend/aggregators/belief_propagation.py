"""Messages between tasks and sources, none of them repeating what its receiver said; with a network: deepBP.

Paper: Kim, Cho, Kim and Ok, Robust deep learning from crowds with belief propagation, AISTATS 2022, arXiv
    2111.00734.
Formula: one edge e = (t, s, l). a_e = what the others and the network make of l for t; of the grid's points q g_e(q)
    = q a_e + (1 - q)(1 - a_e) / (K - 1); qhat_e = mean of q under Beta(alpha, beta) times prod of g_e' over s's other
    answers; the message to t is qhat_e for l and (1 - qhat_e) / (K - 1) for the rest; log p_t(k) = log f_t(k) + sum
    of the log messages.
Limits: exact where the graph of tasks and sources has no circles. alpha = beta: an error, labels could flip. Many
    answers for each source: the same as mean_field, since leaving one out changes nothing. clip = 1: the network as
    it is; clip = 1/K: no network. No network: all classes alike.
Differs: one reliability for a source, on a grid, where the release draws 400 whole confusion matrices: O(answers *
    grid) instead of O(tasks * sources * draws * K). Stops at 1e-3, not 3e-2. K classes. Identical tasks are one, with
    a size.
    The network is that of pseudo_label.network, trained beforehand: here nothing alternates (benchmarks/deep_crowd.py does).
Costs: O(answers * grid) for a sweep; 3 to 9 sweeps on sparse graphs.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from segmend.aggregators._votes import Beliefs, Tilted, Votes, clipped, normalised, one_coin


class BeliefPropagation(Tilted):
    name: Literal["belief_propagation"] = "belief_propagation"
    grid: int = Field(32, ge=2, description="points of the grid on which a source's reliability is integrated")
    clip: float = Field(0.9, gt=0, le=1, description="the surest that the network may be; 1: as it is")
    sweeps: int = Field(100, ge=1, description="sweeps at most")
    tolerance: float = Field(1e-3, gt=0, description="stop when no message moves further than this")

    def __call__(self, answers: Votes) -> Beliefs:
        task, source, label, k = answers.task, answers.source, answers.label, answers.classes
        q = (np.arange(self.grid) + 0.5) / self.grid
        prior = (self.alpha - 1) * np.log(q) + (self.beta - 1) * np.log1p(-q)
        f = np.zeros((answers.tasks, k)) if answers.unary is None else clipped(answers.unary, self.clip)
        size = answers.size[task]
        qhat = np.full(len(task), self.alpha / (self.alpha + self.beta))
        total = np.tile(prior, (answers.sources, 1))
        for _ in range(self.sweeps):
            on, off = np.log(qhat), np.log((1 - qhat) / (k - 1))
            belief = f + answers.by_label(on - off)
            cavity = belief[task]
            cavity[np.arange(len(task)), label] -= on - off
            a = normalised(cavity)[np.arange(len(task)), label]
            known = answers.gold[task]
            a = np.where(known < 0, a, known == label)
            logs = np.log(np.outer(a, q) + np.outer((1 - a) / (k - 1), 1 - q) + 1e-300)
            total = prior + sums(logs * size[:, None], source, answers.sources)
            weights = normalised(total[source] - logs)
            new = weights @ q
            moved = np.abs(new - qhat).max(initial=0.0)
            qhat = new
            if moved < self.tolerance:
                break
        on, off = np.log(qhat), np.log((1 - qhat) / (k - 1))
        posterior = normalised(f + answers.by_label(on - off))
        at = normalised(total) @ q
        return Beliefs(answers.clamped(posterior), one_coin(at, k), at)


def sums(values: np.ndarray, source: np.ndarray, sources: int) -> np.ndarray:
    """Sum of the rows of each source."""
    columns = values.shape[1]
    cells = (source[:, None] * columns + np.arange(columns)).ravel()
    return np.bincount(cells, values.ravel(), sources * columns).reshape(sources, columns)
