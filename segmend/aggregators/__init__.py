"""Aggregators: answers of several sources -> posterior of each task, confusion and reliability of each source."""

from segmend.aggregators.arbitration import Arbitration
from segmend.aggregators.bayesian_risk import BayesianRisk
from segmend.aggregators.belief_propagation import BeliefPropagation
from segmend.aggregators.dawid_skene import DawidSkene
from segmend.aggregators.glad import Glad
from segmend.aggregators.majority import Majority
from segmend.aggregators.mean_field import MeanField
from segmend.aggregators.one_coin import OneCoin
from segmend.aggregators.weighted import Weighted
from segmend.stage.params import one_of

Aggregator = one_of(
    Majority, Weighted, DawidSkene, OneCoin, Glad, BeliefPropagation, MeanField, BayesianRisk, Arbitration
)
