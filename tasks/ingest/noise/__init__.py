"""Kinds of planted mistakes. A kind is called with (labels, wanted, classes, rng) and returns new labels.

`labels` uint8 (h, w) with void and unlabelled, which no kind touches; `wanted`: how many pixels to make wrong; `classes`:
the ids present in the data set, the one with most pixels first; the result is a new map, the input stays as it is.
`hidden` is none of these kinds: it takes labels away, by class, after all of them.
"""

from segmend.stage.params import one_of
from tasks.ingest.noise.blobs import Blobs
from tasks.ingest.noise.border import Border
from tasks.ingest.noise.dropped import Dropped
from tasks.ingest.noise.flips import Flips
from tasks.ingest.noise.hidden import Hidden as Hidden
from tasks.ingest.noise.invented import Invented
from tasks.ingest.noise.swapped import Swapped
from tasks.ingest.noise.whole_image import WholeImage

KINDS = (WholeImage, Swapped, Dropped, Invented, Blobs, Flips, Border)  # planted in this order
Kind = one_of(*KINDS)
