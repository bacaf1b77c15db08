"""Expansions: what the answers so far say about other pixels (tasks/correct/expansion/_base.py holds what they are given and must do).

They work on the labels after all answers and change no void pixel. Each guards itself against mending too much; what it
changed is counted and kept in the history apart from what people said. Those that fill label what has no label, and
nothing else: with them rounds may do without questions (budget: 0).
"""

from segmend.stage.params import one_of
from tasks.correct.expansion.evidence import Evidence
from tasks.correct.expansion.module import Module
from tasks.correct.expansion.none import Nothing
from tasks.correct.expansion.prototypes import Prototypes
from tasks.correct.expansion.quota import Quota
from tasks.correct.expansion.self_training import SelfTraining
from tasks.correct.expansion.similar import Similar
from tasks.correct.expansion.strict import Strict

Expansion = one_of(Nothing, Similar, Module, Prototypes, Evidence, Strict, SelfTraining, Quota)
