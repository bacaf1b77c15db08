"""Losses: logits and targets -> one value per pixel; the loop alone masks and averages."""

from tasks.params import one_of
from tasks.train.losses.cross_entropy import CrossEntropy

LOSSES = (CrossEntropy,)
Loss = one_of(*LOSSES)
