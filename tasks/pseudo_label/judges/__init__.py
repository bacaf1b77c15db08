"""Judges: compare(image, first mask, second mask, class, probabilities) -> 0 or 1, the better of the two, or None;
present(image, union of the masks, class, probabilities) -> whether the class is to be seen at all."""

from segmend.stage.params import one_of
from tasks.pseudo_label.judges.edges import Edges
from tasks.pseudo_label.judges.likelihood import Likelihood

Judge = one_of(Edges, Likelihood)
