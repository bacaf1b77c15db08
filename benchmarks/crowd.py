"""Many annotators: how good and how fast are the aggregators, on real readers and on crowds whose truth is known?

    pip install crowd-kit && SEGMEND_BENCH_DATA=... OMP_NUM_THREADS=1 python -m benchmarks.crowd

crowd-kit (Apache-2.0, measured: 1.4.2) is needed by this benchmark alone. lidc-four-readers.npz lies in SEGMEND_BENCH_DATA.
"""

import warnings
from collections.abc import Callable
from os import environ
from pathlib import Path
from statistics import mean, median
from time import process_time
from typing import Any

import numpy as np
from scipy.ndimage import zoom

from benchmarks.claims import arguments, cells, write
from benchmarks.crowd_page import CHOSEN_ON, THEIRS, claims, page
from benchmarks.crowds import enumerated, everybody, tree
from benchmarks.deep_crowd import made, with_network
from segmend.aggregators._decision_rules import decided
from segmend.aggregators._votes import Votes
from segmend.aggregators.belief_propagation import BeliefPropagation
from segmend.aggregators.dawid_skene import DawidSkene
from segmend.aggregators.glad import Glad
from segmend.aggregators.majority import Majority
from segmend.aggregators.mean_field import MeanField
from segmend.aggregators.one_coin import OneCoin
from segmend.aggregators.weighted import Weighted
from segmend.images.rasters import UNLABELLED
from tasks.pseudo_label.consensus.annotator_report import Tally, copies, judged
from tasks.pseudo_label.consensus.copy_detection import groups
from tasks.pseudo_label.consensus.vote_patterns import answers_of, patterns_of

CHUNK = 500  # stacks at a time, for flat memory
TIMED = 1000  # stacks that the aggregators are timed on
KINDS = (Majority, OneCoin, DawidSkene, BeliefPropagation, MeanField, Glad)
RULES = ("most_likely", "expected_iou")
SETTINGS = {"as the paper": (1.2, 0), "5 spammers": (1.2, 5), "weak features": (0.5, 0)}
DEEP = {
    "deepMF": MeanField(clip=1, tolerance=0.01),
    "deepBP": BeliefPropagation(clip=1, tolerance=0.01),
    "deepBP, clip .9": BeliefPropagation(clip=0.9, tolerance=0.01),
}
FIVE = (0.90, 0.85, 0.60, 0.45, 0.30)
CROWDS = (FIVE, (0.95, 0.90, 0.70, 0.60, 0.50), (0.98, 0.97, 0.80, 0.80, 0.80), (0.95, 0.90, 0.85, 0.70))


def stacks() -> np.ndarray:
    """uint8 (6073, 4, 64, 64)."""
    path = Path(environ.get("SEGMEND_BENCH_DATA", "../shared/data")) / "lidc-four-readers.npz"
    if not path.is_file():
        raise SystemExit(f"{path} is not there: name the folder that holds it in SEGMEND_BENCH_DATA")
    return np.unpackbits(np.load(path)["S"], axis=-1)


