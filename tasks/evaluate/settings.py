"""The settings of evaluate."""

from pydantic import Field

from segmend.stage.params import Settings


class Params(Settings):
    unseen: tuple[str, ...] = Field(
        default=(),
        description="classes that nobody labelled, scored as a group of their own; none named: those without a label in round 0",
    )
    boundary_width: float = Field(
        default=0.02, gt=0, le=0.5, description="width of the band of boundary IoU, as a share of the image's diagonal"
    )
    bins: int = Field(default=15, ge=2, le=1000, description="bins of confidence of the calibration error")
    pictures: int = Field(
        default=4,
        ge=0,
        le=50,
        description="how many of the worst, and of the most uncertain, images are kept to be shown",
    )
    strip: int = Field(default=4, ge=0, le=20, description="images in the composed strip: half train, half test split")
    strip_width: int = Field(default=200, ge=32, le=2048, description="width of one picture of the strip, in pixels")
