"""Corrections of label maps during training. See tasks/train/corrections/_relabelling.py for the contract."""

from segmend.stage.params import one_of
from tasks.train.corrections.adele import Adele
from tasks.train.corrections.none import Nothing

CORRECTIONS = (Nothing, Adele)
Correction = one_of(*CORRECTIONS)
