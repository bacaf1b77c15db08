"""Settings of the stage query."""

from typing import Literal

from pydantic import Field

from tasks.params import Settings
from tasks.query.acquisitions import Acquisition, Sim


class Params(Settings):
    acquisition: Acquisition = Field(Sim(), description="which regions are worth asking about")
    kind: Literal["correction"] = Field(
        "correction", description="correction: is this region's label right? if not, which class is it?"
    )
    unit: Literal["regions", "clicks"] = Field(
        "regions", description="what a round's budget counts; 'p%' is that share of all train regions, in this unit"
    )
