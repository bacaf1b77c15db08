"""Settings of the stage correct."""

from pydantic import Field

from tasks.correct.costs import Clicks, Cost
from tasks.correct.oracles import GroundTruth, Oracle
from tasks.params import Settings


class Params(Settings):
    oracle: Oracle = Field(GroundTruth(), description="who answers what the answers file does not")
    cost: Cost = Field(Clicks(), description="what an answer costs that does not say so itself")
