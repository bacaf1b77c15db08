"""The figure of early learning: predictions for wrongly labelled pixels, by epoch and true class."""

from collections.abc import Sequence

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tasks.report.figures import INK, LABELS, NETWORK, STYLE, svg

LINES = (
    ("right", LABELS, "-", "turned right"),
    ("memorised", NETWORK, "-", "memorised: the wrong label"),
    ("other", INK, (0, (2, 2)), "another class"),
)
MOST = 7  # classes that are shown; those with the most wrong pixels
WIDE = 4  # small figures in a row


def memorisation(rows: Sequence[dict[str, str]]) -> str | None:
    """Small multiples, first all classes together; None where fewer than two epochs were recorded."""
    epochs = sorted({int(row["epoch"]) for row in rows})
    if len(epochs) < 2:
        return None
    pixels = {row["class"]: int(row["wrong_pixels"]) for row in rows}
    names = ["", *sorted((name for name in pixels if name), key=lambda name: (-pixels[name], name))[:MOST]]
    if len(names) == 2:  # one class: all together is the same
        names = names[1:]
    lines = -(-len(names) // WIDE)
    columns = -(-len(names) // lines)
    with rc_context(STYLE):
        figure = Figure(figsize=(max(4.8, 2.4 * columns), 0.5 + 2.1 * lines), layout="constrained")
        axes = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axis, name in zip(axes, names, strict=False):
            panel(axis, [row for row in rows if row["class"] == name], name, pixels[name])
        for axis in axes[len(names) :]:
            axis.set_visible(False)
        for axis in axes[max(0, len(names) - columns) : len(names)]:
            axis.set_xlabel("epoch")
            axis.tick_params(labelbottom=True)
        for axis in axes[: len(names) : columns]:
            axis.set_ylabel("share")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3, handlelength=1.8)
        return svg(figure)


def panel(axes: Axes, rows: Sequence[dict[str, str]], name: str, pixels: int) -> None:
    """One class's lines."""
    shown = name if len(name) <= 22 else f"{name[:21]}…"
    axes.set_title(f"{shown or 'all classes'}: {pixels:,}", loc="left", fontsize=10)
    for kind, colour, style, label in LINES:
        points = [(int(row["epoch"]), float(row[kind])) for row in rows]
        width = 1.2 if kind == "other" else 2
        axes.plot(
            *zip(*points, strict=True), color=colour, linestyle=style, linewidth=width, label=label, clip_on=False
        )
    axes.set_ylim(0, 1)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
