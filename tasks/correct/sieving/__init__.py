"""Sieving: confidences float32 (n,) of one region's answered class, base cells it covers -> bool (n,), which pixels keep it.

Applied to every answer that names one class for a region, of all rounds, with the newest network. `rest` is the label of the
other pixels of the region: as they were before the answer (first), or unlabelled.
"""

from segmend.stage.params import one_of
from tasks.correct.sieving.knee import Knee
from tasks.correct.sieving.none import Nothing

Sieving = one_of(Nothing, Knee)
