"""Optimizers: groups of parameters -> a torch optimizer; the schedule scales each group's learning rate."""

from segmend.stage.params import one_of
from tasks.train.optimizers.adamw import AdamW
from tasks.train.optimizers.sgd import SGD

OPTIMIZERS = (AdamW, SGD)
Optimizer = one_of(*OPTIMIZERS)
