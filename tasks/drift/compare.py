"""Compare the images that came since the last promotion with the promoted ones, for `segmend drift` and before every run.

python -m tasks.drift.compare --dataset data/dataset --promoted FOLDER [--network data/weights/champion] --out FOLDER

<out>/drift.json     the verdict, one row a measure, the settings
<out>/index.html     the same as a page, with the new images that lie farthest from the promoted ones

New is an image whose pixels the promoted data does not hold. Drifted: a measure has shifted by `shift` or more, and further than
chance takes images that are like the promoted ones (shift.py). The level is divided by the number of measures (Bonferroni).
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from json import dumps
from pathlib import Path
from sys import exit as leave
from typing import NamedTuple

import numpy as np

from segmend.images.dataset import Dataset, Sample
from segmend.stage.command import user_mistakes
from segmend.stage.params import read_optional, seed
from tasks.drift import measures
from tasks.drift.measures import Measured, Side
from tasks.drift.page import write_page
from tasks.drift.settings import Params
from tasks.drift.shift import Shift, shift_of

LEAST_NEW, LEAST_PROMOTED = 2, 5  # images; below nothing is compared


class Row(NamedTuple):
    """One measure. Without enough images `shift` is None and `sentence` says why."""

    title: str
    new: int
    promoted: int
    shift: Shift | None
    column: str
    drifted: bool
    sentence: str


class Verdict(NamedTuple):
    drifted: bool
    sentence: str
    new: int  # images that came since the promotion
    gone: int  # images that are no longer there
    rows: tuple[Row, ...]


def judged(measured: Measured, settings: Params, compared: int, seed: int) -> Row:
    """Whether one of `compared` measures has drifted."""
    n, m = len(measured.new), len(measured.promoted)
    if n < LEAST_NEW or m < LEAST_PROMOTED:
        why = f"not compared: {n} new and {m} promoted images have it, {LEAST_NEW} and {LEAST_PROMOTED} are needed"
        return Row(measured.title, n, m, None, "", False, why)
    level = (1 - settings.confidence) / compared
    found = shift_of(measured.new, measured.promoted, measured.whole, settings.draws, 1 - level, seed)
    drifted = found.shift >= settings.shift and found.p <= level
    column = "" if measured.whole else measured.columns[found.column]
    direction = "" if measured.whole else f"{column} {'higher' if found.signed > 0 else 'lower'} by "
    sentence = f"{direction}{found.shift:.2f} standard deviations, {found.by_chance:.2f} by chance"
    return Row(measured.title, n, m, found, column, drifted, sentence)


def verdict(measured: Sequence[Measured], new: int, gone: int, settings: Params, seed: int) -> Verdict:
    compared = sum(len(m.new) >= LEAST_NEW and len(m.promoted) >= LEAST_PROMOTED for m in measured)
    rows = tuple(judged(each, settings, max(1, compared), seed) for each in measured)
    drifted = [f"{row.title} ({row.sentence})" for row in rows if row.drifted]
    if drifted:
        sentence = f"The {new} new images are unlike the promoted ones: {'; '.join(drifted)}."
    elif not compared:
        sentence = f"{new} new images; too few to compare."
    else:
        sentence = f"The {new} new images are like the promoted ones, as far as {compared} measures tell."
    return Verdict(bool(drifted), sentence, new, gone, rows)


def drawn(samples: list[Sample], most: int, random: np.random.Generator) -> list[Sample]:
    if len(samples) <= most:
        return samples
    return [samples[k] for k in np.sort(random.choice(len(samples), most, replace=False))]


def compare(settings: Params, data: Dataset, promoted: Dataset, network: Path | None, out: Path, seed: int) -> Verdict:
    """Measure both sides and write verdict and page. ValueError where the classes differ."""
    if data.classes != promoted.classes:
        raise ValueError(
            f"the classes are {', '.join(data.classes)}, and {', '.join(promoted.classes)} in the promoted data: nothing can be compared"
        )
    before, now = ({s.image_sha256 for s in side.samples} for side in (promoted, data))
    new = [sample for sample in data.samples if sample.image_sha256 not in before]
    random = np.random.default_rng(seed)
    sides = (
        Side(data, drawn(new, settings.images, random)),
        Side(promoted, drawn(list(promoted.samples), settings.images, random)),
    )
    measured = []
    if len(new) >= LEAST_NEW:
        measured = [measures.of_looks(sides), measures.of_classes(sides), measures.of_features(sides)]
        measured += [measures.of_uncertainty(sides, network)] if network else []
    found = verdict(measured, len(new), len(before - now), settings, seed)
    out.mkdir(parents=True, exist_ok=True)
    rows = [row._asdict() | {"shift": row.shift and row.shift._asdict()} for row in found.rows]
    content = found._asdict() | {"rows": rows, "settings": settings.model_dump()}
    (out / "drift.json").write_text(dumps(content, indent=2) + "\n")
    write_page(out / "index.html", found, sides, measured, settings)
    return found


@user_mistakes
def main() -> int:
    parser = ArgumentParser(
        "python -m tasks.drift.compare", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--promoted", type=Path, required=True, help="the data set as it was promoted")
    parser.add_argument("--network", type=Path, help="the champion, whose uncertainty is compared")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    settings = read_optional("drift", Params)
    compare(settings, Dataset(given.dataset), Dataset(given.promoted), given.network, given.out, seed())
    return 0


if __name__ == "__main__":
    leave(main())
