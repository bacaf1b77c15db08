"""Compare two label sets: pixels changed per class pair, image, person and method, as tables, CSV and a page with pictures.

    python -m tasks.report.compare data/labels/r0 data/labels/r2 --dataset data/dataset --out .work/diff

What a label set may be says label_folders.py; `segmend diff` reads exports of other formats by ingest first. Images that one of the two
lacks are counted and listed, never compared. Exit code 2 where the sets cannot be compared.

out/diff.json  class_pairs.csv  images.csv  who.csv  index.html
"""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable
from csv import writer
from json import dumps
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from segmend.answers import history
from segmend.images.dataset import Card, Dataset
from segmend.images.overlays import Shot, marked, overlaid, shot, size_in
from segmend.images.parallel import map_images
from segmend.images.rasters import UNLABELLED, VOID
from segmend.stage.command import user_mistakes
from tasks.report.label_folders import LabelFolder, Table, by_name, card_of, label_folder, named_alike, read_as
from tasks.report.panels import COLOURS

PICTURES, BOX = 12, 260  # images with the most changed pixels on the page, and their size


class Pair(NamedTuple):
    """One image of two label sets; sent to another process."""

    id: str
    before: Path
    after: Path
    table_before: Table | None
    table_after: Table | None


class Difference(NamedTuple):
    """What differs between two label sets."""

    pairs: Counter[tuple[int, int]]  # pixels by (id before, id after), where they differ
    images: dict[str, int]  # changed pixels of every image that both sets have
    pixels: int  # of those images
    alone: tuple[list[str], list[str]]  # ids that only the first, only the second set has


def count(pair: Pair) -> tuple[Counter[tuple[int, int]], int]:
    """Differing pixels of one image by (id before, id after), and its size in pixels."""
    before, after = read_as(pair.before, pair.table_before), read_as(pair.after, pair.table_after)
    if before.shape != after.shape:
        raise ValueError(
            f"{pair.id}: {pair.before} has {before.shape[0]} x {before.shape[1]} pixels and {pair.after} {after.shape[0]} x "
            f"{after.shape[1]}: compare label maps of equal size"
        )
    differ = before != after
    changed = before[differ].astype(np.uint16) << 8 | after[differ]
    pairs, counts = np.unique(changed, return_counts=True)
    found = zip(pairs.tolist(), counts.tolist(), strict=True)
    return Counter({(pair >> 8, pair & 255): number for pair, number in found}), before.size


def difference(first: LabelFolder, second: LabelFolder) -> Difference:
    """Every image that both sets have, compared; ValueError where there is none."""
    common = sorted(set(first.files) & set(second.files))
    if not common:
        raise ValueError(f"{first.folder} and {second.folder} have no image in common: are they of the same data set?")
    pairs: Counter[tuple[int, int]] = Counter()
    images, pixels = {}, 0
    jobs = [Pair(name, first.files[name], second.files[name], first.table, second.table) for name in common]
    for job, (changed, size) in zip(jobs, map_images(count, jobs, "comparing"), strict=True):
        pairs.update(changed)
        images[job.id], pixels = sum(changed.values()), pixels + size
    alone = tuple(sorted(set(a.files) - set(b.files)) for a, b in ((first, second), (second, first)))
    return Difference(pairs, images, pixels, alone)  # type: ignore[arg-type]


def who_changed(first: LabelFolder, second: LabelFolder) -> list[dict[str, Any]]:
    """Answers and changed pixels by person, or by the method of automatic changes, in the rounds that only the second set has.

    Empty where the sets are not rounds of one workspace. An automatic method's rows are made anew each round: only its last count.
    """
    if not all((a.folder / "history.parquet").is_file() for a in (first, second)):
        return []
    known = {(row["query"], row["who"], row["round"]) for row in history.read(first.folder).to_pylist()}
    table: dict[tuple[str, str], dict[str, Any]] = {}
    for row in history.read(second.folder).to_pylist():
        automatic = row["kind"] == history.AUTO
        if not automatic and (row["query"], row["who"], row["round"]) in known:
            continue
        kind = "method" if automatic else "person"
        entry = table.setdefault(
            (kind, row["who"]), {"who": row["who"], "kind": kind, "answers": 0, "changed_pixels": 0}
        )
        entry["answers"] += not automatic
        entry["changed_pixels"] += row["changed"] or 0
    return sorted(table.values(), key=lambda row: (-row["changed_pixels"], row["who"]))


