"""The methods that benchmarks/noise.py compares, as changes of the section train of experiments/brain.yaml."""

from typing import Any

Arm = dict[str, Any]

# What every arm departs from: cross entropy with class weights, and nothing else.
PLAIN: Arm = {
    "loss": {"name": "cross_entropy", "cross_entropy": {"weights": "sqrt_inverse"}},
    "selection": {"name": "all"},
    "teacher": {"name": "none"},
    "correction": {"name": "none"},
    "gradients": [],
    "sharpness": {"name": "none"},
    "averaging": {"name": "none"},
}


def loss(name: str, **fields: Any) -> Arm:
    return {"loss": {"name": name, name: fields}}


def weighted(name: str, **fields: Any) -> Arm:
    return loss(name, weights="sqrt_inverse", **fields)


SMALL_LOSS: Arm = {"selection": {"name": "small_loss", "small_loss": {"rate": 0.15}}}
ZNORM: Arm = {"gradients": [{"name": "znorm"}]}
EMA: Arm = {"averaging": {"name": "ema"}}

ARMS: dict[str, Arm] = {
    "cross_entropy": {},
    "unweighted": loss("cross_entropy", weights="none"),
    "smoothing": weighted("cross_entropy", smoothing=0.1),
    "gce": weighted("gce"),
    "gce_truncated": weighted("gce", truncate=0.5),
    "sce": weighted("sce"),
    "mae": weighted("mae"),
    "nce_rce": weighted("nce_rce"),
    "nfl_rce": weighted("nfl_rce"),
    "bootstrapping": weighted("bootstrapping"),
    "focal": weighted("focal"),
    "dice": loss("dice"),
    "nr_dice": loss("nr_dice"),
    "t_loss": loss("t_loss"),
    "forward": loss("forward"),
    "backward": loss("backward"),
    "elr": weighted("elr"),
    "suspected": weighted("suspected_smoothing"),
    "ill": loss("ill"),
    "small_loss": SMALL_LOSS,
    "mixture": {"selection": {"name": "mixture"}},
    "adele": {"correction": {"name": "adele"}},
    "multi_scale": {"teacher": {"name": "multi_scale"}},
    "adele+multi_scale": {"correction": {"name": "adele"}, "teacher": {"name": "multi_scale"}},
    "mean_teacher": {"teacher": {"name": "mean_teacher"}},
    "codistillation": {"teacher": {"name": "codistillation"}},
    "co_teaching": {"teacher": {"name": "co_teaching"}, **SMALL_LOSS},
    "jocor": {"teacher": {"name": "jocor"}, **SMALL_LOSS},
    "sam": {"sharpness": {"name": "sam"}},
    "asam": {"sharpness": {"name": "sam", "sam": {"adaptive": True, "rho": 0.5}}},
    "ema": EMA,
    "swa": {"averaging": {"name": "swa"}},
    "clip_norm": {"gradients": [{"name": "clip_norm"}]},
    "clip_quantile": {"gradients": [{"name": "clip_quantile"}]},
    "centralize": {"gradients": [{"name": "centralize"}]},
    "znorm": ZNORM,
    "dice+znorm": {**loss("dice"), **ZNORM},
    "gce+znorm": {**weighted("gce"), **ZNORM},
    "nce_rce+znorm": {**weighted("nce_rce"), **ZNORM},
    "dice+ce": loss("dice", ce=0.5),
    "dice+ema": {**loss("dice"), **EMA},
    "dice+znorm+ema": {**loss("dice"), **ZNORM, **EMA},
    "nce_rce+ema": {**weighted("nce_rce"), **EMA},
    "dice+adele": {**loss("dice"), "correction": {"name": "adele"}},
    "dice+mean_teacher": {**loss("dice"), "teacher": {"name": "mean_teacher"}},
}

# Trained so many times as long, where wrong labels begin to be remembered: what is made against remembering should pay there.
LONGER = 5
LONG = ("cross_entropy", "dice", "elr", "adele", "small_loss")
LONG_DATA = ("brain", "superalloy")
