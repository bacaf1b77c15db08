"""Raw files -> our dataset, checked; planted mistakes on demand. Two looks at every image: first check all, then write all."""

from csv import writer
from json import loads
from pathlib import Path
from typing import Any

import numpy as np

from segmend.images.dataset import SPLITS, Card, Sample, write_card, write_samples, write_truth_list
from segmend.images.rasters import UNLABELLED, VOID
from segmend.images.tiles import WholeImage, write_tiles
from segmend.stage.command import stage
from tasks.ingest.checking.dataset_checks import judge, sieve
from tasks.ingest.checking.image_checks import CheckedRecord, by_size, check_all, class_pixels, labelled, others, ratio
from tasks.ingest.kept_results import KeptResults
from tasks.ingest.reading.source import Problem, Source
from tasks.ingest.reading.text_files import read_text
from tasks.ingest.recognition import read
from tasks.ingest.settings import Params
from tasks.ingest.writing import Job, Planting, write_all


@stage
def ingest(settings: Params, seed: int, *, raw: Path, out: Path, out_truth: Path) -> dict[str, Any]:
    """Check raw data, write them as our dataset and keep the truth apart."""
    if not raw.is_dir():
        raise ValueError(
            f"{raw} is not a folder: put the raw data there, or name another folder of data/raw in ingest.data"
        )
    source = read(settings, raw, seed)
    kept = KeptResults(source)
    checked = check_new(source, kept)
    problems, notes = judge(raw, source, checked)
    checked, aside = sieve(raw, source, checked, problems, settings.keep_going)
    source = source._replace(records=[item.record for item in checked])
    present = by_size(checked)
    noise = settings.noise if settings.noise.planted else None
    if noise and len(present) < 2:
        raise ValueError(
            "ingest.noise: mistakes can only be planted in masks with at least two classes; set its level to none"
        )
    if noise and source.annotators:
        raise ValueError(
            f"ingest.noise: mistakes are planted into one mask an image, and these data have annotators "
            f"({', '.join(source.annotators)}); set its level to none"
        )
    if noise and any(r.mask is not None and r.truth is not None and r.mask is not r.truth for r in source.records):
        notes.append(
            "warning: mistakes are planted in the truth; the given masks are not used (ingest.noise.level: none)"
        )
    out.mkdir(parents=True, exist_ok=True)
    job = Job(
        source.ids, source.palette, out, out_truth, noise, present, seed,
        settings.noise.hidden.ids(source.classes), source.reading, settings.fill_void, kept,
    )  # fmt: skip
    kept.keep_checked(checked)
    planted = write_all(checked, job, settings.noise.share)
    write_lists(source, checked, settings, raw, out, out_truth, aside)
    for note in (*source.notes, *notes):
        print(note)
    return metrics(source, checked, present, planted, noise is not None, aside)


def check_new(source: Source, kept: KeptResults) -> list[CheckedRecord]:
    """Every record checked; those that did not change since the last run come from what was kept of it."""
    keys, known = kept.known(source.records)
    new = [r for r, key in zip(source.records, keys, strict=True) if key not in known]
    results = check_all(source, new)
    checked = [known[key] if key in known else next(results)._replace(key=key) for key in keys]
    assert next(results, None) is None  # it ends with its progress bar
    return checked


