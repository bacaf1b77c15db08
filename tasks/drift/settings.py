"""The section `drift` of params.yaml, which may be left out: when new images are so unlike the promoted ones that somebody should look."""

from math import ceil

from pydantic import Field, model_validator

from segmend.stage.params import Settings

MEASURES = 4  # at most, between which the level is divided


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

    @model_validator(mode="after")
    def divisions_suffice(self) -> "Params":
        """The real division is one of draws + 1, so no p is smaller than 1 / (draws + 1): fewer draws would never find drift."""
        needed = ceil(MEASURES / (1 - self.confidence) - 1 - 1e-6)
        if self.draws < needed:
            raise ValueError(f"draws is {self.draws}: a confidence of {self.confidence} needs {needed} at least")
        return self
