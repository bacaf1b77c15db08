"""The page of benchmarks/acquisition.py: its tables, and what they show in words."""

from statistics import mean

from benchmarks.claims import plus_minus
from benchmarks.effect import RULE, in_words
from benchmarks.gap import BASELINES, ROUNDS, Row, area, clicks_to, gap_closed, never, of, ranked_arms

FORECAST = ("segmend", "segmend_corrected", "asal")  # two of the kind correction, one of the kind dominant
PARTS = {
    "regions: conflicts over base cells": "segmend_on_cells",
    "order: expected_gain over sim": "segmend_by_sim",
    "training: Dice on normalised gradients over cross entropy": "segmend_cross_entropy",
    "what answers teach: evidence over nothing": "segmend_without_evidence",
}
ASKED = ("alc", "a2lc", "segmend_on_cells", "segmend_by_sim", "segmend", "segmend_corrected")

PAGE = """# Which questions mend the labels with the fewest clicks?

`python -m benchmarks.acquisition`, then `--confirm` (baselines, sim, segmend and its variants, the five best others by area with seed 0: two seeds more):
planted `medium` mistakes, four rounds of 5 % of the base cells, simulated answers
(docs/answers.md), one thread a run; {hours:.1f} hours of such runs in all. An arm named like an acquisition asks about the base cells and
spreads nothing; alc, a2lc, asal, mulactseg, segmend and segmend_corrected (the default of params.yaml) are the recipes of experiments/, and other
`segmend_...` are segmend with one part taken away. Brain: 70 slices, 12 epochs; superalloy: 40
micrographs, 20 epochs; nuclei: 80 of the 200 train images, 10 epochs. Rows with one seed are the screening
(cil and lcil: benchmarks.ablation measured them too); ± is the standard deviation. Of the arms that
`--confirm` takes these have fewer than three seeds: {unconfirmed}. Rows keep the form of the code that they were measured with: the recipes and
segmend's variants are the newest; of acquisitions by themselves nothing has changed since.

Clicks are percent of the base cells. The gap runs from the first labels to the *ceiling*: the best labels that one answer for every base cell
could give (each cell keeps its labels or takes its most frequent true class, whichever is better). Answers that follow finer regions, or spread,
can pass it. *Clicks to 90 %*: interpolated between rounds; `never` within the budget counts as the whole budget. *Area*: mean share of the gap
closed over the clicks spent. *By answers* and *unasked*: pixels of the labels that became right less those that became wrong, by the
answers of all rounds, and by what the last round spread beyond them (it is made anew each round); what a sieve takes out is in neither.
*Seconds a round*: mean (longest), beside other work on two cores. Model mIoU is measured on the test split; the default
training was chosen without it, on the true labels of the val split (noise.md).

{pictures}

Bands: standard deviation over the seeds; what has one seed has no band, and starts from that seed's labels and network alone. Dashed: the papers'
recipes, and segmend less a part; dotted: to tell lines of one colour apart. ↓: ends below the panel.

## What this shows

{headline}

In brackets: seeds 0, 1, 2. *Between rounds* draws straight lines between the rounds, *whole rounds* does not. Questions about conflicts
(`segmend`) close 90 % of the gap with about a quarter of the clicks of `sim` and of `abc`, the best of the published orders, and a fifth
of those of the better random baseline, of which the latter never gets there. On all three data sets it crosses 90 % within the first batch of
5 %, so the straight line decides where: counted in whole rounds it is a bit more than a quarter. `segmend` learns by Dice
on normalised gradients, as params.yaml does, and all others by cross entropy, as their papers do. `segmend_cross_entropy` is the same recipe without
that difference, and needs a third of the clicks of the better random baseline and three eighths of those of `sim`, from a quarter to more than a half by seed.

`segmend_corrected`, the default, was made for labels that a network made (shifted.md). On planted mistakes it is level with `segmend`: .214 and .237 of the clicks
instead of .211 and .234, the same share of wrong pixels left at the end (.156, .151, .404 against .158, .156, .410), for about twice the time a round (beside
more other work). Its forecasts of the first round are as right as those of `segmend`.

Most of the gain comes from *where* the regions are: `expected_gain` on the base cells is the best order for those (`abc`, then `sim` follow), but a conflict is
drawn to the pixel and passes the ceiling of the cells: asked about the cells instead (`segmend_on_cells`) the same recipe, training and all, needs three times the clicks on superalloy and
nuclei. The order is worth another .02 to .06 of area over `sim`'s. What else there is comes from a network that sees the rare class: by cross entropy the short training
on superalloy with seed 1 leaves it blind to a class of 2.5 % of the pixels, and what it does not see it cannot ask about; by Dice it
does see it (one seed of three: by the rule below an effect of the training is shown on nuclei alone). Acquisitions that look at the network's doubt alone (margin, entropy, least_confidence, pixbal, popularity, classbal) are no better here
than chance balanced over classes: they were made for choosing what to label from nothing, not for finding wrong labels. For the same reason
`asal` ends below its start on nuclei, where the given masks are best, and `mulactseg` on nuclei and the brain: a dominant class or a set of classes
replaces labels that were better than that. On the brain and superalloy `asal` first loses or stands still, and ends above its start, far below `sim`.

`alc` and `a2lc` end below `sim` on the cells because of the regions they ask about, not of the order: a piece of the labels of up to 5 % of the image is one
question and gets one class, whether the mistake fills it or not. One ideal answer for every such region (those of round 1) gives data mIoU .900 on the brain,
.884 on superalloy and .887 on nuclei, where the cells allow .930, .933 and .903; `alc` ends at .894, .874 and .883. Large regions are quick
at first, which shows on superalloy. `asal` stops early on brain and nuclei since it has nothing left to ask: its network merges the 39,084 cells
of the brain to some 7,000 regions, no region is asked twice, and after 7,252 questions none is open.

Mending without being asked is a small part of it. `evidence` adds .8 to 1.3 % of the pixels that `segmend` fixes on the brain by the last round
(1.5 to 2.4 % after the first), .2 to .4 % on superalloy (.5 to .9 %), and nothing on nuclei: it relabels only where
answers leave little doubt, and most conflicts worth it have been asked by then. Only on the brain that is an effect, of .003 of
area. The module of `a2lc` mends some 540 pixels on the brain and none on the other two, and takes rounds of up
to 178 seconds where those of `alc` take 41. The prototypes of `mulactseg`, made for images without labels, break more than they fix where there are good ones.

The network gains far less than the labels: on superalloy .02 by `segmend` (it begins at .65, where cross entropy begins at .51), on nuclei nothing, and
on the brain it loses .02: there, with Dice, what it learns from the labels with planted mistakes is as good already (.90) as what it learns from labels
without any (.905, seeds 0 and 1), and mended labels carry mistakes that are the network's own and so no longer average out.

{tables}

## What is each part of our recipe worth?

`segmend` less `segmend` without the part (which has `sim`, base cells, cross entropy, or nothing in its place), seed by seed. {rule}

{parts}

## Which classes are asked about?

Questions of all rounds by the class that the labels showed, in percent. `alc` and `a2lc` ask about the same kind of regions, the one in the order of
`sim`, the other in that of `abc`, which weighs rare classes up.

{asked}

## Is the forecast right?

What a round's answers were said to fix (with the correction by the rounds before), and what they fixed (fixed minus broken pixels; in rows
that have not kept what became of the labels shown: of those that the earlier answers alone would give, without what was mended unasked).
The first round's forecast of `segmend`, which nearly all of the gain is in, is right within a factor of 2.3; the second's is three to four times too high on
every data set, and later ones, of a hundredth of the first, scatter around that. `asal` names the dominant class, which is painted over better labels too; its forecast counts that since these rows, and is
still too hopeful where it does most harm (nuclei, rounds 1 and 2: gains were forecast, losses came).

{forecasts}
"""