def write_lists(
    source: Source, checked: list[CheckedRecord], settings: Params, raw: Path, out: Path, out_truth: Path,
    aside: list[Problem],
) -> None:  # fmt: skip
    """dataset.json, samples.csv, quarantine.csv and truth.csv."""
    train = [item for item in checked if item.record.split == "train"]
    pixels = sum(item.height * item.width for item in train)
    sums = np.sum([item.sums for item in train], axis=0) / pixels
    deviation = np.sqrt(np.maximum(sums[1] - sums[0] ** 2, 0))
    about = described(raw)
    card = Card(
        name=settings.data,
        classes=source.classes,
        colours=tuple((r, g, b) for r, g, b in source.palette),
        mean=three(sums[0]),
        deviation=three(np.maximum(deviation, 1e-6)),  # nobody divides by zero
        source=source.source or about.get("source", ""),
        notice=source.notice or about.get("notice", ""),
        annotators=source.annotators,
    )
    write_card(out, card)
    write_samples(out, [sample for item in checked for sample in samples_of(item)])
    write_tiles(out, [whole_of(item) for item in checked if item.tiles])
    for name, text in source.kept:
        (out / name).write_text(text, encoding="utf-8")
    with (out / "quarantine.csv").open("w", newline="") as file:
        lines = writer(file, lineterminator="\n")
        lines.writerow(Problem._fields)
        lines.writerows(sorted(aside))
    origin = "planted" if settings.noise.planted else "given"
    known = [r for r in source.records if r.truth is not None or (origin == "planted" and r.mask is not None)]
    ids = [name for r in known for name in ([tile.id for tile in r.tiles] or [r.id])]
    write_truth_list(out_truth, dict.fromkeys(ids, origin))


def samples_of(item: CheckedRecord) -> list[Sample]:
    """The row of an image in samples.csv, or those of its tiles, which all have its split."""
    record, split = item.record, str(item.record.split)
    if not item.tiles:
        return [Sample(record.id, split, item.height, item.width, item.digest, record.file)]
    return [Sample(part.tile.id, split, *part.tile.window.shape, part.digest, record.file) for part in item.tiles]


def whole_of(item: CheckedRecord) -> WholeImage:
    return WholeImage(
        item.record.id,
        item.height,
        item.width,
        item.record.file,
        item.labelled,
        tuple(part.tile for part in item.tiles),
    )


def three(values: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = (round(float(value), 6) for value in values)
    return red, green, blue


def described(raw: Path) -> dict[str, str]:
    """What source.json of the raw folder says of where the data come from."""
    path = raw / "source.json"
    return {key: str(value) for key, value in loads(read_text(path)).items()} if path.is_file() else {}


def metrics(
    source: Source, checked: list[CheckedRecord], present: tuple[int, ...], planted: Planting, noisy: bool,
    aside: list[Problem],
) -> dict[str, Any]:  # fmt: skip
    records = source.records
    pixels = class_pixels(checked)
    known = labelled(pixels)
    numbers: dict[str, Any] = {"images": len(records)}
    numbers |= {f"images_{split}": sum(r.split == split for r in records) for split in SPLITS}
    numbers |= {
        "images_with_mask": sum(item.labelled for item in checked),
        "images_with_truth": sum(r.truth is not None or (noisy and r.mask is not None) for r in records),
        "quarantined": len({problem.id for problem in aside}),
        "classes": len(source.classes),
        "classes_present": len(present),
        "pixels": int(sum(item.height * item.width for item in checked)),
        "share_void": ratio(pixels[VOID], pixels.sum()),
        "share_unlabelled": ratio(pixels[UNLABELLED], pixels.sum()),
    }
    if any(item.tiles for item in checked):
        numbers["tiles"] = sum(len(item.tiles) for item in checked)
    if source.annotators:
        numbers |= {"annotators": len(source.annotators), "annotations": sum(len(r.annotations) for r in records)}
    numbers |= {f"share.{name}": ratio(pixels[k], known) for k, name in enumerate(source.classes)}
    if noisy:
        hit = [item for item in checked if item.record.split != "test"]
        base = class_pixels(hit)
        wrong = int(planted.by_class.sum())
        numbers |= {"wrong_pixels": wrong, "wrong_share": ratio(wrong, sum(others(item, present) for item in hit))}
        numbers |= {f"wrong.{name}": ratio(planted.by_class[k], base[k]) for k, name in enumerate(source.classes)}
        numbers |= {f"planted.{kind}": count for kind, count in planted.by_kind.items()}
    return numbers


if __name__ == "__main__":
    raise SystemExit(ingest())
