"""Every annotator has one vote; the posterior is the share of the votes.

Idea: no model of anybody, so nothing can go wrong but the majority itself; what all else is measured against.
Formula: p_k = votes for k / votes; a source's confusion is counted against p, with a trace of a prior.
Limits: one answer: its label, risk 0. Nobody answered: all classes alike. Ties: the lower class id under most_likely.
Differs: with `decide: expected_iou` the shares decide which pixels to name, so that two readers of four can be enough
    for a small object; no reliabilities are learned for it.
Costs: one pass over the answers.
"""

from typing import Literal

from segmend.aggregators._votes import Aggregator, Beliefs, Votes, prior_counts, right_share, rows_to_one


class Majority(Aggregator):
    name: Literal["majority"] = "majority"

    @property
    def reads_network(self) -> bool:
        return False

    def __call__(self, answers: Votes) -> Beliefs:
        shares = answers.shares()
        counts = answers.counts(shares)
        confusion = rows_to_one(counts + prior_counts(answers.classes, 2.0, 1.0))
        return Beliefs(shares, confusion, right_share(counts, 2.0, 1.0))
