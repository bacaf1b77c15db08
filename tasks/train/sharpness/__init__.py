"""Sharpness: where the gradient of a step is taken: at the weights (`none`), or at perturbed ones nearby (SAM)."""

from segmend.stage.params import one_of
from tasks.train.sharpness.none import Nothing
from tasks.train.sharpness.sam import Sam

SHARPNESS = (Nothing, Sam)
Sharpness = one_of(*SHARPNESS)
