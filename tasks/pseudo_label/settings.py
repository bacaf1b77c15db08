"""Settings of the stage pseudo_label."""

from pydantic import Field

from segmend.aggregators import Aggregator
from segmend.aggregators.majority import Majority
from segmend.stage.params import Settings
from tasks.pseudo_label.labellers import Given, Labeller


class Params(Settings):
    labeller: Labeller = Field(Given(), description="where the first labels come from")
    aggregator: Aggregator = Field(
        Majority(), description="how masks of several annotators become one (labeller given, where a data set has them)"
    )
    network: str = Field(
        "none",
        pattern=r"^[A-Za-z0-9_-]+$",
        description="a trained network that the aggregator weighs against the annotators: none, or a folder of data/weights into "
        "which you copied one (data/models/r0 of an earlier run)",
    )
    scores: int = Field(
        3, ge=1, le=254, description="best classes of each region whose soft scores are kept (labellers with a model)"
    )