def write_csv(path: Path, head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = writer(file, lineterminator="\n")
        table.writerow(head)
        table.writerows(rows)


def write(
    out: Path, first: LabelFolder, second: LabelFolder, difference: Difference, card: Card, dataset: Path | None
) -> dict[str, Any]:
    """Tables and page; returns what diff.json holds. `card` names the classes."""
    names = {**dict(enumerate(card.classes)), UNLABELLED: "not labelled yet", VOID: "void"}
    pairs = [
        {"before": names.get(a, str(a)), "after": names.get(b, str(b)), "pixels": n}
        for (a, b), n in sorted(difference.pairs.items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    images = sorted(difference.images.items(), key=lambda entry: (-entry[1], entry[0]))
    people = who_changed(first, second)
    content = {
        "before": first.name,
        "after": second.name,
        "images": len(images),
        "changed_images": sum(changed > 0 for _, changed in images),
        "pixels": difference.pixels,
        "changed_pixels": sum(difference.images.values()),
        "class_pairs": pairs,
        "who": people,
        "only_before": difference.alone[0],
        "only_after": difference.alone[1],
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "diff.json").write_text(dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    write_csv(out / "class_pairs.csv", ("before", "after", "pixels"), (tuple(row.values()) for row in pairs))
    write_csv(out / "images.csv", ("image", "changed_pixels"), images)
    write_csv(out / "who.csv", ("who", "kind", "answers", "changed_pixels"), (tuple(row.values()) for row in people))
    shots = [
        (name, changed, pictures(name, first, second, card, dataset)) for name, changed in images[:PICTURES] if changed
    ]
    legend = (
        [(name, f"rgb{colour}") for name, colour in zip(card.classes, card.colours, strict=True)] if card.name else []
    )
    template = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    ).get_template("compare.html.j2")
    (out / "index.html").write_text(
        template.render(content, rows=images[:50], shots=shots, legend=legend), encoding="utf-8"
    )
    return content


def pictures(name: str, first: LabelFolder, second: LabelFolder, card: Card, dataset: Path | None) -> list[Shot]:
    """The image with the labels before and after, and the pixels that differ; label maps alone where the image is not known."""
    before, after = first.read(name), second.read(name)
    known = dataset is not None and (dataset / "images" / f"{name}.png").is_file()
    image = Dataset(dataset).image(name) if known and dataset else np.full((*before.shape, 3), 128, np.uint8)
    size = size_in(BOX, before.shape)
    return [
        shot(overlaid(image, before, card), f"Labels of {name} in {first.name}", size),
        shot(overlaid(image, after, card), f"Labels of {name} in {second.name}", size),
        shot(marked(image, {COLOURS["changed"]: before != after}), f"Pixels of {name} that differ", size),
    ]


def compare(first: LabelFolder, second: LabelFolder, out: Path, dataset: Path | None) -> dict[str, Any]:
    """Compare two label sets by the ids of the images and the names of the classes; what diff.json holds."""
    card = card_of(first, second, dataset)
    first, second = by_name(first, card.classes), by_name(named_alike(first, second), card.classes)
    return write(out, first, second, difference(first, second), card, dataset)


@user_mistakes
def main() -> int:
    parser = ArgumentParser("python -m tasks.report.compare", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--dataset", type=Path, help="the data set whose images and class names are shown")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables and the page")
    chosen = parser.parse_args()
    compare(label_folder(chosen.before), label_folder(chosen.after), chosen.out, chosen.dataset)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