def crowd_kit(name: str) -> Any:
    try:
        from crowdkit.aggregation import SegmentationEM, SegmentationMajorityVote, SegmentationRASA
    except ImportError:
        raise SystemExit("this benchmark compares with crowd-kit: pip install crowd-kit") from None
    return dict(zip(THEIRS, (SegmentationMajorityVote, SegmentationEM, SegmentationRASA), strict=True))[name]()


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the processor, which other work on the machine stretches little; everything here has one thread."""
    begin = process_time()
    result = work()
    return process_time() - begin, result


def ours(masks: np.ndarray, aggregator: Any) -> np.ndarray:
    """Masks (n, a, h, w) -> consensus (n, h, w), every stack with reliabilities of its own."""
    out = []
    for first in range(0, len(masks), CHUNK):
        patterns = patterns_of(masks[first : first + CHUNK], 2)
        answers = answers_of(patterns.labels, patterns.pixels, 2, image=patterns.image)
        posterior = aggregator(answers).posterior
        labels = decided(posterior, answers.size, answers.group, aggregator.decide).astype(np.uint8)
        out.append(labels[patterns.row])
    return np.concatenate(out)


def theirs(masks: np.ndarray, name: str) -> tuple[float, np.ndarray]:
    import pandas

    rows = [[k, reader, votes[reader] > 0] for k, votes in enumerate(masks) for reader in range(masks.shape[1])]
    frame, method = pandas.DataFrame(rows, columns=["task", "worker", "segmentation"]), crowd_kit(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its divisions by empty masks
        seconds, fitted = timed(lambda: method.fit_predict(frame))
    return seconds, np.stack([np.asarray(fitted[k]) for k in range(len(masks))]).astype(np.uint8)


def iou(mask: np.ndarray, other: np.ndarray) -> np.ndarray:
    union = (mask | other).sum(axis=(1, 2))
    return np.where(union == 0, 1.0, (mask & other).sum(axis=(1, 2)) / np.maximum(union, 1))


def arms() -> dict[str, Any]:
    return {f"{kind().name}, {rule}": kind(decide=rule, scope="image") for kind in KINDS for rule in RULES}


def readers(left: int) -> dict[str, Any]:
    """One reader left out: scores of every aggregator."""
    every = stacks()
    masks, held = np.ascontiguousarray(np.delete(every, left, axis=1)), every[:, left]
    row: dict[str, Any] = {}

    def score(name: str, predicted: np.ndarray) -> None:
        agreed = iou(predicted, held)
        row[name] = {"first": agreed[:CHOSEN_ON].mean(), "rest": agreed[CHOSEN_ON:].mean(), "all": agreed.mean()}

    for name, arm in arms().items():
        score(name, ours(masks, arm))
    for name in THEIRS:
        score(name, theirs(masks, name)[1])
    return row


def pace(pace_left: int) -> dict[str, Any]:
    """Milliseconds a stack of every aggregator, on the first stacks; one's own before and after theirs."""
    masks = np.ascontiguousarray(np.delete(stacks()[:TIMED], pace_left, axis=1))
    ours(masks, Majority(scope="image"))  # the first call finds memory
    before = {name: timed(lambda arm=arm: ours(masks, arm))[0] for name, arm in arms().items()}
    row = {name: theirs(masks, name)[0] for name in THEIRS}
    after = {name: timed(lambda arm=arm: ours(masks, arm))[0] for name, arm in arms().items()}
    row |= {name: (before[name] + after[name]) / 2 for name in before}
    return {name: 1000 * seconds / TIMED for name, seconds in row.items()}


def painted(seed: int, annotators: int, classes: int) -> np.ndarray:
    """Soft objects, moved a few pixels and speckled by each annotator."""
    rng = np.random.default_rng(seed)
    truth = np.stack([zoom(rng.standard_normal((16, 32)), 64, order=1) for _ in range(classes)]).argmax(axis=0)
    moved = [np.roll(truth, tuple(rng.integers(-6, 7, 2)), (0, 1)) for _ in range(annotators)]
    speckled = [np.where(rng.random(m.shape) < 0.03, rng.integers(0, classes, m.shape), m) for m in moved]
    return np.stack(speckled).astype(np.uint8)


def large(image: int, classes: int, annotators: int) -> dict[str, Any]:
    masks = painted(image, annotators, classes)
    row: dict[str, Any] = {}

    def work(aggregator: Any) -> np.ndarray:
        patterns = patterns_of(masks[None], classes)
        answers = answers_of(patterns.labels, patterns.pixels, classes)
        row["patterns"] = answers.tasks
        return aggregator(answers).posterior.argmax(axis=1).astype(np.uint8)[patterns.row[0]]

    for aggregator in (OneCoin(), DawidSkene()):
        row[aggregator.name] = median(timed(lambda one=aggregator: work(one))[0] for _ in range(5))
    if classes == 2:
        row["EM"], _ = theirs(masks[None], "crowd-kit EM")
    return row


def trees(trees_from: int) -> dict[str, Any]:
    """The largest difference between belief propagation and enumeration, over ten random trees."""
    worst = 0.0
    for seed in range(trees_from, trees_from + 10):
        answers = tree(np.random.default_rng(seed), classes=2 + seed % 2)
        posterior = BeliefPropagation(grid=16, clip=1, tolerance=1e-12)(answers).posterior
        worst = max(worst, float(np.abs(posterior - enumerated(answers, 16, 2, 1)).max()))
    return {"difference": worst}


