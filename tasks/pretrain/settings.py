"""The section `pretrain` of params.yaml."""

from pydantic import Field

from segmend.stage.params import Settings


class Params(Settings):
    epochs: int = Field(10, ge=1, le=100_000, description="how often each training image is seen")
    batch: int = Field(4, ge=2, le=1024, description="images per step; the next one in the batch is an image's partner")
    crop: int = Field(112, ge=16, le=8192, description="side of the window that is cut out of each image")
    lr: float = Field(5e-3, gt=0, le=1, description="highest learning rate (AdamW, falling to 0 as half a cosine)")
    decay: float = Field(0.01, ge=0, le=10, description="weight decay")
    temperature: float = Field(0.07, gt=0, le=10, description="similarities are divided by it")
    per_class: int = Field(
        64, ge=2, le=4096, description="pixels of each class that are drawn from each view of an image"
    )
    projection: int = Field(256, ge=2, le=4096, description="width of the projection head, which is dropped afterwards")
    cross_image: bool = Field(True, description="pixels of the same class in the partner image are positives too")
    rim: int = Field(
        2, ge=0, le=64, description="pixels this near to a border of the labels are not drawn: these are often wrong"
    )
    trust: float = Field(
        0.5, ge=0, le=1, description="pixels whose label annotators or models agree on less are not drawn (0: all are)"
    )
    jitter: float = Field(
        0.3, ge=0, le=1, description="how much brightness and contrast of the second view are changed"
    )
