"""`segmend audit` against cleanlab.segmentation, on equal labels and probabilities, in one run.

    SEGMEND_BENCH_DATA=... OMP_NUM_THREADS=1 python -m benchmarks.audit      (needs the extra `bench`: cleanlab 2.9)
    ... python -m benchmarks.audit --speed      measures the times anew, and nothing else

Data and probabilities: audit_data.py. cleanlab's `find_label_issues` flags pixels, `get_label_quality_scores` scores images. Ours are the
functions that `segmend audit` runs. At equal flags: as many pixels of lowest quality as cleanlab flags (and a quarter of them: the first
ones of both rankings). Void pixels, which cleanlab cannot take, are given class 0 for it and left out of its flags.
Memory: the peak of a process of its own that reads files one by one (ours), or stacks them, as cleanlab demands; the same images again
and again, up to 16 times. Times: both tools in turn, ROUNDS times, the median of each. Writes results/audit.md.
"""

import subprocess
import sys
from collections.abc import Iterator
from json import dumps
from resource import RUSAGE_SELF, getrusage
from statistics import mean, median
from time import process_time
from typing import Any

import numpy as np

from benchmarks import audit_data
from benchmarks.claims import RESULTS, Claim, arguments, cells, kept, plus_minus, spread, write
from segmend.metrics.confident_learning import Thresholds
from tasks.audit.findings import Looked, look, quality_map

try:
    from cleanlab.segmentation.filter import find_label_issues
    from cleanlab.segmentation.rank import get_label_quality_scores
    from cleanlab.segmentation.summary import common_label_issues
except ImportError:
    raise SystemExit("this benchmark compares with cleanlab: pip install 'segmend[bench]'") from None

SEEDS = {"planted": (0, 1, 2), "facade": (0,), "nuclei": (1,)}  # of planting; of the others, one training each
DATA = tuple(SEEDS)
FIRST = 0.25  # of the flags: the first ones
TIMES = (1, 4, 16)  # how often the planted images are repeated for the peak of memory
ROUNDS = 5  # of which the median time is taken
PARTS = ("cleanlab_flags", "cleanlab_scores", "cleanlab_pairs", "ours")
UNLABELLED = 254


def measured(data: str, seed: int) -> dict[str, Any]:
    """One row: both tools on one data set and seed."""
    judged = audit_data.made(data, seed)
    labels, probabilities, wrong = judged.labels(), judged.probabilities(), judged.wrong()
    known = labels < UNLABELLED
    given = np.where(known, labels, 0).astype(np.int64)
    flags = find_label_issues(given, probabilities, n_jobs=1, verbose=False)
    scores, pixels = get_label_quality_scores(given, probabilities, verbose=False)
    looked = ours(labels, probabilities)
    flags &= known
    quality = np.stack([quality_map(*pair) for pair in zip(labels, probabilities, strict=True)])
    count = int(flags.sum())
    theirs = np.argsort(np.where(flags, pixels, 2), axis=None, kind="stable")[:count]
    lowest = np.argsort(np.where(known, quality, 2), axis=None, kind="stable")[:count]
    row: dict[str, Any] = {
        "images": len(labels), "classes": probabilities.shape[1], "wrong": float(wrong.mean()), "flags": count,
    }  # fmt: skip
    for name, order in (("cleanlab", theirs), ("ours", lowest)):
        hit = wrong.ravel()[order]
        row |= {f"precision_{name}": float(hit.mean()), f"recall_{name}": float(hit.sum() / wrong.sum())}
        row[f"precision_first_{name}"] = float(hit[: int(FIRST * count)].mean())
    findings = sorted(
        ((part, k) for k, found in enumerate(looked) for part in found.components),
        key=lambda pair: (pair[0].severity != "major", -pair[0].score),
    )
    row |= {"findings": len(findings), "findings_right_of_100": mean(
        float(wrong[k].ravel()[part.pixels].mean() > 0.5) for part, k in findings[:100]
    )}  # fmt: skip
    return row | ranked(wrong, data, {"cleanlab": -scores, "ours": np.array([found.wrong for found in looked])})


def timed(speed: str, seed: int) -> dict[str, Any]:
    """Seconds of the processor of both tools on one data set: the median of ROUNDS turns."""
    judged = audit_data.made(speed, seed)
    labels, probabilities = judged.labels(), judged.probabilities()
    given = np.where(labels < UNLABELLED, labels, 0).astype(np.int64)
    ours(labels[:1], probabilities[:1])  # imports

    def turn() -> Iterator[float]:
        yield process_time()
        flags = find_label_issues(given, probabilities, n_jobs=1, verbose=False)
        yield process_time()
        get_label_quality_scores(given, probabilities, verbose=False)
        yield process_time()
        common_label_issues(flags, labels=given, pred_probs=probabilities, class_names=None, verbose=False)
        yield process_time()
        ours(labels, probabilities)
        yield process_time()

    seconds = [median(turn) for turn in zip(*(np.diff(list(turn())).tolist() for _ in range(ROUNDS)), strict=True)]
    return dict(zip((f"seconds_{part}" for part in PARTS), seconds, strict=True))


