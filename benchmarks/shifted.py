"""Do the methods mend what a network repeats? Labels from a network that comes from elsewhere, beside planted mistakes.

    python -m benchmarks.shifted                          every arm, every data set, seeds 0, 1, 2
    python -m benchmarks.shifted --data facade --arms sim segmend --seeds 0 1 2
    python -m benchmarks.shifted --table                  only write the page, and README's table, from the rows that are there

Five rounds of 2 % of the base cells, simulated answers. benchmarks/shifted_data.py says what the data are. Facade, superalloy
and nuclei are read from ../shared/data beside the project, or from SEGMEND_BENCH_DATA. Several of these may run side by side.
"""

from collections.abc import Iterator
from json import loads
from os import environ
from pathlib import Path
from shutil import rmtree
from time import process_time
from typing import Any

import numpy as np
from filelock import FileLock

from benchmarks import rounds_in_process, shifted_headline, shifted_page
from benchmarks.claims import arguments, kept
from benchmarks.rounds_in_process import STAGES, WORK, Cell, experiment, merged, take
from benchmarks.shifted_data import chosen, classes_of, labelled_elsewhere, write_folder
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import VOID, LabelMap, read_labels
from segmend.network.inference import stream
from segmend.stage.params import validated

BUDGETS = ("2%",) * 5  # of the base cells: 10 % in all
CELLS = {"superpixelize": {"method": {"name": "slic", "slic": {"regions": 300, "sigma": 0}}}}
# The same for every arm. Half the default's widths: half its time.
LEARN: dict[str, Any] = {
    "network": {"name": "unet", "unet": {"widths": [8, 16, 32, 64]}},
    "loss": {"name": "dice"},
    "gradients": [{"name": "znorm"}],
}
EPOCHS = {"facade": 12, "brain": 15, "superalloy": 20, "nuclei": 15, "planted": 15}  # 60 steps of batch 4
SHIFTED = ("facade", "brain", "superalloy", "nuclei")
DATA = (*SHIFTED, "planted")  # planted: the brain with planted medium mistakes
PLAIN: dict[str, Any] = {
    "query": {"merging": {"name": "none"}, "kind": "correction", "unit": "regions"},
    "correct": {"sieving": {"name": "none"}, "expansion": {"name": "none"}},
}
# The default before the corrector: what params.yaml and experiments/segmend.yaml said then.
BEFORE: dict[str, Any] = {
    "query": {"acquisition": {"name": "expected_gain"}, "merging": {"name": "conflict"}},
    "correct": {"expansion": {"name": "evidence"}},
}
ARMS: dict[str, dict[str, Any]] = {
    "random": {"query": {"acquisition": {"name": "random"}}},
    "class_balanced": {"query": {"acquisition": {"name": "class_balanced"}}},
    "sim": {"query": {"acquisition": {"name": "sim"}}},
    "abc": {"query": {"acquisition": {"name": "abc"}}},
    "segmend_before": BEFORE,
    "random_corrected": {
        "query": {"acquisition": {"name": "random"}, "random": 1.0},
        "correct": {"expansion": {"name": "corrector"}},
    },
    "segmend": {part: experiment("segmend_corrected")[part] for part in ("query", "correct")},
    "alc": experiment("alc"),
    "a2lc": experiment("a2lc"),
}
# The papers' own training, cross entropy with class weights and plain gradients, on the same network.
OWN = {f"{name}_own_training": experiment(name) for name in ("alc", "a2lc")}
ARMS |= OWN
CORRECTED = ARMS["segmend"]
# 5 % wrong answers; of regions that are nowhere 3 pixels wide a quarter is mistaken and a quarter skipped.
ERRING = {"confusion": 0.05, "thin": 3, "thin_confusion": 0.25, "thin_skips": 0.25}
TRUSTED = 77  # of 255: how far labels that no answer speaks of are trusted in the arm `answered`; .3
# One part changed: the share that chance draws, the guard, the features, the selection.
ARMS |= {
    "corrected_random_0": merged(CORRECTED, {"query": {"random": 0.0}}),
    "corrected_random_5": merged(CORRECTED, {"query": {"random": 0.05}}),
    "corrected_random_10": merged(CORRECTED, {"query": {"random": 0.1}}),
    "corrected_steady": merged(CORRECTED, {"query": {"random_least": 0.2}}),
    "corrected_unguarded": merged(CORRECTED, {"correct": {"expansion": {"corrector": {"z": 0.0}}}}),
    "corrected_naive": merged(CORRECTED, {"correct": {"expansion": {"corrector": {"chosen": 1.0}}}}),
    "corrected_network": merged(CORRECTED, {"correct": {"expansion": {"corrector": {"features": "network"}}}}),
    "corrected_colour": merged(CORRECTED, {"correct": {"expansion": {"corrector": {"features": "none"}}}}),
    "corrected_by_gain": merged(CORRECTED, {"query": {"acquisition": {"name": "expected_gain"}}}),
    "answered": merged(CORRECTED, {"train": {"selection": {"name": "trust"}}}),  # see ShiftedCell.run
    "segmend_erring": merged(CORRECTED, {"correct": {"oracle": {"name": "ground_truth", "ground_truth": ERRING}}}),
}
# The same mistakes, of three people: one answers, and another where it is likelier than `correct.doubt` that the answer is wrong. Every answer
# costs its click.
CHECKED = {**ERRING, "people": [{"name": name, "accuracy": 1 - ERRING["confusion"]} for name in ("ada", "ben", "cem")]}
ARMS["segmend_erring_checked"] = merged(
    CORRECTED,
    {
        "query": {"unit": "clicks"},
        "correct": {
            "oracle": {"name": "ground_truth", "ground_truth": CHECKED},
            "overlap": "adaptive",
            "aggregator": {"name": "belief_propagation"},
            "network": 0.8,
        },
    },
)
# These ask nobody: the network of round 0 replaces labels (free_threshold: where its probability is above .8), self_training does so
# three times, each time with the network that learned from the labels before; given and truth change nothing and train a network.
FREE = ("given", "truth", "free_argmax", "free_threshold", "self_training")
SURE = 0.8
# In this order, so that what is compared is there first.
CORE = (
    "segmend", "sim", "segmend_before", "random_corrected", "free_threshold", "free_argmax", "given", "class_balanced", "random", "truth",
    "self_training",
)  # fmt: skip
KEEP = (
    "clicks", "queries", "data_miou", "wrong_pixels", "model_miou", "auto_pixels", "ceiling_miou", "asked", "cells", "expected_fixed",
    "experience", "pixels_fixed", "pixels_broken", "auto_changed", "auto_fixed", "auto_broken", "round_seconds", "asked_at_random",
)  # fmt: skip


