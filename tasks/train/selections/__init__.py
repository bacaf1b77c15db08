"""Selections: which labelled pixels a network learns from, and how much. `build(classes)` gives a step_context.Selection."""

from segmend.stage.params import one_of
from tasks.train.selections.all import All
from tasks.train.selections.mixture import Mixture
from tasks.train.selections.small_loss import SmallLoss
from tasks.train.selections.trust import Trust

SELECTIONS = (All, SmallLoss, Mixture, Trust)
Selection = one_of(*SELECTIONS)
