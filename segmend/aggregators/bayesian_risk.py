"""A vote weighted by annotator and class, and the risk that the consensus is wrong.

Paper: Estes et al., A region-wide, multi-year set of crop field boundary labels for Africa, 2024 (lacunalabels).
Formula: weight_s(k) = quality_s * producer's accuracy of s for k; C_k = sum of weight_s(k) over those who say k,
    scaled to add up to 1; the label is the class of the highest C, the risk 1 - C there: for two classes C(1 - D) +
    (1 - C)D.
Limits: no gold: all weights 1, C are the shares of the votes and the risk is that of majority. One annotator: risk 0.
Differs: quality is the area's part of the paper's score alone (pixels right on gold / pixels of gold): its counts of
    fields and closeness of borders need objects, which a table of answers has not. `unsure` marks (1/2) do not exist
    here: who is unsure leaves 254. Shares of gold carry a prior of alpha right and beta wrong answers.
Costs: one pass over the answers.
"""

from typing import ClassVar, Literal

import numpy as np

from segmend.aggregators._votes import Beliefs, Tilted, Votes, prior_counts, right_share, rows_to_one


class BayesianRisk(Tilted):
    wants_gold: ClassVar[bool] = True

    name: Literal["bayesian_risk"] = "bayesian_risk"

    @property
    def reads_network(self) -> bool:
        return False

    def __call__(self, answers: Votes) -> Beliefs:
        known = answers.gold_counts()
        weight = np.ones((answers.sources, answers.classes))
        if known.any():
            recall = rows_to_one(known + prior_counts(answers.classes, self.alpha, self.beta))
            quality = right_share(known, self.alpha, self.beta)
            weight = quality[:, None] * np.diagonal(recall, axis1=1, axis2=2)
        return self.weigh(answers, weight)

    def weigh(self, answers: Votes, weight: np.ndarray) -> Beliefs:
        """The consensus under weights (sources, classes)."""
        votes = answers.by_label(weight[answers.source, answers.label])
        total = votes.sum(axis=1, keepdims=True)
        posterior = np.where(total > 0, votes / np.maximum(total, 1e-300), 1 / answers.classes)
        counts = answers.counts(posterior)
        confusion = rows_to_one(counts + prior_counts(answers.classes, self.alpha, self.beta))
        return Beliefs(posterior, confusion, right_share(counts, self.alpha, self.beta))
