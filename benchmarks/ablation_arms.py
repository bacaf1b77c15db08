"""The arms of benchmarks/ablation.py: for each paper its method, whole and with parts taken away; and how a cell of them is run."""

from json import loads
from typing import Any

from benchmarks import acquisition
from benchmarks.acquisition import PLAIN
from benchmarks.oracle_regions import Oracle
from benchmarks.rounds_in_process import Cell, merged

Row = dict[str, Any]

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
        "oracle": merged(PLAIN, ASAL, MERGED),  # benchmarks/oracle_regions.py takes the place of the merging
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


class Blank(Cell):
    """A cell that starts without labels; its first round asks about the base cells."""

    def __init__(self, data: str, seed: int, arm: str, settings: dict[str, Any]):
        blank = {"pseudo_label": {"labeller": {"name": "blank"}}}
        super().__init__(data, seed, f"ablation-{arm}", merged(settings, blank))
        # Nothing is labelled, so nothing is learnt and the loss does not matter: the arms of a paper share their start.
        self.start = self.base / f"ablation-{PAPER[arm]}-start"
        self.class_sets: list[int] = []
        self.arm = arm

    def checked(self, stage: str) -> Any:
        settings = super().checked(stage)
        if stage == "query" and self.arm == "oracle" and settings.merging.name != "none":
            regions = Oracle(**self.fixed, regions=self.base / "regions")
            return settings.model_copy(update={"merging": regions})
        return settings

    def run(self, stage: str, **paths: Any) -> dict[str, Any]:
        every = self.settings
        if paths.get("round") == "r1":
            self.settings = merged(every, WARM_UP)
        try:
            metrics = super().run(stage, **paths)
        finally:
            self.settings = every
        if stage == "correct":
            self.class_sets.append(metrics["class_sets"])
        return metrics

    def stage_two(self) -> Row:
        """The labels that prototypes of the last network make of all answers, and a new network trained on them."""
        self.settings = merged(self.settings, PROTOTYPES, {"train": {"loss": CROSS_ENTROPY}})
        here, workspace, last = self.place / "stage2", self.place, f"r{ROUNDS}"
        self.run(
            "correct", round=last, **self.fixed, first=self.start / "labels/r0", labels=workspace / f"labels/r{ROUNDS - 1}",
            queries=workspace / f"queries/{last}", answers=workspace / "none.jsonl", regions=self.base / "regions",
            model=workspace / f"models/{last}", out=here / f"labels/{last}",
        )  # fmt: skip
        self.teach(workspace, here, ROUNDS)
        return loads((here / f"scores/{last}/rounds.json").read_text())[-1]


def cell_of(data: str, arm: str, seed: int) -> Cell:
    kind = Cell if PAPER[arm] == "ALC" else Blank
    return kind(data, seed, arm, ARMS[PAPER[arm]][arm])
