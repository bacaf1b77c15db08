"""Old names of what tests/toys.py and tests/train/runs.py hold."""

from tests.toys import SHAPE_CARD as CARD
from tests.toys import brain
from tests.toys import draw_shapes as draw
from tests.toys import shapes as toys
from tests.train.runs import Plain, bytes_of, quick, run, store

__all__ = ["CARD", "Plain", "brain", "bytes_of", "draw", "quick", "run", "store", "toys"]