class ShiftedCell(Cell):
    """An arm on a data set of benchmarks/shifted_data.py."""

    table = {
        name: {
            "ingest": {
                "data": name,
                "format": {"name": "folders"},
                "noise": {"level": "medium" if name == "planted" else "none"},
            },
            **CELLS,
            "train": {"epochs": EPOCHS[name]},
        }
        for name in DATA
    }

    def __init__(self, data: str, seed: int, arm: str, settings: dict[str, Any]):
        learn = {"network": LEARN["network"]} if arm in OWN else LEARN
        super().__init__(data, seed, f"shifted-{arm}", merged(settings, {"train": learn}))
        name = self.base.name
        self.base = WORK / f"shifted-{name}"
        self.start = self.base / self.start.name

    def run(self, stage: str, **paths: Any) -> dict[str, Any]:
        """A stage; where training learns by trust, the first labels are trusted little, and correct trusts answered pixels fully."""
        made = super().run(stage, **paths)
        if stage == "pseudo_label" and self.settings["train"]["selection"]["name"] == "trust":
            labels = Labels(paths["out"])
            for sample in Dataset(paths["dataset"]).of("train", "val"):
                labels.write_trust(sample.id, np.full((sample.height, sample.width), TRUSTED, np.uint8))
        return made

    def raw(self) -> Path:
        """The raw folder, made where it is not there; brain and nuclei anew for each seed, since their labelling network is."""
        place = WORK / f"shifted-raw/{self.data}-{0 if self.data in ('facade', 'planted') else self.seed}"
        with FileLock(WORK / f"{place.name}.raw.lock"):
            if not place.is_dir():
                self.make_raw(place)
        return place

    def make_raw(self, place: Path) -> None:
        name = "brain" if self.data == "planted" else self.data
        source = rounds_in_process.raw(name) if name != "nuclei" else nuclei()
        kept_, teach = chosen(name, source)
        classes = classes_of(name, source)
        if self.data == "planted":
            write_folder(place, kept_, classes, None)
        elif name == "facade":
            given = {one.id: source / "masks" / f"{one.id}.png" for one in kept_}
            write_folder(place, kept_, classes, {key: read_labels(path) for key, path in given.items()})
        else:
            masks = labelled_elsewhere(name, self.seed, WORK, teach, kept_, classes, self.call)
            write_folder(place, kept_, classes, masks)

    def call(self, stage: str, settings: dict[str, Any], **paths: Any) -> Any:
        """A stage with this benchmark's settings, but those that are given."""
        stated = {} if stage == "ingest" else self.common.get(stage, {})
        kind = STAGES[stage].stage.__annotations__["settings"]
        both = merged(stated, {"epochs": 1, **LEARN} if stage == "train" else {}, settings)
        return STAGES[stage].stage(validated(kind, both, stage), self.seed, **paths)


