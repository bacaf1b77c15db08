"""Losses: logits and targets -> one value per pixel; the loop alone masks and averages.

`partial` says whether a loss learns from sets of classes; for others the answers are not read and label maps are used as they are.
"""

from segmend.stage.params import one_of
from tasks.train.losses.backward import Backward
from tasks.train.losses.bootstrapping import Bootstrapping
from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.losses.dice import Dice
from tasks.train.losses.elr import Elr
from tasks.train.losses.focal import Focal
from tasks.train.losses.forward import Forward
from tasks.train.losses.gce import Gce
from tasks.train.losses.ill import Ill
from tasks.train.losses.mae import Mae
from tasks.train.losses.nce_rce import NceRce
from tasks.train.losses.nfl_rce import NflRce
from tasks.train.losses.nr_dice import NrDice
from tasks.train.losses.partial import Partial
from tasks.train.losses.sce import Sce
from tasks.train.losses.suspected_smoothing import SuspectedSmoothing
from tasks.train.losses.t_loss import TLoss

LOSSES = (
    CrossEntropy,
    Gce,
    Sce,
    Mae,
    NceRce,
    NflRce,
    Bootstrapping,
    Focal,
    Dice,
    NrDice,
    Partial,
    Elr,
    TLoss,
    Forward,
    Backward,
    SuspectedSmoothing,
    Ill,
)
Loss = one_of(*LOSSES)
