"""The cells that benchmarks/zero_label.py compares: hidden classes, their vectors, and what labels what has no label."""

from typing import Any

from benchmarks.acquisition import PLAIN
from benchmarks.rounds_in_process import departed_from, merged

ROUNDS = 3
SEEDS = 3

HIDDEN = {
    "brain": {1: ("grey matter",), 2: ("other", "grey matter")},
    "superalloy": {1: ("secondary precipitate",), 2: ("tertiary precipitate", "secondary precipitate")},
}
# Nothing is known of a hidden class but its vector, so this is side information that somebody must have. Brain: how bright a
# tissue is in a T1 image, as an angle from black (0 degrees) to white (180). Superalloy: bright or dark, small or large.
VECTORS = {
    "brain": {
        "background": (1.0, 0.0),
        "other": (0.5, 0.866025),
        "grey matter": (-0.5, 0.866025),
        "white matter": (-1.0, 0.0),
    },
    "superalloy": {
        "matrix": (1.0, 0.0),
        "tertiary precipitate": (-0.707107, -0.707107),
        "secondary precipitate": (-0.707107, 0.707107),
    },
}
CALIBRATION = 0.4  # SPNet's for COCO-Stuff; not chosen on these data
# With one class hidden it must beat the labelled ones, else it would get everything; with two they compete as in the paper.
AGAINST = {1: "all", 2: "unseen"}
OTHERS = {1: 0.3, 2: 0.0}  # share of squares without any label
BASELINE = "one_view"  # self-training by the same rule, without the agreement of views
ARMS: dict[str, dict[str, Any]] = {
    BASELINE: {"name": "strict", "strict": {"scales": [], "flip": False}},
    "strict": {"name": "strict", "strict": {}},
    "sure": {"name": "self_training", "self_training": {"threshold": 0.9}},
    "quota": {"name": "quota", "quota": {"rounds": ROUNDS}},
}
ONE_CLASS_LEFT = ("superalloy", 2)  # a network that is taught one class alone: shown, and nothing is claimed


def settings_of(data: str, hidden: int, arm: str) -> dict[str, Any]:
    names, expansion = HIDDEN[data][hidden], ARMS[arm]
    shipped = departed_from()["train"]["loss"]
    head = {
        "head": "embedding",
        "embeddings": {name: list(vector) for name, vector in VECTORS[data].items()},
        "unseen": list(names),
        "calibration": CALIBRATION,
    }
    return merged(
        PLAIN,
        {
            "ingest": {"noise": {"level": "none", "hidden": {"classes": list(names), "others": OTHERS[hidden]}}},
            "train": {"network": {"name": "unet", "unet": head}, "loss": shipped},
            "query": {"acquisition": {"name": "random"}},
            "correct": {"expansion": merged(expansion, {expansion["name"]: {"against": AGAINST[hidden]}})},
            "evaluate": {"unseen": list(names)},
        },
    )