def page(rows: list[Row], headline: str, unconfirmed: str) -> str:
    data = list(dict.fromkeys(row["data"] for row in rows))
    hours = sum(entry["round_seconds"] or 0 for row in rows for entry in row["rounds"]) / 3600
    tables = []
    for name in data:
        first = [row["rounds"][0] for arm in BASELINES for row in of(rows, name, arm)]
        start, most = (plus_minus([entry[key] for entry in first]) for key in ("data_miou", "ceiling_miou"))
        tables.append(f"## {name}\n\nFirst labels {start}, ceiling {most}.\n\n{table(rows, name)}")
    return PAGE.format(
        hours=hours,
        unconfirmed=unconfirmed,
        pictures="\n\n".join(
            f"![{name}: data mIoU, coverage, model mIoU against clicks](acquisition_{name}.png)" for name in data
        ),
        headline=headline,
        tables="\n\n".join(tables),
        rule=RULE,
        parts=parts_table(rows),
        asked="\n\n".join(filter(None, (asked_table(rows, name) for name in data))) or "Not measured yet.",
        forecasts=forecast_table(rows),
    )


def table(rows: list[Row], data: str) -> str:
    """One line an arm, the largest area first; a column for the ceiling of regions other than the cells where that is known."""
    own = any("own_ceiling" in row["rounds"][1] for row in rows if row["data"] == data)
    head = ["arm", "seeds", "clicks", "clicks to 90 %", "to 95 %", "area", "data mIoU", *(["ceiling of its regions"] if own else []),
            "coverage", "wrong pixels left", "by answers", "unasked", "model mIoU first -> last", "seconds a round"]  # fmt: skip
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for arm in ranked_arms(rows, data):
        runs = of(rows, data, arm)
        ends = [row["rounds"][-1] for row in runs]
        left = [end["wrong_pixels"] / row["rounds"][0]["wrong_pixels"] for end, row in zip(ends, runs, strict=True)]
        limits = [row["rounds"][1]["own_ceiling"] for row in runs if "own_ceiling" in row["rounds"][1]]
        seconds = [entry["round_seconds"] for row in runs for entry in row["rounds"][1:]]
        cells = [
            arm,
            len(runs),
            f"{mean(gap_closed(row)[-1][0] for row in runs):.1%}",
            never([clicks_to(row, 0.9) for row in runs]),
            never([clicks_to(row, 0.95) for row in runs]),
            plus_minus([area(row) for row in runs]),
            plus_minus([end["data_miou"] for end in ends]),
            *([plus_minus(limits) if limits else ""] if own else []),
            f"{mean(end['coverage'] for end in ends):.3f}",
            plus_minus(left),
            f"{mean(by_answers(row) for row in runs):,.0f}",
            f"{mean(unasked(row) for row in runs):,.0f}",
            f"{plus_minus([row['rounds'][0]['model_miou'] for row in runs])} -> {plus_minus([end['model_miou'] for end in ends])}",
            f"{mean(seconds):.0f} ({max(seconds):.0f})",
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def by_answers(row: Row) -> int:
    """Pixels that the answers of all rounds fixed, less those they broke."""
    return sum(entry["pixels_fixed"] - entry["pixels_broken"] for entry in row["rounds"][1:])


def unasked(row: Row) -> int:
    """The same, by what was spread beyond the answers: the last round's, which has taken the place of the earlier ones'."""
    return row["rounds"][-1]["auto_fixed"] - row["rounds"][-1]["auto_broken"]


def parts_table(rows: list[Row]) -> str:
    """The recipe against itself less a part, on the seeds that both have."""
    lines = ["| part | data | area | clicks to 90 % | what the area shows |", "|---|---|---|---|---|"]
    for name, without in PARTS.items():
        for data in dict.fromkeys(row["data"] for row in rows):
            whole, less = ({row["seed"]: row for row in of(rows, data, arm)} for arm in ("segmend", without))
            pairs = [(whole[seed], less[seed]) for seed in sorted(whole.keys() & less.keys())]
            if not pairs:
                lines.append(f"| {name} | {data} | not measured yet | | |")
                continue
            gain = [area(a) - area(b) for a, b in pairs]
            clicks = [100 * (clicks_to(a, 0.9) - clicks_to(b, 0.9)) for a, b in pairs]
            lines.append(f"| {name} | {data} | {plus_minus(gain)} | {plus_minus(clicks, 1)} % | {in_words(gain)} |")
    return "\n".join(lines)


def asked_table(rows: list[Row], data: str) -> str:
    """Shares of the questions by the class shown, of the arms whose rows have them; nothing where none has."""
    lines, classes = [], list[str]()
    for arm in ASKED:
        runs = [row for row in of(rows, data, arm) if row["rounds"][1].get("shown")]
        if runs:
            classes = classes or list(runs[0]["rounds"][1]["shown"])
            counts = [[sum(entry["shown"][c] for entry in row["rounds"][1:]) for c in classes] for row in runs]
            shares = [[100 * n / max(1, sum(entry)) for n in entry] for entry in counts]
            cells = (plus_minus(list(column), 1) for column in zip(*shares, strict=True))
            lines.append(f"| {arm} | {len(runs)} | {' | '.join(cells)} |")
    head = [f"### {data}\n", f"| arm | seeds | {' | '.join(classes)} |", f"|{'---|' * (len(classes) + 2)}"]
    return "\n".join([*head, *lines]) if lines else ""


def forecast_table(rows: list[Row]) -> str:
    """Predicted against really fixed pixels by round."""
    lines = ["| arm | data | round | expected | fixed by the answers | ratio |", "|---|---|---|---|---|---|"]
    for arm in FORECAST:
        for data in dict.fromkeys(row["data"] for row in rows if row["arm"] == arm):
            runs = of(rows, data, arm)
            for k in range(1, ROUNDS + 1):
                expected = [row["rounds"][k]["expected_fixed"] for row in runs]
                fixed = [came(row["rounds"][k]) for row in runs]
                ratio = [a / b for a, b in zip(fixed, expected, strict=True) if b]
                numbers = (
                    f"{plus_minus(expected, 0)} | {plus_minus(fixed, 0)} | {plus_minus(ratio, 2) if ratio else ''}"
                )
                lines.append(f"| {arm} | {data} | r{k} | {numbers} |")
    return "\n".join(lines)


def came(entry: Row) -> float:
    """Pixels that a round fixed less those it broke: of the labels shown, or, in older rows, of what answers alone make of them."""
    return entry.get("came", entry["pixels_fixed"] - entry["pixels_broken"])
