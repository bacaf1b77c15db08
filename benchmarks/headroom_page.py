"""The page of benchmarks/headroom.py, made from its rows alone: which training gains from better labels, and by how much."""

from collections.abc import Sequence
from statistics import mean
from typing import Any, NamedTuple

from benchmarks.claims import Claim, plus_minus, spread, write
from benchmarks.effect import RULE, SEEDS, direction

Row = dict[str, Any]
SIDES = ("running", "reestimated")  # statistics of batch norms
OF_TRUTH = 0.9  # of the test mIoU of a network trained on the truth
FULL = 5  # initialisations

PAGE = """# Does the network gain from better labels?

`python -m benchmarks.headroom`: the same training on three sets of labels: the first ones (a network's that comes from elsewhere,
[shifted.md](shifted.md)), those that five rounds of 2 % of the base cells mended (`segmend` there), and the truth. Initialisation s learns from the
labels of seed s % 3. Dice; AdamW; 60 steps of batch 4 (short) or three times as many (long). `unet` is the small U-Net of benchmarks.shifted, `lite0` a
U-Net over EfficientNet-Lite0 with ImageNet weights (`network: {{name: smp, smp: {{encoder: tu-efficientnet_lite0, weights: package}}}}`). "Norms anew":
`train.batch_norm: reestimated`, measured on the same weights. Figures are mIoU, ± the standard deviation over initialisations;
{hours:.1f} hours of processor time in all. Choose by val; test is only reported.

{shows}

{tables}
"""


class Setting(NamedTuple):
    network: str
    rate: str
    gradients: str
    length: str
    side: str

    def __str__(self) -> str:
        norms = ", norms anew" if self.side == "reestimated" else ""
        return f"{self.network}, {self.rate}, {self.gradients}, {self.length}{norms}"


def values(rows: Sequence[Row], data: str, labels: str, setting: Setting, split: str) -> dict[int, float]:
    """mIoU by initialisation."""
    arm = " ".join((labels, *setting[:4]))
    return {row["seed"]: row[setting.side][split] for row in rows if (row["data"], row["arm"]) == (data, arm)}


def paired(one: dict[int, float], other: dict[int, float]) -> list[tuple[float, float]]:
    return [(one[seed], other[seed]) for seed in sorted(one.keys() & other.keys())]


def less(rows: Sequence[Row], data: str, labels: str, setting: Setting, split: str) -> list[float]:
    """What these labels gain over the first ones, by initialisation: of the truth, the headroom."""
    both = paired(values(rows, data, labels, setting, split), values(rows, data, "first", setting, split))
    return [better - first for better, first in both]


def settings(rows: Sequence[Row]) -> list[Setting]:
    return sorted({Setting(*row["arm"].split(" ")[1:], side) for row in rows for side in SIDES})


def complete(rows: Sequence[Row], data: Sequence[str], setting: Setting) -> bool:
    """Whether every set has it with at least three initialisations."""
    return all(
        len(less(rows, name, "mended", setting, "val")) >= SEEDS and less(rows, name, "truth", setting, "val")
        for name in data
    )


def overview(rows: Sequence[Row], data: Sequence[str]) -> list[str]:
    """Each setting, over the sets that all have: val mIoU by labels, headroom and gain, the best on mended labels first."""
    lines = [
        "| training | val: first | mended | truth | headroom (truth - first) | mended - first | sets with an effect of: truth, mended | test: mended - first |",
        "|---|---|---|---|---|---|---|---|",
    ]
    every = []
    for setting in settings(rows):
        sets = [name for name in data if complete(rows, [name], setting)]
        if len(sets) < len(data):
            continue
        means = [
            mean(mean(values(rows, name, labels, setting, "val").values()) for name in sets)
            for labels in ("first", "mended", "truth")
        ]
        gained = {labels: [less(rows, name, labels, setting, "val") for name in sets] for labels in ("mended", "truth")}
        effects = ", ".join(
            f"{sum(direction(gain) > 0 for gain in gained[labels])} of {len(sets)}" for labels in ("truth", "mended")
        )
        test = mean(mean(less(rows, name, "mended", setting, "test")) for name in sets)
        cells = [f"{value:.3f}" for value in means]
        cells += [
            f"{mean(map(mean, gained['truth'])):+.3f}",
            f"{mean(map(mean, gained['mended'])):+.3f}",
            effects,
            f"{test:+.3f}",
        ]
        every.append((-means[1], f"| {setting} | " + " | ".join(cells) + " |"))
    return lines + [line for _, line in sorted(every)]


def table(rows: Sequence[Row], name: str) -> str:
    lines = [
        f"## {name}, test mIoU",
        "",
        "| training | first | mended | truth | headroom | mended - first | mended / truth | initialisations |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for setting in settings(rows):
        by_labels = [values(rows, name, labels, setting, "test") for labels in ("first", "mended", "truth")]
        if not all(by_labels):
            continue
        shares = [mended / truth for mended, truth in paired(by_labels[1], by_labels[2])]
        cells = [plus_minus(list(found.values())) for found in by_labels]
        cells += [plus_minus(less(rows, name, labels, setting, "test")) for labels in ("truth", "mended")]
        lines.append(f"| {setting} | " + " | ".join([*cells, plus_minus(shares, 2), str(len(shares))]) + " |")
    return "\n".join(lines)


def claims(rows: Sequence[Row], data: Sequence[str]) -> list[Claim]:
    """Of the setting with the best mean val mIoU on mended labels, and of each network's best."""
    made = []
    for network in sorted({setting.network for setting in settings(rows)}):
        some = [one for one in settings(rows) if one.network == network and complete(rows, data, one)]
        if not some:
            continue
        best = max(some, key=lambda one: mean(mean(values(rows, name, "mended", one, "val").values()) for name in data))
        for name in data:
            gain = less(rows, name, "mended", best, "test")
            text = f"{name}, {best}: test mIoU on mended labels less that on the first labels"
            made.append(Claim(text, "an effect", mean(gain), len(gain), spread(gain), direction(gain) > 0))
            both = paired(values(rows, name, "mended", best, "test"), values(rows, name, "truth", best, "test"))
            share = [mended / truth for mended, truth in both]
            text = f"{name}, {best}: test mIoU on mended labels over that on the truth"
            made.append(
                Claim(text, f"at least {OF_TRUTH}", mean(share), len(share), spread(share), mean(share) >= OF_TRUTH)
            )
    return made


def write_page(rows: Sequence[Row], data: Sequence[str]) -> None:
    hours = sum(row["cpu_seconds"] for row in rows) / 3600
    shows = [
        RULE,
        "",
        "Mean over the sets, the best on mended labels (val) first; a training that has fewer than three initialisations of any set stands only below.",
        "",
        *overview(rows, data),
    ]
    tables = "\n\n".join(table(rows, name) for name in data)
    write("headroom", claims(rows, data), PAGE.format(hours=hours, shows="\n".join(shows), tables=tables))
