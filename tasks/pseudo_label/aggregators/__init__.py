"""Aggregators: answers of several sources -> posterior of each task, confusion and reliability of each source."""

from segmend.stage.params import one_of
from tasks.pseudo_label.aggregators.arbitration import Arbitration
from tasks.pseudo_label.aggregators.bayesian_risk import BayesianRisk
from tasks.pseudo_label.aggregators.belief_propagation import BeliefPropagation
from tasks.pseudo_label.aggregators.dawid_skene import DawidSkene
from tasks.pseudo_label.aggregators.glad import Glad
from tasks.pseudo_label.aggregators.majority import Majority
from tasks.pseudo_label.aggregators.mean_field import MeanField
from tasks.pseudo_label.aggregators.one_coin import OneCoin
from tasks.pseudo_label.aggregators.weighted import Weighted

Aggregator = one_of(
    Majority, Weighted, DawidSkene, OneCoin, Glad, BeliefPropagation, MeanField, BayesianRisk, Arbitration
)
