"""Who compares two masks of one class: the judges, for arbitration."""

from tasks.pseudo_label.judges import Judge
from tasks.pseudo_label.judges.edges import Edges
from tasks.pseudo_label.judges.likelihood import Likelihood

__all__ = ["Edges", "Judge", "Likelihood"]
