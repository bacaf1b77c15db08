"""Everything that changes while a network is trained: the content of a checkpoint, from which a training is resumed."""

from math import isnan
from pathlib import Path
from typing import Any

import torch
from torch import nn

from segmend.network.segmenter import AnySize, build, load
from tasks.train.settings import Params


class AuxiliaryModules(nn.Module):
    """Trained or stateful modules other than the network: their state is part of checkpoints, their parameters are trained."""

    teacher: Any
    mean: Any

    def __init__(self, loss: nn.Module, selection: nn.Module, teacher: nn.Module, mean: nn.Module | None):
        super().__init__()
        self.loss, self.selection, self.teacher, self.mean = loss, selection, teacher, mean


SAVED = ("step", "epoch", "running", "curve", "best", "correction")  # attributes that a checkpoint holds unchanged


class State:
    """Network, auxiliary modules, optimizer, scaler, and the progress of the training."""

    def __init__(
        self,
        network: AnySize,
        auxiliary: AuxiliaryModules,
        optimizer: torch.optim.Optimizer,
        scaler: torch.amp.GradScaler,
    ):
        self.network, self.auxiliary, self.optimizer, self.scaler = network, auxiliary, optimizer, scaler
        self.step = 0  # steps done
        self.epoch = 0  # epochs done
        self.rates = [group["lr"] for group in optimizer.param_groups]  # the schedule scales these
        self.running = torch.zeros(2)  # sum of the steps' losses and their number, since the last row of the curve
        self.curve: list[dict[str, Any]] = []
        self.best: dict[str, Any] = {"miou": -1.0, "epoch": 0, "network": {}}
        self.data_wait = 0.0  # share of this process's time that was spent waiting for data
        self.correction: dict[
            str, Any
        ] = {}  # state of a correction of labels (tasks/train/corrections/_relabelling.py)

    @property
    def shown(self) -> AnySize:
        """The network that is validated and saved: the mean of past weights where one is kept."""
        mean = self.auxiliary.mean
        return self.network if mean is None else mean.network

    def saved(self) -> dict[str, Any]:
        random = {"cpu": torch.get_rng_state()}
        if torch.cuda.is_initialized():
            random["cuda"] = torch.cuda.get_rng_state()
        return {
            "network": self.network.state_dict(),
            "auxiliary": self.auxiliary.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "random": random,
            **{name: getattr(self, name) for name in SAVED},
        }

    def load(self, saved: dict[str, Any]) -> None:
        self.network.load_state_dict(saved["network"])
        self.auxiliary.load_state_dict(saved["auxiliary"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])
        torch.set_rng_state(saved["random"]["cpu"])
        if "cuda" in saved["random"]:
            torch.cuda.set_rng_state(saved["random"]["cuda"])
        for name in SAVED:
            setattr(self, name, saved[name])

    def end_epoch(self, epoch: int, rate: float, val_loss: float, val_miou: float) -> dict[str, Any]:
        """Append a row to the curve; keep the weights if their mIoU on the val labels is the highest so far."""
        self.epoch = epoch
        loss, count = self.running.tolist()
        self.running.zero_()
        numbers = {"loss": loss / count, "val_loss": val_loss, "val_miou": val_miou, "lr": rate}
        self.curve.append({"epoch": epoch, **{k: None if isnan(v) else v for k, v in numbers.items()}})
        if val_miou > self.best["miou"]:  # false for NaN: without validation there is no best
            weights = {name: tensor.detach().cpu().clone() for name, tensor in self.shown.state_dict().items()}
            self.best = {"miou": val_miou, "epoch": epoch, "network": weights}
        return self.curve[-1]


def start(
    settings: Params,
    seed: int,
    classes: int,
    device: torch.device,
    kind: torch.dtype,
    cells: int = 0,
    initial: Path | None = None,
) -> State:
    """A new network and its optimizer; convolutions run in `kind`; `cells` of the loss's grid cover the training set.

    `initial` is the folder of a pretrained network whose weights are the initial ones; None: random ones.
    """

    def new_network() -> AnySize:
        network = build(settings.network, classes)
        if initial:
            load_initial(network, initial, settings.network)
        return network.to(device).to(memory_format=torch.channels_last).train()

    torch.manual_seed(seed)
    network = new_network()
    loss, selection = settings.loss.build(classes, cells), settings.selection.build(classes)
    teacher = settings.teacher.build(new_network)
    if teacher.peer is not None:
        teacher.selection = settings.selection.build(classes)
    auxiliary = AuxiliaryModules(loss, selection, teacher, settings.averaging.build(network)).to(device)
    scaled = kind == torch.float16  # bfloat16 has the range of float32 and needs no scaling
    optimizer = settings.optimizer.build(groups(network, auxiliary, settings.loss.rate * settings.optimizer.lr))
    return State(network, auxiliary, optimizer, torch.amp.GradScaler(device.type, enabled=scaled))


def load_initial(network: AnySize, folder: Path, method: Any) -> None:
    """Load all weights of a pretrained network but its classifier's. ValueError where the architectures differ."""
    pretrained, _ = load(folder)
    classifier = f"body.{getattr(pretrained.body, 'classifier', 'head')}."
    weights = {name: value for name, value in pretrained.state_dict().items() if not name.startswith(classifier)}
    expected = {name: value.shape for name, value in network.state_dict().items() if not name.startswith(classifier)}
    if {name: value.shape for name, value in weights.items()} != expected:
        raise ValueError(
            f"{folder} holds another network than train.network asks for ({method.name}); run the stage pretrain again, or set "
            "train.start to none"
        )
    network.load_state_dict(weights, strict=False)


def groups(network: nn.Module, auxiliary: AuxiliaryModules, loss_rate: float) -> list[dict[str, Any]]:
    """Parameters for the optimizer: matrices and kernels, then norms' weights and biases, which are not decayed.

    A loss's own parameters are not decayed either, and have their own learning rate.
    """
    trained = [p for module in (network, auxiliary.teacher) for p in module.parameters() if p.requires_grad]
    of_loss = {"params": list(auxiliary.loss.parameters()), "weight_decay": 0.0, "lr": loss_rate}
    return [
        {"params": [parameter for parameter in trained if parameter.ndim > 1]},
        {"params": [parameter for parameter in trained if parameter.ndim <= 1], "weight_decay": 0.0},
        *([of_loss] if of_loss["params"] else []),
    ]
