"""Two label sets against answers that neither holds, where no truth is known.

An answer that was applied to a set is right there by construction, so it cannot say how good the set is elsewhere: it would judge the
set by what the set was given. Judges are therefore the answers
    that chance drew, with a known probability (`chance` of the question: query.random, query.val, or `segmend promote --labels --ask`), and
    that were applied to neither set: of their pixels those are left out that any answer of either set covers (answers.jsonl of both).
In practice these are answers to held-out questions, which no round applies, and for the labels of round r answers of round r + 1.

Why the estimate is unbiased. For each class c and each label d, sum over judges of (pixels answered c and labelled d) / chance is the
estimator of Horvitz and Thompson (A Generalization of Sampling Without Replacement From a Finite Universe, 1952) of that count over all
regions that could be drawn: each is drawn with probability `chance` and then counts 1 / chance times. What is left out (pixels that
were answered before) and how both sets label a region are settled without the judging answers, since neither set nor its network has seen
them; so the draw is independent of what it measures, and both sets are scored on the same pixels. IoU is a ratio of such sums, hence
consistent, not exactly unbiased (of few answers the bias is of the order 1 / answers, and alike for both sets).
Limits: it says how good the labels are where nobody answered; pixels that people answered are better or not by their answers alone. A
pixel that several draws could ask about counts for each of them. A skip says nothing: it is left out, so regions that nobody can name do not
count. Of a region in which several people brushed the class that most of them gave judges alone, where they brushed it. People see a label when they answer and tend to
confirm it. Several people's answers become one by majority. An answer that ticks several classes does not say which pixel is which, and is left
out; so is one to a question that was made anew since, whose probability is no longer known. Of questions of a round `chance` is nearly right
(tasks/query/ranking.py: inclusion).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int64, UInt8
from PIL import Image

from segmend.aggregators.majority import Majority
from segmend.answers.answers import PART, Answer, Query, each_answer, pixels, read, read_queries, standing
from segmend.answers.candidate_sets import answered_pixels
from segmend.answers.consensus import Question, consensus
from segmend.answers.gold import is_measurement
from segmend.images.dataset import Dataset, Labels, Sample
from segmend.images.rasters import UNLABELLED, VOID, is_class
from segmend.metrics.confusion import Confusion


class Asked(NamedTuple):
    """Questions and the file of their answers."""

    queries: Path  # a folder with queries.jsonl
    answers: Path


def held_by(sets: Sequence[Labels], sample: Sample) -> bool:
    """Whether all label sets have a map of this image, and not of another one that had its id when the set was made."""
    for path in (labels.path(sample.id) for labels in sets):
        if not path.is_file():
            return False
        with Image.open(path) as picture:  # its head alone is read
            if picture.size != (sample.width, sample.height):
                return False
    return True


class Judge(NamedTuple):
    """An answer that chance asked for."""

    answers: tuple[Answer, ...]  # the answer, then what was brushed beside it
    chance: float  # 0 < chance <= 1

    def said(self, classes: tuple[str, ...]) -> tuple[Int64[np.ndarray, " n"], UInt8[np.ndarray, " n"]]:
        """The pixels of the region that were named, and the class of each. A confirm names all of them: the pixels that carried the class
        when it was confirmed are one set's own."""
        region = pixels(self.answers[0].footprint)
        ids = np.full(len(region), UNLABELLED, np.uint8)
        for answer in reversed(self.answers):
            named = answered_pixels(answer) if answer.kind == "mask" else pixels(answer.footprint)
            ids[np.isin(region, named, assume_unique=True)] = classes.index(answer.classes[0])
        return region[is_class(ids)], ids[is_class(ids)]


class Evidence(NamedTuple):
    """What the judges say of both sets, image by image."""

    images: list[str]
    answers: int
    champion: Int64[np.ndarray, "n k columns"]  # confusion matrices, estimated pixels
    challenger: Int64[np.ndarray, "n k columns"]


