"""Settings of the stage query."""

from typing import Literal

from pydantic import Field

from segmend.stage.params import Settings
from tasks.query.acquisitions import Acquisition, Sim
from tasks.query.merging import Merging, Nothing


class Params(Settings):
    acquisition: Acquisition = Field(Sim(), description="which regions are worth asking about")
    merging: Merging = Field(
        Nothing(), description="how the base cells are joined or cut into the regions that are asked"
    )
    kind: Literal["correction", "dominant", "multiclass"] = Field(
        "correction",
        description="correction: is this region's label right? if not, which class is it? dominant: which class has most of "
        "it? multiclass: which classes are in it?",
    )
    random: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of a round's questions that chance draws, in proportion to area: they alone say how far labels, network and "
        "corrector may be believed (expansion corrector)",
    )
    random_least: float | None = Field(
        None,
        ge=0,
        le=1,
        description="down to this the share falls where answers that chance asked for show less than a tenth of the labels to be wrong, in "
        "proportion; none: it never falls",
    )
    val: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of a round's questions that chance draws from the val split, in proportion to area: its labels choose the "
        "checkpoint (train.use: best) and keep their mistakes otherwise",
    )
    thinnest: int = Field(
        1,
        ge=1,
        le=64,
        description="regions that hold no square of this many pixels a side are not asked about: people hardly see what is "
        "thinner than 3",
    )
    unit: Literal["regions", "clicks"] = Field(
        "regions", description="what a round's budget counts; 'p%' is that share of all base cells of the train split"
    )
