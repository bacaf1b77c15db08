"""The page and the claims of benchmarks/crowd.py."""

from collections.abc import Callable
from statistics import mean

from benchmarks.claims import Claim, plus_minus, spread
from segmend.aggregators.belief_propagation import BeliefPropagation
from segmend.stage.params import validated

CHOSEN_ON = 400  # stacks on which our setting is chosen; the claims are scored on the others
THEIRS = ("crowd-kit majority", "crowd-kit EM", "crowd-kit RASA")

PAGE = """# Many annotators

`python -m benchmarks.crowd` (with crowd-kit installed, `pip install crowd-kit`); one thread, other work on the same
machine (and parts of this benchmark side by side), so all times are seconds of the processor. Mean ± standard deviation over the seeds (or the readers).

## Real readers

6,073 nodule slices of LIDC-IDRI outlined by four radiologists each: three readers' masks are aggregated, the result is scored against
the fourth's (mean IoU, 1 where both are empty), each reader being the fourth in turn. Reader k of one stack is not reader k
of the next, so reliabilities are learned stack by stack (`scope: image`). Of ours, the arm with the highest mean over the four readers
on the first {chosen_on} stacks is `{best}`; nothing was tuned, and the claims are on the other {rest} stacks. Times are
seconds of the processor for all of the work from masks to masks, on the first 1,000 stacks; crowd-kit is given its table ready
made, masks as booleans.

| aggregator | first {chosen_on}, reader 4 left out | first {chosen_on} | the other {rest} | ms a stack |
|---|---|---|---|---|
{readers}

What is asked for is agreement with a further reader, and a further reader is about as likely to mark a pixel as the readers at hand
did: the share of the votes is an honest probability, and `expected_iou` makes the most of it. Reliabilities learned from three
masks of one slice claim more than three masks can tell: their posteriors are near 0 and 1, where the rule has nothing to decide.
So `one_coin` here is below crowd-kit's EM, the same model: {coin_rest:.3f} against {em_rest:.3f} on the other {rest} stacks, and {coin_four:.3f}
against {em_four:.3f} on the first {chosen_on} with reader 4 left out. Where each stack has other readers, choose `majority`.

## Speed on large images

1024 x 2048 pixels, soft objects shifted and speckled by each annotator; three images. crowd-kit has no multi-class masks.

| classes, annotators | patterns | one_coin, s | dawid_skene, s | crowd-kit EM, s |
|---|---|---|---|---|
{speed}

## A network and a sparse crowd

1,000 tasks, 3 answers each by 750 workers with 4 tasks each, reliabilities from Beta(2, 1), Gaussian features, a small network;
share of right labels of the tasks. Class means lie 2.4 standard deviations apart, with weak features 1 (five seeds, else three).

| setting | {deep_names} |
|---|{deep_bars}|
{deep}

With weak features deepMF is told to fall below plain MF. Not seen here: deepMF - MF is {weak_mf}. What is seen is that deepBP
stays above deepMF.

A prior that is not tilted above chance, Beta(1, 1), cannot be asked for: {refusal}

## Five sources with thousands of answers, three of which may copy

2,000 tasks of 4 classes; sources right in 90, 85, 60, 45 and 30 %; in the second line the last two copy 85 % of their answers from the third.
Gold: 40 tasks. `one each`: after dropping the two sources that the warning names as copies of the third.

| sources | majority | belief_propagation | the same, gold clamped | weighted by gold | weighted, one each |
|---|---|---|---|---|---|
{copied}

Agreement of sources 3 and 4: {observed} observed, {expected} expected of independent ones.

Without gold, whichever the aggregator: agreements of independent sources are products of abilities, and `excess` is how far they are
not (tasks/pseudo_label/consensus/copy_detection.py). It says that a group copies, not which, so both groups are named. In the lower line of each crowd
the sources after the third copy that share of the third's answers.

| sources right in | copied | excess | told, of 3 seeds | groups named as made |
|---|---|---|---|---|
{silent}
"""


