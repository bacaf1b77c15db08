"""The settings of report."""

from pydantic import Field

from segmend.stage.params import Settings


class Params(Settings):
    pictures: int = Field(default=4, ge=0, le=50, description="images shown with labels before and after")
    box: int = Field(default=240, ge=64, le=1024, description="pictures fit into a square of so many pixels")
    matrix: int = Field(default=24, ge=2, description="up to so many classes the confusion matrix is shown whole")
