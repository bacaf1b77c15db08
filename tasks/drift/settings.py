"""The section `drift` of params.yaml, which may be left out: when new images are so unlike the promoted ones that somebody should look."""

from pydantic import Field

from segmend.stage.params import Settings


class Params(Settings):
    shift: float = Field(
        0.5,
        ge=0,
        description="the least shift that counts, in standard deviations over all images; smaller ones are only shown",
    )
    confidence: float = Field(
        0.99,
        ge=0.5,
        lt=1,
        description="new images that are like the promoted ones raise no alarm in this share of cases, all measures together",
    )
    draws: int = Field(
        1000, ge=500, le=100_000, description="random divisions of all images that a shift is compared with"
    )
    images: int = Field(
        500, ge=10, le=100_000, description="images looked at on either side; of more, so many are drawn at random"
    )
    stop: bool = Field(
        True, description="whether a run stops after ingest where the data has drifted, until somebody looked"
    )
