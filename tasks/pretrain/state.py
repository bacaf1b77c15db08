"""Everything that changes in a pretraining: the content of a checkpoint, from which it is resumed."""

from json import dumps, loads
from typing import Any

import numpy as np
import torch
from torch import nn

from segmend.network.segmenter import AnySize, build
from tasks.pretrain.settings import Params


class State:
    """Network, projection head, optimizer, and how far it is."""

    def __init__(
        self, network: AnySize, head: nn.Module, optimizer: torch.optim.Optimizer, draws: torch.Generator, seed: int
    ):
        self.network, self.head, self.optimizer = network, head, optimizer
        self.draws, self.random = draws, np.random.default_rng(seed)  # which pixels; which images, windows, distortions
        self.step = 0  # steps done
        self.order: list[int] = []  # images that are still to come in this pass
        self.losses: list[float] = []  # one a step

    def saved(self) -> dict[str, Any]:
        random = {"cpu": torch.get_rng_state()}  # a network may drop features at random
        if torch.cuda.is_initialized():
            random["cuda"] = torch.cuda.get_rng_state()
        return {
            "network": self.network.state_dict(),
            "head": self.head.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "draws": self.draws.get_state(),
            "random": dumps(self.random.bit_generator.state),
            "torch": random,
            "step": self.step,
            "order": self.order,
            "losses": self.losses,
        }

    def load(self, saved: dict[str, Any]) -> None:
        for name in ("network", "head", "optimizer"):
            getattr(self, name).load_state_dict(saved[name])
        self.draws.set_state(saved["draws"])
        self.random.bit_generator.state = loads(saved["random"])
        torch.set_rng_state(saved["torch"]["cpu"])
        if "cuda" in saved["torch"]:
            torch.cuda.set_rng_state(saved["torch"]["cuda"])
        self.step, self.order, self.losses = saved["step"], saved["order"], saved["losses"]


def start(settings: Params, method: Any, seed: int, classes: int, device: torch.device) -> State:
    """A new network and its head."""
    torch.manual_seed(seed)
    network = build(method, classes).to(device).to(memory_format=torch.channels_last)
    with torch.no_grad():  # only an answer shows how many features there are
        width = network.eval().with_features(torch.zeros(1, 3, 64, 64, device=device))[1].shape[1]
    head = projection(width, settings.projection).to(device)
    parameters = [*network.train().parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=settings.lr, weight_decay=settings.decay)
    return State(network, head, optimizer, torch.Generator().manual_seed(seed), seed)


def projection(inputs: int, width: int) -> nn.Module:
    """Three 1x1 convolutions, as in the paper."""
    return nn.Sequential(
        nn.Conv2d(inputs, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1)
    )
