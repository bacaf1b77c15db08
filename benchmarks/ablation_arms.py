"""The arms of benchmarks/ablation.py: for each paper its method, whole and with parts taken away."""

from typing import Any

from benchmarks import acquisition
from benchmarks.acquisition import PLAIN
from benchmarks.rounds_in_process import merged

ROUNDS, BUDGET = 3, "2%"

# Unweighted, as the papers have it, and as the loss `partial` treats a pixel of one known class.
CROSS_ENTROPY = {"name": "cross_entropy", "cross_entropy": {"weights": "none"}}
ASAL = {"query": {"acquisition": {"name": "popularity"}, "kind": "dominant", "unit": "clicks"}}
MERGED = {"query": {"merging": {"name": "root_anchored"}}}
SIEVED = {"correct": {"sieving": {"name": "knee", "knee": {"rest": "unlabelled"}}}}
# Asked at random, so that all arms get the same answers and differ in what they learn from them.
MULACTSEG = {
    "query": {"acquisition": {"name": "random"}, "kind": "multiclass", "unit": "clicks"},
    "train": {"network": {"name": "unet", "unet": {"head": "cosine"}}},
}
PROTOTYPES = {"correct": {"expansion": {"name": "prototypes"}}}
# What round 1 is asked about: the untrained network sees everything alike, and would merge and sieve accordingly.
WARM_UP = {key: {name: PLAIN[key][name]} for key, name in (("query", "merging"), ("correct", "sieving"))}


def partial(**weights: float) -> dict[str, Any]:
    return {"train": {"loss": {"name": "partial", "partial": weights}}}


ARMS: dict[str, dict[str, dict[str, Any]]] = {
    "ALC": {arm: acquisition.settings_of(arm) for arm in ("cil", "lcil", "sim")},
    "ASAL": {
        "cells": merged(PLAIN, ASAL),
        "merged": merged(PLAIN, ASAL, MERGED),
        "merged+sieved": merged(PLAIN, ASAL, MERGED, SIEVED),
    },
    "MulActSeg": {
        "one_class": merged(PLAIN, MULACTSEG, {"train": {"loss": CROSS_ENTROPY}}),
        "without_pp": merged(PLAIN, MULACTSEG, partial(pp=0)),
        "without_mp": merged(PLAIN, MULACTSEG, partial(mp=0)),
        "full": merged(PLAIN, MULACTSEG, partial()),
    },
}
PAPER = {arm: paper for paper, arms in ARMS.items() for arm in arms}
STAGE_2 = "full+stage2"  # made in the cell of `full`, from its last network