def ours(labels: np.ndarray, probabilities: np.ndarray) -> list[Looked]:
    """What `segmend audit` computes: thresholds, then findings, scores and pairs of classes."""
    first = Thresholds(probabilities.shape[1])
    for image, said in zip(labels, probabilities, strict=True):
        first.add(image, said)
    thresholds = first.compute()
    return [look(image, said, thresholds) for image, said in zip(labels, probabilities, strict=True)]


def ranked(wrong: np.ndarray, data: str, scores: dict[str, np.ndarray]) -> dict[str, Any]:
    """Precision at 10 and 20 of the images that rank first: those that people changed, elsewhere the tenth with most wrong pixels."""
    pixels = wrong.reshape(len(wrong), -1).sum(1)
    bad = pixels > 0 if data == "nuclei" else pixels >= np.sort(pixels)[-max(1, len(pixels) // 10)]
    row: dict[str, Any] = {"bad_images": int(bad.sum())}
    for name, values in scores.items():
        order = np.argsort(-values, kind="stable")
        row |= {f"at_{k}_{name}": float(bad[order[:k]].mean()) for k in (10, 20)}
    return row


def peak(tool: str, times: int) -> float:
    """The peak of memory in MB of a process that audits the planted images `times` times."""
    words = [sys.executable, "-m", "benchmarks.audit", "--memory", tool, "--times", str(times)]
    return float(subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[-1])


def use(tool: str, times: int) -> None:
    """What is measured by `peak`: reads as the tool does, and prints this process's peak."""
    judged = audit_data.made("planted", 0)
    names = judged.ids * times

    def one(name: str) -> tuple[np.ndarray, np.ndarray]:
        part = judged._replace(ids=[name])
        return part.labels()[0], part.probabilities()[0]

    if tool == "cleanlab":
        pairs = [one(name) for name in names]
        labels, said = np.stack([pair[0] for pair in pairs]).astype(np.int64), np.stack([pair[1] for pair in pairs])
        del pairs
        find_label_issues(labels, said, n_jobs=1, verbose=False)
        get_label_quality_scores(labels, said, verbose=False)
    else:
        from segmend.images.dataset import Dataset
        from tasks.audit.tables import Collected

        samples = {sample.id: sample for sample in Dataset(judged.dataset).samples}
        first, collected = Thresholds(3), Collected(40)
        for name in names:
            first.add(*one(name))
        for name in names:
            image, probabilities = one(name)
            collected.add(samples[name], image, look(image, probabilities, first.compute()))
    print(getrusage(RUSAGE_SELF).ru_maxrss / 1024)


def rows(field: str) -> list[dict[str, Any]]:
    """The rows that were measured of this kind: data (quality), speed or memory."""
    return [row for row in kept("audit") if field in row]


def claims(found: list[dict[str, Any]], speed: list[dict[str, Any]], memory: list[dict[str, Any]]) -> list[Claim]:
    """The targets; a claim over several data sets holds where it holds on each of them."""
    made = []
    for data, what, field in (
        ("planted", "precision at cleanlab's flags, ours minus cleanlab's, planted mistakes", "precision"),
        ("planted", "precision of the first quarter, ours minus cleanlab's, planted mistakes", "precision_first"),
        ("facade", "precision at cleanlab's flags, ours minus cleanlab's, facade", "precision"),
        ("facade", "precision of the first quarter, ours minus cleanlab's, facade", "precision_first"),
        ("nuclei", "changed images among the first 10, ours minus cleanlab's, nuclei", "at_10"),
        ("nuclei", "changed images among the first 20, ours minus cleanlab's, nuclei", "at_20"),
    ):
        values = [row[f"{field}_ours"] - row[f"{field}_cleanlab"] for row in found if row["data"] == data]
        if values:
            made.append(Claim(what, "at least 0", mean(values), len(values), spread(values), mean(values) >= 0))
    for what, parts in (
        ("flags and scores", ("flags", "scores")),
        ("flags, scores and pairs of classes", ("flags", "scores", "pairs")),
    ):
        times = [sum(row[f"seconds_cleanlab_{part}"] for part in parts) / row["seconds_ours"] for row in speed]
        if times:
            made.append(
                Claim(
                    f"times faster than cleanlab ({what})",
                    "at least 5",
                    mean(times),
                    len(times),
                    spread(times),
                    mean(times) >= 5,
                )
            )
    peaks = {(row["memory"], row["times"]): row["megabytes"] for row in memory}
    if {("ours", TIMES[0]), ("ours", TIMES[-1])} <= set(peaks):
        grown = peaks["ours", TIMES[-1]] / peaks["ours", TIMES[0]]
        made.append(
            Claim(
                f"peak of memory at {TIMES[-1]} times the images, ours",
                "at most 1.1 times",
                grown,
                1,
                None,
                grown <= 1.1,
            )
        )
    return made


def page(found: list[dict[str, Any]], speed: list[dict[str, Any]], memory: list[dict[str, Any]]) -> str:
    lines = [
        "# Label errors against cleanlab", "",
        "`python -m benchmarks.audit`: cleanlab 2.9.0 and `segmend audit` on equal labels and equal out-of-fold probabilities (three folds, about",
        "150 steps of the project's own training each, so the networks are weak), one thread, seconds of the processor. Planted mistakes: mean ± standard",
        "deviation over three seeds of planting, judged by the networks of the first; facade and nuclei: one training, no spread.", "",
        "| data | seeds | images, classes | wrong pixels | flags | precision cleanlab | ours | recall cleanlab | ours | first quarter cleanlab | ours | first 100 findings right |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for data in DATA:
        some = [row for row in found if row["data"] == data]
        if not some:
            continue

        def over(field: str, some: list[dict[str, Any]] = some) -> str:
            return plus_minus([row[field] for row in some])

        lines.append(
            f"| {data} | {len(some)} | {some[0]['images']}, {some[0]['classes']} | {mean(row['wrong'] for row in some):.1%} | {some[0]['flags']:,} | "
            f"{over('precision_cleanlab')} | {over('precision_ours')} | {over('recall_cleanlab')} | {over('recall_ours')} | "
            f"{over('precision_first_cleanlab')} | {over('precision_first_ours')} | {over('findings_right_of_100')} |"
        )
    lines += [
        "", "Images: of nuclei those that people changed afterwards, elsewhere the tenth with most wrong pixels (planted mistakes are spread evenly, so",
        "there is little to rank).", "",
        "| data | such images | of the first 10, cleanlab | ours | of the first 20, cleanlab | ours |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    lines += table(
        found, "data", ["bad_images", *(f"at_{k}_{tool}" for k in (10, 20) for tool in ("cleanlab", "ours"))]
    )
    lines += [
        "", "| data | cleanlab: flags, s | scores, s | pairs of classes, s | ours: flags, scores, findings, pairs, s |", "|---|---|---|---|---|",
    ]  # fmt: skip
    lines += table(speed, "speed", [f"seconds_{part}" for part in PARTS])
    if memory:
        lines += ["", "Peak of memory in MB, the planted images (60 of 256 x 256, three classes) again and again:", ""]
        lines += ["| images | cleanlab | ours |", "|---|---|---|"]
        peaks = {(row["memory"], row["times"]): row["megabytes"] for row in memory}
        for times in TIMES:
            if ("ours", times) in peaks and ("cleanlab", times) in peaks:
                lines.append(f"| {60 * times} | {peaks['cleanlab', times]:,.0f} | {peaks['ours', times]:,.0f} |")
    return "\n".join([*lines, "", NOTES, ""])


def table(rows: list[dict[str, Any]], field: str, columns: list[str]) -> list[str]:
    """A line a data set: the mean and spread of each column."""
    lines = []
    for data in DATA:
        some = [row for row in rows if row[field] == data]
        if some:
            values = ([row[column] for row in some] for column in columns)
            words = [str(column[0]) if isinstance(column[0], int) else plus_minus(column, 2) for column in values]
            lines.append(f"| {data} | {' | '.join(words)} |")
    return lines


NOTES = """Reading. Quality is 1 - r (1 - p[label]), r the root of the network's mean confidence in the image. Another r was tried, the share of the
pixels in which network and labels agree (seed 0): planted .90 instead of .82 of the first quarter, facade .35 instead of .50, where images
differ in how many of their labels are wrong. The last one would have to be known beforehand, so it is not used.
Facade's given masks are a network's own: what a network repeats that learned from them is not found by any such rule. Findings are
counted right where more than half of their pixels are wrong labels. Times: the median of five turns of both tools in one process, on a machine
on which other work ran. cleanlab's pairs of classes are its `common_label_issues`; ours computes them, the findings and the border band too.
The factors differ: without pairs of classes about 5 on planted, 4 on facade (eight classes), 9 on nuclei.
Of 3,000 images with dense probabilities cleanlab's arrays alone would take gigabytes (4 bytes a class and pixel); ours holds one image."""


def main() -> None:
    if "--memory" in sys.argv:
        use(sys.argv[sys.argv.index("--memory") + 1], int(sys.argv[sys.argv.index("--times") + 1]))
        return
    chosen = arguments(
        "audit",
        __doc__,
        memory={"help": "measure this tool's peak here"},
        times={"type": int},
        page={"action": "store_true"},
        speed={"action": "store_true", "help": "measure the times anew, and nothing else"},
    )
    if chosen.speed:
        others = [row for row in kept("audit") if "speed" not in row]
        (RESULTS / "audit.jsonl").write_text("".join(dumps(row) + "\n" for row in others))
    if not chosen.page:
        sets = [(data, seed) for data, seeds in SEEDS.items() for seed in seeds]
        cells("audit", [{"speed": data, "seed": seed} for data, seed in sets], timed)
    if not chosen.page and not chosen.speed:
        cells("audit", [{"data": data, "seed": seed} for data, seed in sets], measured)
        cells(
            "audit",
            [{"memory": tool, "times": times} for times in TIMES for tool in ("cleanlab", "ours")],
            lambda memory, times: {"megabytes": peak(memory, times)},
        )
    found = rows("data"), rows("speed"), rows("memory")
    write("audit", claims(*found), page(*found))


if __name__ == "__main__":
    main()
