"""Settings of the stage correct."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from segmend.aggregators import Aggregator
from segmend.aggregators.majority import Majority
from segmend.stage.params import Settings
from tasks.correct.costs import Clicks, Cost
from tasks.correct.expansion import Expansion
from tasks.correct.expansion import Nothing as NoExpansion
from tasks.correct.oracles import GroundTruth, Oracle
from tasks.correct.sieving import Nothing as NoSieving
from tasks.correct.sieving import Sieving

ADAPTIVE = "adaptive"


def _count_or_adaptive(overlap: Any) -> Any:
    if overlap == ADAPTIVE or (type(overlap) is int and 1 <= overlap <= 100):
        return overlap
    raise ValueError("must be a count of people from 1 to 100, or adaptive")


class Params(Settings):
    oracle: Oracle = Field(GroundTruth(), description="who answers the questions that the answers file does not")
    overlap: Annotated[int | Literal["adaptive"], BeforeValidator(_count_or_adaptive)] = Field(
        1,
        description="people that each question is given to; adaptive: one, and another while it is likelier than `doubt` that the "
        "answer so far is wrong",
    )
    doubt: float = Field(
        0.2, gt=0, lt=1, description="adaptive: the probability of a wrong answer above which one more person is asked"
    )
    most_people: int = Field(3, ge=2, le=100, description="adaptive: people that a question is given to at most")
    aggregator: Aggregator = Field(
        Majority(),
        description="how answers of several people to one question become one (arbitration compares masks: not here)",
    )
    network: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="the probability that the network of the round before may have at most where its prediction counts beside "
        "several people's answers (all aggregators but majority and bayesian_risk); 0: it does not count",
    )
    cost: Cost = Field(Clicks(), description="cost of an answer that has no clicks or seconds of its own")
    sieving: Sieving = Field(
        NoSieving(), description="which pixels of a region keep its answer, by the newest network's confidence"
    )
    expansion: Expansion = Field(
        NoExpansion(),
        description="what is changed beyond the answered regions, by the answers and the newest network; counted apart",
    )

    @model_validator(mode="after")
    def people_fit(self) -> "Params":
        if self.aggregator.wants_pixels:
            raise ValueError(
                f"the aggregator {self.aggregator.name} compares two masks of whole images, and here people answer questions: "
                "choose majority, one_coin, dawid_skene or belief_propagation"
            )
        if self.network and not self.aggregator.reads_network:
            raise ValueError(
                f"network is {self.network:g}, but the aggregator {self.aggregator.name} takes no prior: set network to 0, or "
                "choose belief_propagation, one_coin or dawid_skene"
            )
        people, wanted = len(self.oracle.people) or 1 if self.oracle.simulated else None, self.people_at_most
        if people is not None and wanted > people:
            setting = "overlap" if self.overlap != ADAPTIVE else "most_people"
            raise ValueError(
                f"{setting} is {wanted}, but {people} simulated annotator{'s' * (people > 1)} can answer: list {wanted} people or "
                f"more in oracle.{self.oracle.name}.people, let people answer (oracle: {{name: people}}), or set {setting} to {people}"
            )
        return self

    @property
    def people_at_most(self) -> int:
        """How many people a question is given to at most."""
        return self.most_people if isinstance(self.overlap, str) else self.overlap

    @property
    def sieved(self) -> bool:
        return self.sieving.name != "none"

    @property
    def expanded(self) -> bool:
        return self.expansion.name != "none"

    @property
    def measures_network(self) -> bool:
        """Whether the first of two passes needs a network."""
        return self.sieved or self.expansion.measures_network

    @property
    def plain(self) -> "Params":
        """The same without a network: answers are applied as they are."""
        return self.model_copy(update={"sieving": NoSieving(), "expansion": NoExpansion()})

    @property
    def automatic(self) -> bool:
        """Whether labels depend on a network, so that one is needed."""
        return self.sieved or self.expanded
