"""Expansions: changes of labels beyond the answered regions (the interface is in tasks/correct/expansion/_base.py).

They work on the labels after all answers and change no void pixel. Each has a criterion that limits wrong changes; its changes
are counted and kept in the history separately from answers. Those that fill change unlabelled pixels only: with them rounds
may have no questions (budget: 0).
"""

from segmend.stage.params import one_of
from tasks.correct.expansion.corrector import Corrector
from tasks.correct.expansion.evidence import Evidence
from tasks.correct.expansion.module import Module
from tasks.correct.expansion.none import Nothing
from tasks.correct.expansion.prototypes import Prototypes
from tasks.correct.expansion.quota import Quota
from tasks.correct.expansion.self_training import SelfTraining
from tasks.correct.expansion.similar import Similar
from tasks.correct.expansion.strict import Strict

Expansion = one_of(Nothing, Similar, Module, Prototypes, Evidence, Corrector, Strict, SelfTraining, Quota)
