"""The section `export` of params.yaml."""

from pydantic import Field

from segmend.stage.params import Settings
from tasks.export.formats import Format, Same


class Params(Settings):
    format: Format = Field(
        Same(), description="how the corrected data set is written; same: as it came in, or as folders"
    )
    images: bool = Field(True, description="write the images too; false: masks and lists only")
    licence: str = Field("", description="the licence of images and labels, for the data card")
