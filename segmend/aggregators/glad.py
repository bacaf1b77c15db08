"""Sources have an ability and tasks a difficulty; a right answer is likely where ability outweighs difficulty.

Paper: Whitehill et al., Whose vote should count more: optimal integration of labels from labelers of unknown
    expertise, NeurIPS 2009.
Formula: r_ts = sigmoid(ability_s * exp(ease_t)), an answer is right with r, else any other class with (1 - r) / (K -
    1); E: p_t = softmax of log share + sum of the answers' logs; M: ability ~ N(ability, spread^2), ease ~ N(0,
    spread^2), `steps` steps of Newton's method on each, one curvature per parameter, at most 1 long.
Limits: spread -> 0: everybody as able as the prior says and nothing difficult, the majority under equal shares. An
    ability above 0 to begin with: labels cannot flip.
Differs: M-step by damped Newton steps instead of conjugate gradients (crowd-kit: 43 s for 400 tasks). Equal patterns
    of labels are one task and share their difficulty. `reliability` is the mean of r over a source's answers.
Costs: O(answers * steps) for a pass, 20 passes.
"""

from typing import Literal

import numpy as np
from pydantic import Field
from scipy.special import expit

from segmend.aggregators._votes import Aggregator, Beliefs, Votes, log_prior, normalised, one_coin

SMALL = 1e-9


class Glad(Aggregator):
    name: Literal["glad"] = "glad"
    ability: float = Field(
        1.0, gt=0, description="mean ability before any answer; above 0, that is, better than chance"
    )
    spread: float = Field(1.0, gt=0, description="standard deviation of abilities and of eases before any answer")
    sweeps: int = Field(20, ge=1, description="passes at most")
    steps: int = Field(4, ge=1, description="steps of the maximisation in each pass")
    tolerance: float = Field(1e-3, gt=0, description="stop when no posterior moves further than this")

    def __call__(self, answers: Votes) -> Beliefs:
        task, source, k = answers.task, answers.source, answers.classes
        size = answers.size[task]
        # chance is r = 1 / K: the same ability means "better than chance" for any number of classes
        chance = -np.log(k - 1.0)
        ability, ease = np.full(answers.sources, self.ability), np.zeros(answers.tasks)
        p = answers.clamped(answers.shares())
        for _ in range(self.sweeps):
            right = p[task, answers.label]
            for _ in range(self.steps):
                scale = np.exp(ease[task])
                slope = right - expit(ability[source] * scale + chance)
                bend = np.maximum(0.25 - (0.5 - expit(ability[source] * scale + chance)) ** 2, SMALL)
                first = answers.by_source(size * slope * scale) - (ability - self.ability) / self.spread**2
                second = answers.by_source(size * bend * scale**2) + 1 / self.spread**2
                ability = ability + np.clip(first / second, -1, 1)
                product = ability[source] * scale
                slope = right - expit(product + chance)
                first = answers.by_task(size * slope * product) - ease / self.spread**2
                second = answers.by_task(size * bend * product**2) + 1 / self.spread**2
                ease = np.clip(ease + np.clip(first / second, -1, 1), -5, 5)
            r = np.clip(expit(ability[source] * np.exp(ease[task]) + chance), SMALL, 1 - SMALL)
            new = normalised(log_prior(answers, p, 1.0) + answers.by_label(np.log(r) - np.log((1 - r) / (k - 1))))
            new = answers.clamped(new)
            moved = np.abs(new - p).max(initial=0)
            p = new
            if moved < self.tolerance:
                break
        at_prior = expit(self.ability + chance)
        q = (answers.by_source(size * r) + at_prior) / (answers.by_source(size) + 1)
        return Beliefs(p, one_coin(q, k), q)