def nuclei() -> Path:
    """All nuclei images: the planted benchmarks take a part."""
    return Path(environ.get("SEGMEND_BENCH_DATA", rounds_in_process.ROOT.parent / "shared/data")) / "nuclei"


def settings_of(arm: str) -> dict[str, Any]:
    return merged(PLAIN, ARMS.get(arm, {}))


def cell_of(data: str, arm: str, seed: int) -> ShiftedCell:
    return ShiftedCell(data, seed, arm, settings_of(arm))


def measure(data: str, arm: str, seed: int) -> dict[str, Any]:
    cell, begin = cell_of(data, arm, seed), process_time()
    try:
        if arm in FREE:
            rounds = free(cell, arm)
        else:
            rounds = [{key: row.get(key) for key in KEEP} for row in cell.rounds(len(BUDGETS), BUDGETS)]
    finally:
        cell.remove()
    return {"rounds": rounds, "cpu_seconds": round(process_time() - begin, 1)}


def free(cell: ShiftedCell, arm: str) -> list[dict[str, Any]]:
    """One row: labels that ask nobody, and the network that learns from them."""
    cell.ready()
    if arm == "given":  # nothing changes: the network of round 0 is the one
        row = loads((cell.start / "scores/r0/rounds.json").read_text())[0]
        return [{key: row.get(key) for key in KEEP}]
    rmtree(cell.place, ignore_errors=True)
    data = Dataset(cell.fixed["dataset"], cell.fixed["truth"])
    before = cell.start
    for step in range(3 if arm == "self_training" else 1):
        here = cell.place / str(step)
        labels = Labels(here / "labels/r0")
        for name, shown, made in made_by(arm, data, Labels(before / "labels/r0"), before / "models/r0"):
            labels.write(name, np.where(shown == VOID, shown, made), data.card)
        for name in ("answers.jsonl", "history.parquet"):
            (labels.folder / name).write_bytes((cell.start / "labels/r0" / name).read_bytes())
        (here / "scores/start").mkdir(parents=True)
        (here / "scores/start/rounds.json").write_text("[]")
        cell.teach(here, here, 0)
        before = here
    row = loads((before / "scores/r0/rounds.json").read_text())[0]
    return [{key: row.get(key) for key in KEEP}]


def made_by(arm: str, data: Dataset, labels: Labels, model: Path) -> Iterator[tuple[str, LabelMap, LabelMap]]:
    """Of each train and val image: its id, its labels, the labels that the arm makes of them."""
    for sample, probabilities in stream(model, data, list(data.of("train", "val"))):
        shown, said = labels[sample.id], probabilities.argmax(axis=0).astype(np.uint8)
        truth = data.truth(sample.id)
        assert truth is not None
        sure = probabilities.max(axis=0) > (0 if arm == "free_argmax" else SURE)
        yield sample.id, shown, truth if arm == "truth" else np.where(sure, said, shown)


def report() -> None:
    order = [*CORE, *(arm for arm in ARMS if arm not in CORE)]
    rows = [row for row in kept("shifted") if row["arm"] in order]
    shifted_page.write_page(rows, DATA, SHIFTED, order, BUDGETS)
    shifted_headline.README.write_text(shifted_headline.with_headline(shifted_headline.README.read_text(), rows))


def main() -> None:
    chosen_ = arguments(
        "shifted",
        __doc__,
        data={"nargs": "+", "default": list(DATA)},
        arms={"nargs": "+", "default": [*CORE, *(arm for arm in ARMS if arm not in CORE)]},
        seeds={"nargs": "+", "type": int, "default": [0, 1, 2]},
        table={"action": "store_true"},
    )
    wanted = [{"data": d, "arm": a, "seed": s} for s in chosen_.seeds for a in chosen_.arms for d in chosen_.data]
    if not chosen_.table:
        take("shifted", wanted, lambda: kept("shifted"), cell_of, measure)
    report()


if __name__ == "__main__":
    main()
