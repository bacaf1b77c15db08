"""Settings of the stage correct."""

from pydantic import Field

from segmend.stage.params import Settings
from tasks.correct.costs import Clicks, Cost
from tasks.correct.expansion import Expansion
from tasks.correct.expansion import Nothing as NoExpansion
from tasks.correct.oracles import GroundTruth, Oracle
from tasks.correct.sieving import Nothing as NoSieving
from tasks.correct.sieving import Sieving


class Params(Settings):
    oracle: Oracle = Field(GroundTruth(), description="who answers the questions that the answers file does not")
    cost: Cost = Field(Clicks(), description="cost of an answer that has no clicks or seconds of its own")
    sieving: Sieving = Field(
        NoSieving(), description="which pixels of a region keep its answer, by the newest network's confidence"
    )
    expansion: Expansion = Field(
        NoExpansion(),
        description="what is changed beyond the answered regions, by the answers and the newest network; counted apart",
    )

    @property
    def sieved(self) -> bool:
        return self.sieving.name != "none"

    @property
    def expanded(self) -> bool:
        return self.expansion.name != "none"

    @property
    def plain(self) -> "Params":
        """The same without a network: answers are applied as they are."""
        return self.model_copy(update={"sieving": NoSieving(), "expansion": NoExpansion()})

    @property
    def automatic(self) -> bool:
        """Whether labels depend on a network, so that one is needed."""
        return self.sieved or self.expanded
