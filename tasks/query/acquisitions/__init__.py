"""Acquisitions: the region table of the train split -> one utility per region, float64 (n,); the highest are asked.

`measure(scene)` is called during the pass over the images and gives columns of its own, one value per region; they come
back as `table.columns`. Picking (no region twice, budget, ties by seeded chance) is shared code: tasks/query/picking.py.
"""

from tasks.params import one_of
from tasks.query.acquisitions.class_balanced import ClassBalanced
from tasks.query.acquisitions.margin import Margin
from tasks.query.acquisitions.random import Random
from tasks.query.acquisitions.sim import Sim

Acquisition = one_of(Random, ClassBalanced, Margin, Sim)