def deep(setting: str, seed: int) -> dict[str, Any]:
    truth, x, answers = made(seed, *SETTINGS[setting])

    def right(posterior: np.ndarray) -> float:
        return float((posterior.argmax(axis=1) == truth).mean())

    row = {"majority": right(Majority()(answers).posterior), "MF": right(MeanField()(answers).posterior)}
    row["BP"] = right(BeliefPropagation()(answers).posterior)
    return row | {name: right(with_network(seed, x, answers, method)) for name, method in DEEP.items()}


def kept_sources(answers: Votes, keep: list[int]) -> Votes:
    """The answers of some of the sources."""
    position = np.full(answers.sources, -1)
    position[keep] = np.arange(len(keep))
    mine = position[answers.source] >= 0
    return Votes(
        answers.task[mine], position[answers.source[mine]], answers.label[mine],
        tasks=answers.tasks, sources=len(keep), classes=answers.classes, gold=answers.gold,
    )  # fmt: skip


def copied(copies_share: float, copies_seed: int) -> dict[str, Any]:
    truth, answers = everybody(np.random.default_rng(copies_seed), 2000, FIVE, 4, copies=copies_share, gold=40)
    open_ = answers.gold < 0
    without = Votes(answers.task, answers.source, answers.label, tasks=2000, sources=5, classes=4)

    def right(posterior: np.ndarray) -> float:
        return float((posterior.argmax(axis=1) == truth)[open_].mean())

    believed = BeliefPropagation()(without)
    labels = np.full((2000, 5), UNLABELLED, np.uint8)
    labels[answers.task, answers.source] = answers.label
    tally = Tally(5, 4)
    tally.add(labels, answers.size, believed.posterior, np.where(open_, UNLABELLED, answers.gold).astype(np.uint8))
    judgement = judged(tally)
    told = copies(tally, judgement)
    drop = {b if judgement.reliability[a] >= judgement.reliability[b] else a for a, b in told}
    return {
        "majority": right(Majority()(answers).posterior),
        "BP": right(believed.posterior),
        "BP, gold clamped": right(BeliefPropagation()(answers).posterior),
        "weighted": right(Weighted()(answers).posterior),
        "one each": right(Weighted()(kept_sources(answers, [k for k in range(5) if k not in drop])).posterior),
        "told": [list(pair) for pair in told],
        "observed": float(judgement.observed[2, 3]),
        "expected": float(judgement.expected[2, 3]),
    }


def apart(crowd: int, copy: float, apart_seed: int) -> dict[str, Any]:
    """What is told of copies without gold, from 20 batches of 100 regions."""
    reliability = CROWDS[crowd]
    _, answers = everybody(np.random.default_rng(apart_seed), 2000, reliability, 4, copies=copy)
    tally = Tally(len(reliability), 4)
    for part in np.split(answers.label.reshape(2000, -1).astype(np.uint8), 20):
        tally.add(part, np.ones(100), np.full((100, 4), 0.25))
    named_groups = groups(tally.together)
    assert named_groups is not None
    named = (named_groups.first, named_groups.second) == ((0, 1), tuple(range(2, len(reliability))))
    return {"excess": named_groups.excess, "told": named_groups.told, "right groups": named}


def main() -> None:
    arguments("crowd", __doc__)
    by_reader = cells("crowd", [{"left": k} for k in range(4)], readers)
    paces = cells("crowd", [{"pace_left": k} for k in range(3)], pace)
    images = {
        (k, a): cells("crowd", [{"image": s, "classes": k, "annotators": a} for s in range(3)], large)
        for k, a in ((2, 3), (19, 3), (19, 5))
    }
    exact = cells("crowd", [{"trees_from": 10 * s} for s in range(3)], trees)
    learned = {
        setting: cells(
            "crowd", [{"setting": setting, "seed": s} for s in range(5 if setting == "weak features" else 3)], deep
        )
        for setting in SETTINGS
    }
    sources = {
        share: cells("crowd", [{"copies_share": share, "copies_seed": s} for s in range(3)], copied)
        for share in (0.0, 0.85)
    }
    silent = {
        (k, share): cells("crowd", [{"crowd": k, "copy": share, "apart_seed": s} for s in range(3)], apart)
        for k in range(len(CROWDS))
        for share in (0.0, 0.85)
    }
    best = max(arms(), key=lambda name: mean(row[name]["first"] for row in by_reader))
    results = (by_reader, paces, images, learned, sources, best)
    write("crowd", claims(*results, exact, silent), page(*results, tuple(arms()), tuple(DEEP), silent, CROWDS))


if __name__ == "__main__":
    main()
