"""All that changes while a network is trained: what a checkpoint holds and a resumed training starts from."""

from math import isnan
from typing import Any

import torch
from torch import nn

from tasks.network import AnySize, build
from tasks.train.settings import Params


class State:
    """Network, optimizer, scaler, and how far the training is."""

    def __init__(self, network: AnySize, optimizer: torch.optim.Optimizer, scaler: torch.amp.GradScaler):
        self.network, self.optimizer, self.scaler = network, optimizer, scaler
        self.step = 0  # steps done
        self.epoch = 0  # epochs done
        self.rates = [group["lr"] for group in optimizer.param_groups]  # the schedule scales these
        self.running = torch.zeros(2)  # sum of the steps' losses and their number, since the last row of the curve
        self.curve: list[dict[str, Any]] = []
        self.best: dict[str, Any] = {"miou": -1.0, "epoch": 0, "network": {}}

    def saved(self) -> dict[str, Any]:
        random = {"cpu": torch.get_rng_state()}
        if torch.cuda.is_initialized():
            random["cuda"] = torch.cuda.get_rng_state()
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "random": random,
            **{name: getattr(self, name) for name in ("step", "epoch", "running", "curve", "best")},
        }

    def load(self, saved: dict[str, Any]) -> None:
        self.network.load_state_dict(saved["network"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])
        torch.set_rng_state(saved["random"]["cpu"])
        if "cuda" in saved["random"]:
            torch.cuda.set_rng_state(saved["random"]["cuda"])
        for name in ("step", "epoch", "running", "curve", "best"):
            setattr(self, name, saved[name])

    def end_epoch(self, epoch: int, rate: float, val_loss: float, val_miou: float) -> dict[str, Any]:
        """One more row of the curve; the weights are kept if they follow the val labels better than any before."""
        self.epoch = epoch
        loss, count = self.running.tolist()
        self.running.zero_()
        numbers = {"loss": loss / count, "val_loss": val_loss, "val_miou": val_miou, "lr": rate}
        self.curve.append({"epoch": epoch, **{k: None if isnan(v) else v for k, v in numbers.items()}})
        if val_miou > self.best["miou"]:  # never so for NaN: where nothing was looked at there is no best
            weights = {name: tensor.detach().cpu().clone() for name, tensor in self.network.state_dict().items()}
            self.best = {"miou": val_miou, "epoch": epoch, "network": weights}
        return self.curve[-1]


def start(settings: Params, seed: int, classes: int, device: torch.device, kind: torch.dtype) -> State:
    """A new network and its optimizer; convolutions run in `kind`."""
    torch.manual_seed(seed)
    network = build(settings.network, classes).to(device).to(memory_format=torch.channels_last).train()
    scaled = kind == torch.float16  # bfloat16 has the range of float32 and needs no scaling
    return State(network, settings.optimizer.build(groups(network)), torch.amp.GradScaler(device.type, enabled=scaled))


def groups(network: nn.Module) -> list[dict[str, Any]]:
    """Parameters for the optimizer: matrices and kernels, then norms' weights and biases, which are not decayed."""
    every = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return [
        {"params": [parameter for parameter in every if parameter.ndim > 1]},
        {"params": [parameter for parameter in every if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
