"""Settings of the stage superpixelize."""

from pydantic import Field

from segmend.stage.params import Settings
from tasks.superpixelize.methods import Slic, Superpixels


class Params(Settings):
    method: Superpixels = Field(Slic(), description="how images are cut into regions")
    tolerance: int = Field(
        1,
        ge=0,
        description="boundary recall counts a true border as found within this many pixels of a region's border",
    )
