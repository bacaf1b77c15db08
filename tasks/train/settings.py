"""The section `train` of params.yaml."""

from typing import Literal

from pydantic import Field

from tasks.networks import Network
from tasks.params import Settings
from tasks.train.augmentations import Augmentation
from tasks.train.losses import Loss
from tasks.train.optimizers import Optimizer
from tasks.train.schedules import Schedule


class Params(Settings):
    network: Network = Field({"name": "unet"}, description="what is trained")
    loss: Loss = Field({"name": "cross_entropy"}, description="what is minimised")
    optimizer: Optimizer = Field({"name": "adamw"}, description="how a step follows from the gradient")
    schedule: Schedule = Field({"name": "polynomial"}, description="how the learning rate changes")
    augmentations: tuple[Augmentation, ...] = Field(
        ({"name": "flip"}, {"name": "crop"}),
        description="random changes of image and labels, applied in this order; [] for none",
    )
    epochs: int = Field(12, ge=1, le=100_000, description="how often each training image is seen")
    batch: int = Field(4, ge=1, le=4096, description="images per forward pass (over all GPUs together)")
    accumulate: int = Field(
        1, ge=1, le=1024, description="forward passes per step: k of batch b give the gradient of batch k * b"
    )
    warmup: float = Field(0.1, ge=0, le=1, description="share of the steps over which the learning rate rises from 0")
    validate_every: int = Field(
        1, ge=1, description="epochs between looks at the val split; the last epoch is always looked at"
    )
    use: Literal["best", "last"] = Field(
        "best", description="which weights later stages get: best by mIoU on the val split's given labels, or the last"
    )
