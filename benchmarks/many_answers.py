"""Time and memory of the stage correct for many answers: python -m benchmarks.many_answers [--counts 50000 100000 200000]

Two kinds of files: `late`, where every answer is about other pixels and to no open question, and `repeated`, where all lines are
about 1,000 sets of pixels, so that the last of each counts. Images of 512 x 512 pixels, 1,000 footprints of 16 x 16 pixels
each. Every run is a process of its own, without worker processes; seconds are of its CPU, memory is its peak. The rows go to
benchmarks/results/many_answers.csv.
"""

from argparse import ArgumentParser
from csv import DictWriter
from json import dumps
from multiprocessing import get_context
from os import environ
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np

SIDE, CELL, EACH = 512, 16, 1000  # pixels of an image's side and of a footprint's, footprints in an image
CLASSES = ("ground", "leaf", "stone")
RESULT = Path(__file__).parent / "results/many_answers.csv"


def workspace(root: Path, images: int) -> None:
    """A data set without pictures (the stage does not read them), first labels of one class, no questions."""
    from segmend.answers import history
    from segmend.answers.answers import write, write_queries
    from segmend.images.dataset import Card, Labels, Sample, write_card, write_samples, write_truth_list

    grey = ((0, 0, 0), (90, 90, 90), (180, 180, 180))
    card = Card(name="many", classes=CLASSES, colours=grey, mean=(0.5,) * 3, deviation=(0.3,) * 3)
    write_card(root / "dataset", card)
    names = [f"i/{k:04d}" for k in range(images)]
    write_samples(root / "dataset", [Sample(name, "train", SIDE, SIDE, "0" * 64, "drawn") for name in names])
    write_truth_list(root / "truth", {})
    for name in names:
        Labels(root / "labels/r0").write(name, np.zeros((SIDE, SIDE), np.uint8), card)
    history.write(root / "labels/r0", history.empty())
    write(root / "labels/r0/answers.jsonl", [])
    write_queries(root / "queries/r1", [])


def lines(count: int, repeated: bool):
    """`count` answers, one JSON object a line."""
    from segmend.answers.answers import encode_pixels

    square = (np.arange(CELL)[:, None] * SIDE + np.arange(CELL)).ravel()
    for k in range(count):
        image, cell = (0, k % EACH) if repeated else divmod(k, EACH)
        row, column = divmod(cell, SIDE // CELL)
        footprint = encode_pixels(square + row * CELL * SIDE + column * CELL, (SIDE, SIDE))
        answer = {"query": f"old-{k}", "image": f"i/{image:04d}", "footprint": footprint.model_dump(), "kind": "class"}
        answer |= {
            "classes": [CLASSES[1 + k % 2]],
            "who": "ada",
            "clicks": 1,
            "seconds": 2.5,
            "when": "2026-01-31T10:00:00Z",
        }
        yield dumps(answer) + "\n"


def measure(root: Path, name: str, results) -> None:
    from tasks.correct.__main__ import correct
    from tasks.correct.settings import Params

    begin = process_time()
    paths = {key: root / key for key in ("dataset", "truth", "regions", "model")}
    paths |= {"first": root / "labels/r0", "labels": root / "labels/r0", "queries": root / "queries/r1"}
    people = Params.model_validate({"oracle": {"name": "people"}})
    metrics = correct.stage(people, 0, round="r1", **paths, answers=root / f"{name}.jsonl", out=root / "out")
    results.put((process_time() - begin, getrusage(RUSAGE_SELF).ru_maxrss / 1e6, metrics["late"]))


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[50_000, 100_000, 200_000])
    environ["SEGMEND_WORKERS"] = "1"  # all the work in the process that is measured
    rows = []
    for count in parser.parse_args().counts:
        for kind in ("late", "repeated"):
            with TemporaryDirectory() as folder:
                root = Path(folder)
                workspace(root, -(-count // EACH) if kind == "late" else 1)
                with (root / f"{kind}.jsonl").open("w") as file:
                    file.writelines(lines(count, kind == "repeated"))
                results = get_context("spawn").SimpleQueue()
                process = get_context("spawn").Process(target=measure, args=(root, kind, results))
                process.start()
                process.join()
                if process.exitcode:
                    raise SystemExit(process.exitcode)
                seconds, gigabytes, applied = results.get()
                megabytes = (root / f"{kind}.jsonl").stat().st_size / 1e6
            rows.append(
                {
                    "answers": count,
                    "kind": kind,
                    "megabytes": round(megabytes, 1),
                    "applied": applied,
                    "cpu_seconds": round(seconds, 1),
                    "gigabytes": round(gigabytes, 3),
                }
            )
            print(dumps(rows[-1]), flush=True)
    with RESULT.open("w", newline="") as file:
        table = DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
