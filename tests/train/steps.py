"""Single steps of training on made-up batches, for the tests."""

import torch

from tasks.train.api.pixel_maps import PixelMaps
from tasks.train.engine.dataloader import Batch
from tasks.train.engine.state import start
from tasks.train.engine.step import TrainStep
from tests.toys import SHAPE_CARD
from tests.train.runs import quick

CPU = torch.device("cpu")


def batch(seed: int, images: int = 4, side: int = 16) -> Batch:
    """Brightness tells the class; some pixels are void."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 3, (images, side // 4, side // 4), generator=random)
    labels = labels.repeat_interleave(4, 1).repeat_interleave(4, 2).to(torch.uint8)
    noise = torch.randint(0, 60, (images, 3, side, side), generator=random)
    pictures = (40 + 60 * labels[:, None].long() + noise).to(torch.uint8)
    labels[:, 0] = 255
    return Batch(pictures, PixelMaps(labels), torch.zeros((images, 0, 3), dtype=torch.bool))


def train_step(kind: torch.dtype = torch.float32, cells: int = 0, **changes) -> TrainStep:
    """Steps in float32; with `kind` float16 the gradients are scaled as they would be on a GPU. `cells`: of a loss's memory."""
    settings = quick(**changes)
    state = start(settings, 0, 3, CPU, kind, cells)
    amp = torch.autocast("cpu", torch.bfloat16, enabled=False)
    return TrainStep(settings, state, state.network, SHAPE_CARD, torch.full((3,), 1 / 3), amp)
