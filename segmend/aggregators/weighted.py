"""Votes weighted by how often each source was right on gold questions.

Source: gold (control) questions of crowdsourcing practice; the weights are the optimal ones for independent sources:
    Nitzan and Paroush, Optimal decision rules in uncertain dichotomous choice situations, 1982.
Idea: agreement cannot tell three copies of one bad model from three good ones; a few dozen gold answers can.
Formula: q_s = (right on gold + alpha) / (gold answers + alpha + beta), not below 1/K; p_k = softmax over k of sum of
    log(q_s (K - 1) / (1 - q_s)) over the sources that say k.
Limits: all q equal: the same label as majority. q_s = 1/K, or below: the source has no vote.
Differs: a source below chance is silenced, not believed in reverse.
Costs: one pass over the answers.
"""

from typing import ClassVar, Literal

import numpy as np

from segmend.aggregators._votes import Beliefs, Tilted, Votes, normalised, one_coin, right_share


class Weighted(Tilted):
    wants_gold: ClassVar[bool] = True

    name: Literal["weighted"] = "weighted"

    def __call__(self, answers: Votes) -> Beliefs:
        counts = answers.gold_counts()
        if not counts.any():
            raise ValueError(
                "the aggregator weighted needs gold: masks of an annotator named 'gold' on some of the images that "
                "the others labelled too; add them (masks/gold/<id>.png), or choose dawid_skene or majority"
            )
        k = answers.classes
        q = np.maximum(right_share(counts, self.alpha, self.beta), 1 / k)
        weight = np.log(q * (k - 1) / (1 - q))
        logs = answers.by_label(weight[answers.source])
        if answers.unary is not None:
            logs = logs + answers.unary
        return Beliefs(normalised(logs), one_coin(q, k), q)
