"""Merging: the base cells of one image (`scene.regions`) -> the regions that are asked about, joined or cut.

Called once per image and round, always on the same base cells with the newest network. Returned ids are dense, each
region is 4-connected, NO_REGION stays where the base has it.
"""

from segmend.stage.params import one_of
from tasks.query.merging.conflict import Conflict
from tasks.query.merging.none import Nothing
from tasks.query.merging.objects import Objects
from tasks.query.merging.root_anchored import RootAnchored

Merging = one_of(Nothing, RootAnchored, Objects, Conflict)
