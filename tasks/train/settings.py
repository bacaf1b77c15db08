"""The section `train` of params.yaml."""

from typing import Literal

from pydantic import Field, model_validator

from segmend.network.architectures import Network
from segmend.stage.params import Settings
from tasks.train.augmentations import Augmentation
from tasks.train.averaging import Averaging
from tasks.train.corrections import Correction
from tasks.train.gradients import Gradient
from tasks.train.losses import Loss
from tasks.train.optimizers import Optimizer
from tasks.train.schedules import Schedule
from tasks.train.selections import Selection
from tasks.train.sharpness import Sharpness
from tasks.train.teachers import Teacher


class Params(Settings):
    network: Network = Field({"name": "unet"}, description="what is trained")
    start: str = Field(
        "none",
        pattern=r"^[A-Za-z0-9_-]+$",
        description="initial weights: none (random ones), or a name in the section pretraining",
    )
    loss: Loss = Field({"name": "cross_entropy"}, description="what is minimised")
    selection: Selection = Field({"name": "all"}, description="which labelled pixels are learnt from, and how much")
    teacher: Teacher = Field({"name": "none"}, description="what the network learns from besides the labels")
    correction: Correction = Field(
        {"name": "none"}, description="how labels are changed while the network learns from them"
    )
    gradients: tuple[Gradient, ...] = Field((), description="changes of the gradient before a step, in this order")
    sharpness: Sharpness = Field({"name": "none"}, description="where the gradient of a step is taken")
    averaging: Averaging = Field({"name": "none"}, description="the mean of past weights that is validated and saved")
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
        1, ge=1, description="epochs from one validation to the next; the last epoch is always validated"
    )
    watch: int = Field(
        4,
        ge=0,
        description="train images that are predicted after every epoch, to show early learning and memorisation; 0: none",
    )
    use: Literal["best", "last"] = Field(
        "best",
        description="which weights later stages get: best by mIoU on the val split's labels, which only answers about val images mend (query.val), or the last",
    )

    batch_norm: Literal["running", "reestimated"] = Field(
        "running",
        description="statistics of batch norms in the network that is saved: the running ones of training, or those of the whole training images, "
        "which helps on some data and ruins networks on others",
    )

    @model_validator(mode="after")
    def co_teaching_needs_a_choice(self) -> "Params":
        if self.teacher.name == "co_teaching" and self.selection.name == "all":
            raise ValueError(
                "teacher.name co_teaching exchanges the pixels that selection.name chooses, and all chooses every one: set "
                "selection.name to small_loss or mixture, or teacher.name to codistillation"
            )
        return self

    @model_validator(mode="after")
    def decay_must_not_be_negligible(self) -> "Params":
        """A normalised gradient is thousands of times as large as the decay that SGD would add to it."""
        optimizer = self.optimizer
        negligible = optimizer.name == "sgd" and optimizer.decay > 0 and not optimizer.decoupled
        if negligible and any(transform.name == "znorm" for transform in self.gradients):
            raise ValueError(
                "gradients: beside znorm's normalised gradients the weight decay that sgd adds is negligible; set "
                "train.optimizer.sgd.decoupled: true, or its decay to 0"
            )
        return self
