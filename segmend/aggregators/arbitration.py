"""Two candidate masks, a judge asked twice: keep, class by class, the mask that wins whichever is shown first.

Paper: Bassi et al., Label Critic: Design data before models, ISBI 2025 (PedroRASB/LabelCritic).
Formula: for each class k of an image: Dice(A_k, B_k) >= gate: no case, both stay. Else, if one of them is empty and
    the judge says that k is not to be seen, the empty one wins; else the judge compares (A_k, B_k), then (B_k, A_k):
    a winner both times wins, anything else abstains. prefer_k = 1, 0 or 1/2 for A; where A says a and B says b, p(a)
    = (prefer_a + prefer_b) / 2 and p(b) the rest.
Limits: equal masks: the judge is never asked. gate = 0: never asked either, p = 1/2 wherever they differ. A judge
    that likes what it sees first: abstains always.
Differs: the judge is a number from the image, not a language model of 72 billion weights: `edges` (how well the
    border lies on image edges) or `likelihood` (a network's mean log odds of the class over what the masks dispute).
    The paper sets the gate from the data (mean - sd of Dice, at most .8); here it is fixed. An undecided pixel takes
    the lower class id, with the risk of one half.
Costs: O(pixels) for each class present in an image, twice.
"""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from segmend.aggregators._votes import Aggregator, Beliefs, Votes, prior_counts, right_share, rows_to_one
from segmend.judges import Edges, Judge, Likelihood


class Arbitration(Aggregator):
    wants_pixels: ClassVar[bool] = True

    name: Literal["arbitration"] = "arbitration"
    judge: Judge = Field(Edges(), description="who compares two masks of a class: edges or likelihood")
    gate: float = Field(0.8, ge=0, le=1, description="Dice from which two masks of a class are no case")

    @property
    def reads_network(self) -> bool:
        return isinstance(self.judge, Likelihood)

    def __call__(self, answers: Votes) -> Beliefs:
        """Without pixels every case is undecided: the shares of the votes."""
        return self.settled(answers, np.full(answers.classes, 0.5))

    def settled(self, answers: Votes, prefer: np.ndarray) -> Beliefs:
        """Beliefs when source 0 is preferred with `prefer` (classes,); answers of two sources."""
        weight = np.ones(len(answers.task))
        both = answers.answered.sum(axis=1) == answers.sources
        mine = prefer[answers.label]
        # what the pair of labels makes of the first source: the mean over the two classes in question
        score = answers.by_task(mine) / np.maximum(answers.votes.sum(axis=1), 1)
        weight = np.where(
            both[answers.task], np.where(answers.source == 0, score[answers.task], 1 - score[answers.task]), 1
        )
        votes = answers.by_label(weight)
        total = votes.sum(axis=1, keepdims=True)
        posterior = np.where(total > 0, votes / np.maximum(total, 1e-300), 1 / answers.classes)
        counts = answers.counts(posterior)
        confusion = rows_to_one(counts + prior_counts(answers.classes, 2.0, 1.0))
        return Beliefs(posterior, confusion, right_share(counts, 2.0, 1.0))

    def preferences(
        self, image: np.ndarray, masks: np.ndarray, classes: int, probabilities: np.ndarray | None = None
    ) -> np.ndarray:
        """(classes,): 1 where the first mask of the class wins, 0 where the second does, 1/2 where neither."""
        if len(masks) != 2:
            raise ValueError(
                f"pseudo_label.aggregator arbitration decides between two annotators, and there are {len(masks)}: leave two "
                "folders of masks, or choose majority or dawid_skene"
            )
        if isinstance(self.judge, Likelihood) and probabilities is None:
            raise ValueError(
                "pseudo_label.aggregator.arbitration.judge likelihood needs a network's probabilities: name a network in "
                "pseudo_label.network, or choose edges"
            )
        prefer = np.full(classes, 0.5)
        usable = (masks < classes).all(axis=0)
        for k in np.unique(masks[:, usable]):
            first, second = (masks == k) & usable
            size, shared = first.sum() + second.sum(), (first & second).sum()
            if 2 * shared >= self.gate * size:
                continue
            seen = self.judge.present(image, first | second, int(k), probabilities)
            if not seen and not (first.any() and second.any()):
                prefer[k] = float(not first.any())
                continue
            forth = self.judge.compare(image, first, second, int(k), probabilities)
            back = self.judge.compare(image, second, first, int(k), probabilities)
            prefer[k] = 0.5 if forth == back else float(forth == 0)
        return prefer
