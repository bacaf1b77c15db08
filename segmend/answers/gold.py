"""Questions whose answer a gold mask knows: they measure the people who answer, and change no label.

A gold question is a superpixel of which a gold mask (annotator `gold`) says one class nearly everywhere. It looks like any other: of
the class shown and the class that the network is said to see one is right and one is drawn, in either order.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from segmend.answers.answers import GOLD_QUERY, PART, Answer, Query, encode_pixels, pixels
from segmend.images.dataset import GOLD, Dataset, Sample
from segmend.images.rasters import Maps, is_class

PURE = 0.95  # share of a gold question's pixels that are of its class
IMAGES, EACH = 50, 8  # gold questions are made of so many images at most, so many of each


def gold_classes(data: Dataset, answers: Iterable[Answer]) -> dict[str, int]:
    """By identity the class of most of an answer's pixels, where a gold mask names one for more than half of them."""
    if GOLD not in data.card.annotators:
        return {}
    by_image: dict[str, dict[str, Answer]] = defaultdict(dict)
    for answer in answers:
        if PART not in answer.query:
            by_image[answer.image][answer.identity] = answer
    known = {}
    for image, each in by_image.items():
        if data.has_annotation(image, GOLD):
            mask = data.annotation(image, GOLD).ravel()
            for identity, answer in each.items():
                inside = mask[pixels(answer.footprint)]
                counts = np.bincount(inside[is_class(inside)], minlength=1)
                if 2 * counts.max() > len(inside):
                    known[identity] = int(counts.argmax())
    return known


def gold_questions(data: Dataset, regions: Maps, taken: Iterable[str], round: str) -> list[Query]:
    """A round's gold questions in the order of asking, the same whenever they are made; none without gold masks.

    `taken`: numbers of the round's own questions, which gold questions do not have. Their answers have numbers that begin with
    GOLD_QUERY.
    """
    names, taken = data.classes, set(taken)
    rng = np.random.default_rng([int(round.removeprefix("r")), len(taken)])
    samples = [s for s in data.of("train") if GOLD in data.card.annotators and data.has_annotation(s.id, GOLD)]
    rng.shuffle(samples)  # type: ignore[arg-type]  # a list is shuffled in place
    drawn = [found for sample in samples[:IMAGES] for found in regions_of(data, regions, sample, rng)]
    rng.shuffle(drawn)  # type: ignore[arg-type]
    numbers = (f"{round}-{number:05d}" for number in rng.permutation(99_999) + 1)
    free = (number for number in numbers if number not in taken)
    return [question(sample, region, inside, k, names, next(free), rng) for sample, region, inside, k in drawn]


Found = tuple[Sample, int, np.ndarray, int]  # a region's image, number, ascending pixels and class


def regions_of(data: Dataset, regions: Maps, sample: Sample, rng: np.random.Generator) -> list[Found]:
    """Some regions of an image that are nearly all of one class, of each class as many as there are."""
    mask, cells = data.annotation(sample.id, GOLD).ravel(), regions[sample.id].ravel().astype(np.int64)
    order = np.argsort(cells, kind="stable")
    found: dict[int, list[Found]] = defaultdict(list)
    for inside in np.split(order, np.flatnonzero(np.diff(cells[order])) + 1):
        counts = np.bincount(mask[inside], minlength=256)
        if cells[inside[0]] >= 0 and counts.argmax() < len(data.classes) and counts.max() >= PURE * len(inside):
            found[int(counts.argmax())].append((sample, int(cells[inside[0]]), inside, int(counts.argmax())))
    for each in found.values():
        rng.shuffle(each)  # type: ignore[arg-type]
    chosen: list[Found] = []
    while len(chosen) < EACH and any(found.values()):
        chosen += [each.pop() for each in found.values() if each][: EACH - len(chosen)]
    return chosen


def question(
    sample: Sample,
    region: int,
    inside: np.ndarray,
    true: int,
    classes: Sequence[str],
    name: str,
    rng: np.random.Generator,
) -> Query:
    """A question that looks like the others: the true class is the one shown or the predicted one."""
    others = [k for k in range(len(classes)) if k != true] or [true]
    pair = [classes[true], classes[int(rng.choice(others))]]
    shown, predicted = pair if rng.random() < 0.5 else pair[::-1]
    row, column = divmod(int(inside[len(inside) // 2]), sample.width)
    return Query(
        query=name, image=sample.id, region=region, rank=0, kind="correction", shown=shown, predicted=predicted,
        footprint=encode_pixels(inside, (sample.height, sample.width)), area=len(inside), row=row, column=column, utility=0.0,
        expected=None, image_sha256=sample.image_sha256,
    )  # fmt: skip


def is_measurement(answer: Answer) -> bool:
    """Whether it answers a gold question: it changes no label."""
    return answer.query.startswith(GOLD_QUERY)
