"""Curves as SVG that follows the page's colours, in light and in dark; equal numbers give equal bytes."""

from collections.abc import Sequence
from io import StringIO
from re import DOTALL, sub
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Drawn in these colours, which `inline` replaces by the page's variables.
INK, RULE, LABELS, NETWORK = "#1b1f24", "#d5d9de", "#0a6ebd", "#c2410c"
VARIABLES = {INK: "--ink", RULE: "--rule", LABELS: "--labels", NETWORK: "--network"}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "segmend",
    "font.size": 10,
    "axes.edgecolor": RULE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "lines.linewidth": 2,
    "lines.markersize": 6,
    "legend.frameon": False,
}


def curve(rounds: Sequence[dict[str, Any]]) -> str | None:
    """mIoU of labels and network, coverage and wrong pixels against clicks; None where fewer than two rounds have a score."""
    lines = [(k, c, n, m) for k, c, n, m in (
        ("data_miou", LABELS, "labels (train split)", "o"), ("model_miou", NETWORK, "network (test split)", "s")
    ) if sum(row[k] is not None for row in rounds) > 1]  # fmt: skip
    if not lines:
        return None
    wrong = sum(row["wrong_pixels"] is not None for row in rounds) > 1
    with rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.4), layout="constrained")
        axes = figure.subplots(1, 2 if wrong else 1, squeeze=False)[0]
        for key, colour, name, marker in lines:
            line(axes[0], rounds, key, colour, marker, name)
        if sum(row.get("coverage") is not None for row in rounds) > 1:
            line(axes[0], rounds, "coverage", INK, "", "coverage", linewidth=1.2, linestyle=(0, (1, 1.5)))
        if (ceiling := rounds[0].get("ceiling_miou")) is not None:
            axes[0].axhline(ceiling, color=LABELS, linewidth=1, linestyle=(0, (4, 3)))
            axes[0].annotate("ceiling of the base cells", (0, ceiling), (2, 3), textcoords="offset points", fontsize=8)
        axes[0].set_ylabel("mIoU, coverage")
        figure.legend(loc="outside upper left", ncols=3, handlelength=1.6, columnspacing=1.4)
        if wrong:
            line(axes[1], rounds, "wrong_pixels", LABELS, "o", "")
            axes[1].set_ylim(bottom=0)
            axes[1].set_ylabel("wrong pixels in the labels")
            axes[1].yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        for panel in axes:
            clicks_axis(panel, rounds)
        return svg(figure)


def line(
    axes: Axes, rounds: Sequence[dict[str, Any]], key: str, colour: str, marker: str, name: str, **style: Any
) -> None:
    points = [(row["clicks"], row[key]) for row in rounds if row[key] is not None]
    axes.plot(*zip(*points, strict=True), color=colour, marker=marker, label=name, clip_on=False, **style)


def clicks_axis(axes: Axes, rounds: Sequence[dict[str, Any]]) -> None:
    """Ticks where the rounds are, at most eight, and the rounds' names below the numbers."""
    names = {row["clicks"]: row["round"] for row in rounds}
    step = -(-len(names) // 8)
    shown = list(names)[::-1][::step][::-1]
    axes.set_xticks(shown, [f"{clicks:,g}\n{names[clicks]}" for clicks in shown])
    axes.set_xlabel("clicks so far")


def reliability(bins: Sequence[dict[str, str]]) -> str | None:
    """Share of right pixels against confidence; None where there are no bins."""
    if not bins:
        return None
    with rc_context(STYLE):
        figure = Figure(figsize=(3.3, 3.1), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        points = [(float(row["confidence"]), float(row["accuracy"])) for row in bins]
        axes.plot(*zip(*points, strict=True), color=NETWORK, marker="s", markersize=4)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share of right pixels", aspect="equal")
        return svg(figure)


def svg(figure: Figure) -> str:
    """A stand-alone SVG file without date and creator."""
    buffer = StringIO()
    figure.savefig(
        buffer, format="svg", transparent=True, metadata={k: None for k in ("Date", "Creator", "Format", "Type")}
    )
    return buffer.getvalue()


def inline(file: str, title: str) -> str:
    """The SVG as an element of a page: no prologue and addresses, a title for screen readers, the page's colours."""
    text = sub(r"^.*?(?=<svg )", "", file, flags=DOTALL)
    text = sub(r"<metadata>.*?</metadata>", "", text, flags=DOTALL)
    text = sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    text = text.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
    # Two figures of one page must not share names; only those that are referred to (by hash) are kept.
    text = sub(r' id="([^"]*)"', lambda match: match[0] if f"#{match[1]}" in text else "", text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return text.strip()