def judges(data: Dataset, asked: Sequence[Asked]) -> dict[str, list[Judge]]:
    """The answers that chance asked for, by image, one a question. ValueError for a line that is no answer."""
    sizes = {sample.id: (sample.height, sample.width) for sample in data.samples}
    hashes = {sample.id: sample.image_sha256 for sample in data.samples}
    by_image: dict[str, list[Judge]] = defaultdict(list)
    for queries, file in asked:
        if not ((queries / "queries.jsonl").is_file() and file.is_file()):
            continue
        drawn = {query.identity: query for query in read_queries(queries) if query.chance}
        given: dict[str, list[Answer]] = defaultdict(list)
        beside: dict[tuple[str, str], list[Answer]] = defaultdict(list)  # by question and person
        for answer in standing(each_answer(file, data.classes, sizes, hashes)):
            if PART in answer.query:
                beside[answer.query.partition(PART)[0], answer.who].append(answer)
            elif fits(answer, drawn.get(answer.identity)):
                given[answer.identity].append(answer)
        decided = consensus([Question(tuple(each)) for each in given.values()], data.classes, Majority())
        for identity, decision in zip(given, decided.decisions, strict=True):
            answer = decision.answer
            if answer.kind != "skip" and len(answer.classes) == 1:
                alone = decision.masks if len(decision.masks) == 1 else ()  # who brushed, where it was one person
                brushed = [part for who in alone for part in beside[answer.query, who]]
                by_image[answer.image].append(Judge((answer, *brushed), drawn[identity].chance or 1.0))
    return by_image


def fits(answer: Answer, query: Query | None) -> bool:
    """Whether it was given to this very question: of the same pixels under another number it was asked for in another draw."""
    return query is not None and query.query == answer.query and not is_measurement(answer)


def covered(sets: Sequence[Path], images: dict[str, int]) -> dict[str, Bool[np.ndarray, " n"]]:
    """The pixels of each image that an answer applied to any of the label sets is about; `images` are ids and their pixels."""
    masks = {name: np.zeros(number, bool) for name, number in images.items()}
    for folder in sets:
        for answer in read(folder / "answers.jsonl"):
            if answer.image in masks and answer.kind not in ("skip", "revert"):
                masks[answer.image][pixels(answer.footprint)] = True
    return masks


def evidence(data: Dataset, champion: Path, challenger: Path, asked: Sequence[Asked]) -> Evidence:
    """Both sets scored on the pixels of the judges, each image one pair of confusion matrices; only images with such pixels."""
    by_image = judges(data, asked)
    both = (Labels(champion), Labels(challenger))
    samples = [sample for sample in data.of("train", "val") if sample.id in by_image and held_by(both, sample)]
    taken = covered((champion, challenger), {s.id: s.height * s.width for s in samples})
    images, answers, pairs = list[str](), 0, list[tuple[np.ndarray, np.ndarray]]()
    for sample in samples:
        maps = [each[sample.id].ravel() for each in both]
        counts = list(counted(by_image[sample.id], maps, ~taken[sample.id], data.classes))
        if counts:
            images.append(sample.id)
            answers += len(counts)
            pairs.append((np.sum([first for first, _ in counts], 0), np.sum([second for _, second in counts], 0)))
    shape = (len(images), len(data.classes), len(data.classes) + 2)
    first, second = (np.array([pair[k] for pair in pairs], np.int64).reshape(shape) for k in range(2))
    return Evidence(images, answers, first, second)


def counted(
    of_image: Sequence[Judge], maps: Sequence[np.ndarray], free: Bool[np.ndarray, " n"], classes: tuple[str, ...]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each judge with pixels left, the estimated pixels by class answered and class labelled, of both sets."""
    for judge in of_image:
        named, said = judge.said(classes)
        counts = free[named] & ~((maps[0][named] == VOID) & (maps[1][named] == VOID))
        if not counts.any():
            continue
        pair = []
        for labels in maps:
            confusion = Confusion(len(classes))
            confusion.update(said[counts], labels[named[counts]])
            pair.append(np.rint(confusion.matrix / judge.chance).astype(np.int64))
        yield pair[0], pair[1]
