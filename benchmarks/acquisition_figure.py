"""The picture of benchmarks/acquisition.py: data mIoU, coverage and model mIoU against clicks, every arm on every data set."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.claims import spread
from benchmarks.gap import Row, gap_closed, of

MEASURES = {
    "data_miou": "data mIoU (labels, train split)",
    "coverage": "coverage",
    "model_miou": "model mIoU (test split)",
}
RANDOM, BALANCED, OURS = "#000000", "#e6550d", "#0a6ebd"
FIXED: dict[str, dict[str, Any]] = {
    "random": {"color": RANDOM, "linewidth": 2.2},
    "class_balanced": {"color": BALANCED, "linewidth": 2.2},
    "segmend": {"color": OURS, "linewidth": 2.2},
    "segmend_corrected": {"color": OURS, "linewidth": 3.2},
}
DASHED = (
    "alc",
    "a2lc",
    "asal",
    "mulactseg",
)  # recipes of papers; a line is solid where one acquisition asks about base cells
HUES = ("#2ca02c", "#9467bd", "#c51b7d", "#8c564b", "#17a2b8", "#a68a00", "#d62728", "#5f6f7f")
LABEL = 7  # points
THREAD = {"arrowstyle": "-", "linewidth": 0.5, "alpha": 0.6, "relpos": (0, 0.5), "shrinkA": 1}


def draw(rows: list[Row], folder: Path) -> None:
    """acquisition_DATA.png for each data set; bands are the standard deviation where there are several seeds."""
    styles = styles_of(list(dict.fromkeys(row["arm"] for row in rows)))
    for data in dict.fromkeys(row["data"] for row in rows):
        flat = len(values_of(rows, data, "coverage")) == 1
        heights = (5.0, 0.8) if flat else (4.0, 4.0)
        figure = Figure(figsize=(11.5, sum(heights) + 0.8), layout="constrained")
        figure.suptitle(data, fontweight="bold")
        places = [["data_miou", "model_miou"], ["coverage", "model_miou"]]
        panels = figure.subplot_mosaic(places, height_ratios=heights)  # type: ignore[arg-type]
        for key, name in MEASURES.items():
            panel(panels[key], rows, data, key, styles)
            panels[key].set(ylabel=name, xlabel="" if key == "data_miou" else "clicks, % of the base cells")
        figure.savefig(folder / f"acquisition_{data}.png", dpi=100, metadata={"Software": None})


def styles_of(arms: Sequence[str]) -> dict[str, dict[str, Any]]:
    """A line style for each arm: baselines and segmend stand out, what is segmend less a part has its colour."""
    styles, others = {}, 0
    for arm in arms:
        if arm in FIXED:
            styles[arm] = FIXED[arm] | {"zorder": 3}
        elif arm.startswith("segmend"):
            styles[arm] = {"color": OURS, "linewidth": 1.1, "linestyle": (0, (4, 1.5))}
        else:
            dash = (0, (5, 2)) if arm in DASHED else "-" if others < len(HUES) else (0, (1, 1))
            styles[arm] = {"color": HUES[others % len(HUES)], "linewidth": 1.1, "linestyle": dash}
            others += 1
    return styles


def values_of(rows: list[Row], data: str, key: str) -> set[float]:
    return {entry[key] for row in rows if row["data"] == data for entry in row["rounds"]}


def panel(axes: Axes, rows: list[Row], data: str, key: str, styles: dict[str, dict[str, Any]]) -> None:
    axes.grid(color="#e5e7ea", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlim(0, 20.2)
    axes.set_xticks(range(0, 21, 5))
    same = values_of(rows, data, key)
    if len(same) == 1:
        axes.axhline(*same, color=RANDOM)
        axes.set(ylim=(0, 1.15), yticks=(0, 1))
        axes.text(1.03, 0.8, f"all arms, all rounds {same.pop():.3f}", transform=axes.transAxes, fontsize=LABEL)
        return
    ends = {}
    for arm, style in styles.items():
        if runs := of(rows, data, arm):
            curves = np.array([[entry[key] for entry in row["rounds"]] for row in runs])
            x = np.mean([[x for x, _ in gap_closed(row)] for row in runs], axis=0) * 100
            middle = curves.mean(axis=0)
            axes.plot(x, middle, marker="o", markersize=2.5, **style)
            if len(runs) > 1:
                wide = np.array([spread(list(column)) for column in curves.T])
                alpha = 0.13 if arm in FIXED else 0.06
                axes.fill_between(x, middle - wide, middle + wide, color=style["color"], alpha=alpha, linewidth=0)
            ends[arm] = (float(x[-1]), float(middle[-1]))
    if key == "data_miou":
        first = mean(row["rounds"][0][key] for row in rows if row["data"] == data)
        top = max(y for _, y in ends.values())
        # What ends far below its start would press all others together: it leaves the panel, and its label says where to.
        axes.set_ylim(first - 0.25 * (top - first), top + 0.06 * (top - first))
        limit = mean(row["rounds"][0]["ceiling_miou"] for row in rows if row["data"] == data)
        axes.axhline(limit, color="grey", linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate("ceiling of the base cells", (0.2, limit), (0, 3), textcoords="offset points", fontsize=LABEL)
    label(axes, ends, styles)


def label(axes: Axes, ends: dict[str, tuple[float, float]], styles: dict[str, dict[str, Any]]) -> None:
    """Each line's name and last value beside the panel, with a thread to its end; no two on top of each other."""
    low, high = axes.get_ylim()
    arms = sorted(ends, key=lambda arm: ends[arm][1])
    wanted = [(ends[arm][1] - low) / (high - low) for arm in arms]
    for arm, height in zip(arms, apart(wanted, 0.036), strict=True):
        x, y = ends[arm]
        below, style = y < low, styles[arm]
        axes.annotate(
            f"{arm} {y:.3f}{' ↓' if below else ''}",
            (x, max(y, low)),
            (1.05, height),
            textcoords="axes fraction",
            fontsize=LABEL,
            fontweight="bold" if arm in FIXED else "normal",
            color=style["color"],
            va="center",
            annotation_clip=False,
            arrowprops=None if below else THREAD | {"color": style["color"]},
        )


def apart(wanted: Sequence[float], gap: float) -> list[float]:
    """Places `gap` apart, as near to the ascending `wanted` as can be; within 0..1 where there is room."""
    blocks: list[list[float]] = []  # those that touch: what each wants, less the gaps below it
    for k, height in enumerate(wanted):
        blocks.append([height - k * gap])
        while len(blocks) > 1 and mean(blocks[-2]) > mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    shifted = [mean(block) for block in blocks for _ in block]
    highest = 1 - gap * (len(shifted) - 1)
    return [max(0.0, min(height, highest)) + k * gap for k, height in enumerate(shifted)]
