"""Oracles: one image's queries, labels and truth (or None), names of the classes, seed -> a verdict per query or None.

None means "not answered". `waiting(...)` gives the sentence to stop with while too little is answered, or None. Answers in
the answers file always come before an oracle's: an oracle is only asked about the rest.
"""

from segmend.stage.params import one_of
from tasks.correct.oracles.ground_truth import GroundTruth
from tasks.correct.oracles.people import People

Oracle = one_of(GroundTruth, People)
