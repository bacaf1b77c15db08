"""Expansions: what the answers so far say about other pixels (tasks/spread.py holds what they are given and must do).

They work on the labels after all answers and change no void pixel. Each guards itself against mending too much; what it
changed is counted and kept in the history apart from what people said.
"""

from tasks.correct.expansion.evidence import Evidence
from tasks.correct.expansion.module import Module
from tasks.correct.expansion.none import Nothing
from tasks.correct.expansion.prototypes import Prototypes
from tasks.correct.expansion.similar import Similar
from tasks.params import one_of

Expansion = one_of(Nothing, Similar, Module, Prototypes, Evidence)
