"""Judges: compare(image, first mask, second mask, class, probabilities) -> 0 or 1, the better of the two, or None;
present(image, union of the masks, class, probabilities) -> whether the class is to be seen at all."""

from segmend.judges.edges import Edges
from segmend.judges.likelihood import Likelihood
from segmend.stage.params import one_of

Judge = one_of(Edges, Likelihood)
