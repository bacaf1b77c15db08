"""Choose the regions to ask about next.

queries/queries.jsonl      the questions, best first (tasks/answers.py: Query)
queries/utilities.parquet  image, region, area, utility, asked_before: every region of the train split
queries/queries.png        the first questions as pictures

Only train images are asked about. A region counts as asked before when an earlier answer's footprint covers more than half
of it, so the rule holds when regions are made anew. Regions whose labels are mostly void are never asked.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from re import fullmatch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from tasks import params, tracking
from tasks.answers import Answer, Query, decode, encode, pixels, read, write_queries
from tasks.dataset import Dataset, Labels
from tasks.predict import stream
from tasks.query.picking import EXPECTED_CLICKS, allowance, pick
from tasks.query.settings import Params
from tasks.query.sheet import View, sheet
from tasks.rasters import UNLABELLED, VOID, Maps, RegionMap
from tasks.regions import areas
from tasks.run import stage
from tasks.table import RegionTable, Scene, joined, rows_of

PICTURES = 24  # questions on the contact sheet


def times_asked(regions: RegionMap, answers: list[Answer]) -> np.ndarray:
    """How many earlier answers cover more than half of each region, int32 (k,)."""
    sizes, flat = areas(regions), regions.ravel()
    asked = np.zeros(len(sizes), np.int32)
    for answer in answers:
        covered = np.bincount(flat[pixels(answer.footprint)] + 1, minlength=len(sizes) + 1)[1:]
        asked += 2 * covered > sizes
    return asked


def region_table(settings: Params, data: Dataset, regions: Maps, labels: Labels, model: Path) -> RegionTable:
    """One pass over the train images: probabilities are measured and dropped."""
    samples = list(data.of("train"))
    before = defaultdict(list)
    for answer in read(labels.folder / "answers.jsonl"):
        before[answer.image].append(answer)

    def parts() -> Iterator[dict[str, np.ndarray]]:
        for index, (sample, probabilities) in enumerate(stream(model, data, samples)):
            scene = Scene(probabilities, labels[sample.id], regions[sample.id])
            asked = times_asked(scene.regions, before[sample.id])
            yield rows_of(index, scene, asked, settings.acquisition.measure(scene))

    return joined(tuple(sample.id for sample in samples), parts())


def questions(
    round: str, table: RegionTable, chosen: np.ndarray, utilities: np.ndarray, regions: Maps, classes: tuple[str, ...]
) -> list[Query]:
    """The chosen rows as queries, best first; each image's region map is read once."""
    made: dict[int, Query] = {}
    digits = max(5, len(str(len(chosen))))
    for image in np.unique(table.image[chosen]):
        identifier = table.images[image]
        cells = regions[identifier]
        for rank in np.flatnonzero(table.image[chosen] == image):
            n = chosen[rank]
            made[int(rank)] = Query(
                query=f"{round}-{rank + 1:0{digits}d}",
                image=identifier,
                region=int(table.region[n]),
                rank=int(rank),
                kind="correction",
                shown=None if table.shown[n] == UNLABELLED else classes[table.shown[n]],
                predicted=classes[table.predicted[n]],
                footprint=encode(cells == table.region[n]),
                area=int(table.area[n]),
                row=int(table.row[n]),
                column=int(table.column[n]),
                utility=float(utilities[n]),
            )
    return [made[rank] for rank in sorted(made)]


def draw(queries: list[Query], data: Dataset, labels: Labels, path: Path) -> None:
    views = [
        View(f"{q.query}  {q.image}", data.image(q.image), labels[q.image], decode(q.footprint), q.shown, q.predicted)
        for q in queries[:PICTURES]
    ]
    sheet(views, data.card).save(path, format="PNG", compress_level=9)
    tracking.artifact(path, "figures")


def write_utilities(path: Path, table: RegionTable, utilities: np.ndarray) -> None:
    names = pa.DictionaryArray.from_arrays(pa.array(table.image), pa.array(table.images, pa.string()))
    columns = {
        "image": names.cast(pa.string()),
        "region": table.region,
        "area": table.area,
        "utility": utilities,
        "asked_before": table.asked,
    }
    parquet.write_table(pa.table(columns), path)


@stage
def query(
    settings: Params, seed: int, *, round: str, dataset: Path, regions: Path, labels: Path, model: Path, out: Path
) -> dict:
    """Choose the regions to ask about next and write the questions with pictures."""
    if not fullmatch(r"r[1-9]\d*", round):
        raise ValueError(f"--round is '{round}': r1, r2, ... are allowed")
    rounds = params.load().get("rounds") or {}
    if round not in rounds:
        raise ValueError(f"params.yaml has no round '{round}' under rounds; mend it with: segmend rounds {round[1:]}")
    budget = params.check(params.Round, rounds[round], f"rounds.{round}").budget
    data, cells, current = Dataset(dataset), Maps(regions), Labels(labels)
    if not any(data.of("train")):
        raise ValueError(f"{dataset} has no train images to ask about: see the splits in samples.csv")
    table = region_table(settings, data, cells, current, model)
    rng = np.random.default_rng([seed, int(round[1:])])
    utilities = settings.acquisition(table, rng)
    open_ = (table.asked == 0) & (table.shown != VOID)
    allowed, cost = allowance(budget, len(table)), EXPECTED_CLICKS[settings.kind]
    chosen = pick(utilities, open_, allowed, 1.0 if settings.unit == "regions" else cost, rng)
    made = questions(round, table, chosen, utilities, cells, data.classes)
    out.mkdir(parents=True, exist_ok=True)
    write_queries(out, made)
    write_utilities(out / "utilities.parquet", table, utilities)
    draw(made, data, current, out / "queries.png")
    shown, predicted = Counter(q.shown for q in made), Counter(q.predicted for q in made)
    return {
        "asked": len(made),
        "budget": allowed,
        "expected_clicks": cost * len(made),
        "regions": len(table),
        "regions_open": int(open_.sum()),
        "asked_pixels": int(table.area[chosen].sum()),
        "shown/unlabelled": shown[None],
        **{f"shown/{name}": shown[name] for name in data.classes},
        **{f"predicted/{name}": predicted[name] for name in data.classes},
    }


if __name__ == "__main__":
    raise SystemExit(query())
