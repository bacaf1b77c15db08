"""Old names of what tests/toys.py makes."""

from tests.toys import LEAF_CARD as CARD
from tests.toys import LEAF_PARAMS as PARAMS
from tests.toys import LEAF_SHAPE as SHAPE
from tests.toys import LEAF_SPLITS as SPLITS
from tests.toys import digests
from tests.toys import leaf_mask as given_map
from tests.toys import leaf_probabilities as stream_of_truth
from tests.toys import leaf_truth as true_map
from tests.toys import leaves as make

__all__ = ["CARD", "PARAMS", "SHAPE", "SPLITS", "digests", "given_map", "make", "stream_of_truth", "true_map"]
