"""Losses: logits and targets -> one value per pixel; the loop alone masks and averages.

`partial` says whether a loss learns from sets of classes; for others the answers are not read and label maps are used as they are.
"""

from tasks.params import one_of
from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.losses.partial import Partial

LOSSES = (CrossEntropy, Partial)
Loss = one_of(*LOSSES)
