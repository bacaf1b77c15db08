"""Acquisitions: the region table of the train split -> one utility per region, float64 (n,); the highest are asked.

`measure(scene)` is called during the pass over the images and gives columns of its own, one value or one row per
region; they come back as `table.columns`. Picking (no region twice, budget, ties by seeded chance) is shared code:
tasks/query/ranking.py.
"""

from segmend.stage.params import one_of
from tasks.query.acquisitions.abc import Abc
from tasks.query.acquisitions.cil import Cil
from tasks.query.acquisitions.class_balanced import ClassBalanced
from tasks.query.acquisitions.classbal import Classbal
from tasks.query.acquisitions.doubt import Doubt
from tasks.query.acquisitions.entropy import Entropy
from tasks.query.acquisitions.expected_gain import ExpectedGain
from tasks.query.acquisitions.foreground_random import ForegroundRandom
from tasks.query.acquisitions.lcil import Lcil
from tasks.query.acquisitions.least_confidence import LeastConfidence
from tasks.query.acquisitions.margin import Margin
from tasks.query.acquisitions.pixbal import Pixbal
from tasks.query.acquisitions.popularity import Popularity
from tasks.query.acquisitions.random import Random
from tasks.query.acquisitions.sim import Sim

Acquisition = one_of(
    Random,
    ClassBalanced,
    ForegroundRandom,
    Margin,
    Entropy,
    LeastConfidence,
    Cil,
    Lcil,
    Sim,
    Abc,
    Classbal,
    Popularity,
    Pixbal,
    ExpectedGain,
    Doubt,
)