def claims(
    by_reader: list[dict],
    paces: list[dict],
    images: dict,
    learned: dict,
    sources: dict,
    best: str,
    exact: list[dict],
    silent: dict,
) -> list[Claim]:
    def claim(text: str, target: str, values: list[float], holds: Callable[[float], bool]) -> Claim:
        return Claim(text, target, mean(values), len(values), spread(values), all(holds(value) for value in values))

    def gap(setting: str, first: str, other: str) -> list[float]:
        return [row[first] - row[other] for row in learned[setting]]

    def average(text: str, target: str, values: list[float], holds: bool) -> Claim:
        return Claim(text, target, mean(values), len(values), spread(values), holds)

    def told(share: float) -> list[float]:
        """Of each crowd and seed; copies count where the groups are right too."""
        rows = [row for (_, copied), silent_rows in silent.items() if copied == share for row in silent_rows]
        return [float(row["told"] and (share == 0 or row["right groups"])) for row in rows]

    ahead = [row[best]["rest"] - max(row[name]["rest"] for name in THEIRS) for row in by_reader]
    faster = [row["crowd-kit EM"] / row[best] for row in paces]
    alike = [row["crowd-kit EM"] / row["one_coin, most_likely"] for row in paces]
    spam, weak = gap("5 spammers", "BP", "majority"), gap("weak features", "deepMF", "MF")
    steady = [a - b for a, b in zip(gap("weak features", "deepBP", "BP"), weak, strict=True)]
    ahead_of_mf = gap("weak features", "deepBP", "deepMF")
    helped = gap("as the paper", "deepBP", "BP")
    clones = sources[0.85]
    return [
        claim(f"mean IoU with the fourth reader: {best}, above the best of crowd-kit", "at least 0 for every reader", ahead, lambda v: v >= 0),
        claim("these stacks: the same, times faster than crowd-kit's EM", "at least 20", faster, lambda v: v >= 20),
        claim("these stacks: one_coin, times faster than crowd-kit's EM", "at least 20", alike, lambda v: v >= 20),
        claim("1024 x 2048, three annotators: one_coin, times faster than crowd-kit's EM", "at least 50",
              [row["EM"] / row["one_coin"] for row in images[2, 3]], lambda v: v >= 50),
        claim("1024 x 2048, 19 classes, five annotators: seconds of dawid_skene", "about a second",
              [row["dawid_skene"] for row in images[19, 5]], lambda v: v <= 1.5),
        claim("belief propagation on random trees, largest difference from enumeration", "below 1e-9",
              [row["difference"] for row in exact], lambda v: v < 1e-9),
        average("five spammers: BP above majority", "above 0.05 on average", spam, mean(spam) > 0.05),
        average("network and crowd: deepBP above BP", "above 0 on average", helped, mean(helped) > 0),
        average("weak features: deepBP above deepMF", "above 0 for every seed", ahead_of_mf, all(v > 0 for v in ahead_of_mf)),
        average("weak features: deepBP - BP, above deepMF - MF", "above 0 on average", steady, mean(steady) > 0),
        claim("copied sources: BP below majority", "below 0", [row["BP"] - row["majority"] for row in clones], lambda v: v < 0),
        claim("copied sources: weighted by 40 gold answers", "above 0.87", [row["weighted"] for row in clones], lambda v: v > 0.87),
        claim("copied sources: weighted, copies dropped", "above 0.9", [row["one each"] for row in clones], lambda v: v > 0.9),
        claim("copied sources: pairs told of as copies, of 3", "at least 2", [float(len(row["told"])) for row in clones], lambda v: v >= 2),
        claim("independent sources: pairs told of as copies", "0", [float(len(row["told"])) for row in sources[0.0]], lambda v: v == 0),
        claim("no gold, independent sources: copying told of", "0", told(0.0), lambda v: v == 0),
        claim("no gold, copied sources: told of, with the groups as made", "1", told(0.85), lambda v: v == 1),
    ]  # fmt: skip


def page(
    by_reader: list[dict],
    paces: list[dict],
    images: dict,
    learned: dict,
    sources: dict,
    best: str,
    arms: tuple[str, ...],
    networks: tuple[str, ...],
    silent: dict,
    crowds: tuple[tuple[float, ...], ...],
) -> str:
    def line(name: str) -> str:
        first, rest = ([row[name][key] for row in by_reader] for key in ("first", "rest"))
        ms = [row[name] for row in paces]
        return f"| {name} | {by_reader[3][name]['first']:.3f} | {plus_minus(first)} | {plus_minus(rest)} | {plus_minus(ms, 2)} |"

    speed = [
        f"| {k}, {a} | {mean(row['patterns'] for row in rows):,.0f} | {plus_minus([row['one_coin'] for row in rows])} "
        f"| {plus_minus([row['dawid_skene'] for row in rows])} | {plus_minus([row['EM'] for row in rows], 1) if k == 2 else 'binary only'} |"
        for (k, a), rows in images.items()
    ]
    names = ("majority", "MF", "BP", *networks)
    columns = ("majority", "BP", "BP, gold clamped", "weighted", "one each")
    try:
        validated(BeliefPropagation, {"name": "belief_propagation", "alpha": 1, "beta": 1}, "aggregator")
        refusal = "it can, which is a mistake."
    except ValueError as told:
        refusal = f"`{told}`"
    return PAGE.format(
        chosen_on=CHOSEN_ON,
        rest=6073 - CHOSEN_ON,
        best=best,
        readers="\n".join(line(name) for name in (*arms, *THEIRS)),
        speed="\n".join(speed),
        deep_names=" | ".join(names),
        deep_bars="---|" * (len(names) - 1) + "---",
        deep="\n".join(
            f"| {setting} | " + " | ".join(plus_minus([row[name] for row in rows]) for name in names) + " |"
            for setting, rows in learned.items()
        ),
        refusal=refusal,
        weak_mf=plus_minus([row["deepMF"] - row["MF"] for row in learned["weak features"]]),
        coin_rest=mean(row["one_coin, most_likely"]["rest"] for row in by_reader),
        em_rest=mean(row["crowd-kit EM"]["rest"] for row in by_reader),
        coin_four=by_reader[3]["one_coin, most_likely"]["first"],
        em_four=by_reader[3]["crowd-kit EM"]["first"],
        silent="\n".join(
            f"| {', '.join(f'{100 * q:.0f}' for q in crowds[k])} % | {share:.0%} | {plus_minus([row['excess'] for row in rows])} "
            f"| {sum(row['told'] for row in rows)} | {sum(row['right groups'] for row in rows) if share else '-'} |"
            for (k, share), rows in silent.items()
        ),
        copied="\n".join(
            f"| {'independent' if share == 0 else 'three alike'} | "
            + " | ".join(plus_minus([row[name] for row in rows]) for name in columns)
            + " |"
            for share, rows in sources.items()
        ),
        observed=plus_minus([row["observed"] for row in sources[0.85]], 2),
        expected=plus_minus([row["expected"] for row in sources[0.85]], 2),
    )
