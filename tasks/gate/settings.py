"""The section `gate` of params.yaml, which may be left out: when a challenger takes the champion's place."""

from math import ceil

from pydantic import Field, model_validator

from segmend.stage.params import Settings


class Params(Settings):
    confidence: float = Field(
        0.95,
        ge=0.5,
        lt=1,
        description="the challenger's mIoU must be higher in this share of bootstrap draws over images",
    )
    draws: int = Field(2000, ge=100, le=100_000, description="bootstrap draws")
    drop: float = Field(0.02, ge=0, le=1, description="how much IoU a listed class may lose at most")
    classes: tuple[str, ...] = Field((), description="the classes that `drop` protects; empty: all")

    @model_validator(mode="after")
    def swaps_suffice(self) -> "Params":
        """The identity is one of draws + 1 swaps, so no p is smaller than 1 / (draws + 1): fewer draws would never promote."""
        needed = ceil(1 / (1 - self.confidence) - 1 - 1e-6)
        if self.draws < needed:
            raise ValueError(f"draws is {self.draws}: a confidence of {self.confidence} needs {needed} at least")
        return self
