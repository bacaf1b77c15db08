"""Classes that nobody labelled: what do pseudo labels of rounds without a question bring?

    python -m benchmarks.zero_label                          every cell: brain and superalloy, one and two classes hidden
    python -m benchmarks.zero_label --data brain --hidden 1 --arms strict --seeds 0
    python -m benchmarks.zero_label --table                  only write the page from the rows that are there

The labels are the truth without the hidden classes (ingest.noise.hidden), and with one hidden class also without all labels in
a share of squares: else every pixel without a label would be of that class, and no pseudo label could be wrong. The loss is the one
that params.yaml ships. Three seeds; where nothing is claimed (superalloy with two hidden classes) the first alone.
Several of these may run side by side: a cell in work is left to the one that works on it.
"""

from csv import DictReader

from benchmarks import rounds_in_process
from benchmarks.claims import arguments, kept
from benchmarks.rounds_in_process import Cell
from benchmarks.zero_label_arms import ARMS, HIDDEN, ONE_CLASS_LEFT, ROUNDS, SEEDS, settings_of
from benchmarks.zero_label_page import Row, report


class Hidden(Cell):
    """A cell of labels without the hidden classes; all arms of it start from one network, for their first stages are alike."""

    def __init__(self, data: str, hidden: int, arm: str, seed: int):
        super().__init__(data, seed, f"zero{hidden}-{arm}", settings_of(data, hidden, arm))

    def of_classes(self) -> dict[str, list[Row]]:
        """Of each hidden class what labels and network made of it, round by round."""
        with (self.place / f"scores/r{ROUNDS}/classes.csv").open(newline="") as file:
            rows = [row for row in DictReader(file) if row["unseen"] == "1"]
        wanted = ("data_coverage", "data_precision", "model_iou")
        by_class: dict[str, list[Row]] = {}
        for row in rows:
            by_class.setdefault(row["class"], []).append({key: float(row[key]) if row[key] else None for key in wanted})
        return by_class


KEEP = (
    "unseen_coverage",
    "unseen_precision",
    "model_miou_seen",
    "model_miou_unseen",
    "model_harmonic",
    "auto_coverage",
    "round_seconds",
)


def measure(data: str, hidden: int, arm: str, seed: int) -> Row:
    cell = Hidden(data, hidden, arm, seed)
    rounds = [{key: row.get(key) for key in KEEP} for row in cell.rounds(ROUNDS, "0")]
    kept_values = {"rounds": rounds, "classes": cell.of_classes()}
    cell.remove()
    return kept_values


def rows_so_far() -> list[Row]:
    return kept("zero_label")


def worth(data: str, hidden: int, arm: str, seed: int) -> bool:
    """Whether a cell is measured: where nothing is claimed one seed is enough."""
    return (data, hidden) != ONE_CLASS_LEFT or seed == 0


def main() -> None:
    chosen = arguments(
        "zero_label",
        __doc__,
        data={"nargs": "+", "default": list(HIDDEN), "choices": list(HIDDEN)},
        hidden={"nargs": "+", "type": int, "default": [1, 2], "choices": [1, 2]},
        arms={"nargs": "+", "default": list(ARMS), "choices": list(ARMS)},
        seeds={"nargs": "+", "type": int, "default": list(range(SEEDS))},
        table={"action": "store_true"},
    )
    wanted = [
        {"data": d, "hidden": h, "arm": a, "seed": s}
        for s in chosen.seeds
        for d in chosen.data
        for h in chosen.hidden
        for a in chosen.arms
        if worth(d, h, a, s)
    ]
    if not chosen.table:
        called = lambda cell: f"zero{cell['hidden']}-{cell['arm']}"  # noqa: E731
        rounds_in_process.take("zero_label", wanted, rows_so_far, Hidden, measure, called)
    report(rows_so_far())


if __name__ == "__main__":
    main()
