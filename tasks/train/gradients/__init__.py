"""Gradient transforms: change the gradients in place before a step, in the order they are listed.

Each is called with the network's parameters that have a gradient, in float32 and unscaled.
"""

from segmend.stage.params import one_of
from tasks.train.gradients.centralize import Centralize
from tasks.train.gradients.clip_norm import ClipNorm
from tasks.train.gradients.clip_quantile import ClipQuantile
from tasks.train.gradients.clip_value import ClipValue
from tasks.train.gradients.znorm import ZNorm

GRADIENTS = (ClipNorm, ClipValue, ClipQuantile, Centralize, ZNorm)
Gradient = one_of(*GRADIENTS)
