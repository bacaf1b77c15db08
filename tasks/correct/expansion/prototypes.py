"""Resolve sets of classes to labels: pixels take the class of the most similar prototype pixel of an answered region.

Paper: Hwang et al., Active Learning for Semantic Segmentation with Multi-class Label Query, NeurIPS 2023, arXiv 2309.09319,
    stage 2 (the labels that its second network is trained on).
Idea: the pixel of a region to which the network gives the highest probability of c is the prototype of c in the region.
Formula: for an answered region s and each class c it names, prototype z[s, c] = feature at the arg-max of p[c] over s;
    a pixel of s takes the class of its most similar prototype of s (inner product of unit features);
    tau[s, c] = threshold (median) of the similarities of the pixels that took it;
    a pixel that no answer covers, in a base cell that s touches (8-neighbours, s's own cells too), is accepted by s if its
    similarity to any prototype of s is above that one's tau, and takes the class of the most similar one; later answers win.
Limits: expand false changes only pixels of sets; match nearest asks the most similar prototype itself to pass; a set's own pixels
    only hold classes of the set; beyond the cells around answers nothing changes; without answers nothing does.
Differs: a region is the pixels whose newest answer it is. Regions of one class teach and expand as in the paper, but their own
    pixels stay as they are painted and sieved. onto unlabelled spares first labels (in the paper there are none). A prototype
    that no pixel took accepts nothing. The features are of one view (the paper averages scales and flips on one data set).
    Where training reads sets too (train.loss partial, our recipe mulactseg), it is the paper's two stages in one: a pixel that
    was accepted around an answer is one of a known class there (D_1), which the paper's first stage takes from answers alone.
    From first labels that is no pixel (onto unlabelled); from none it is many: expand false keeps them out.
Costs: a feature vector per pixel; inner products with the classes of each region, over the answered cells and those around.
"""

from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from jaxtyping import Float32, Int64
from pydantic import Field

from segmend.images.rasters import NO_REGION, UNLABELLED, VOID, LabelMap
from segmend.stage.params import Method
from tasks.correct.expansion._base import AnswerOutcome, ImageContext

BLOCK = 2**16  # pairs of feature vectors that are held at once


class Bank(NamedTuple):
    """The prototypes, region after region; a region's own are first[s]..first[s + 1]."""

    vectors: Float32[np.ndarray, "d m"]
    classes: Int64[np.ndarray, " m"]
    first: Int64[np.ndarray, " s1"]


class Prototypes(Method):
    name: Literal["prototypes"] = "prototypes"
    threshold: Literal["median", "min"] = Field(
        "median", description="how alike: as half of a prototype's pixels, or all"
    )
    expand: bool = Field(True, description="also onto pixels around the answered regions")
    match: Literal["any", "nearest"] = Field(
        "any",
        description="which prototype's threshold a pixel around must pass: of any of the region, or of the most similar",
    )
    onto: Literal["unlabelled", "all"] = Field(
        "unlabelled", description="pixels around that may change: those without a label, or all that no answer covers"
    )
    wants_features: ClassVar[bool] = True
    wants_views: ClassVar[bool] = False
    fills: ClassVar[bool] = False
    measures: ClassVar[bool] = False
    measures_network: ClassVar[bool] = False
    opines: ClassVar[bool] = False

    def measure(self, context: ImageContext) -> dict[str, np.ndarray]:
        return {}

    def learn(
        self, measures: list[dict[str, np.ndarray]], outcomes: list[AnswerOutcome], rng: np.random.Generator
    ) -> Any:
        return None

    def spread(self, context: ImageContext, learned: Any) -> LabelMap:
        labels, own = context.labels.copy(), owners(context)
        flat = labels.reshape(-1)
        teaches = np.array(
            [
                answer.kind in ("confirm", "class", "class_set") and len(answer.classes) > 0
                for answer in context.answers
            ],
            bool,
        )
        pixels = np.flatnonzero(own >= 0)
        pixels = pixels[teaches[own[pixels]]]
        if not len(pixels):
            return labels
        pixels = pixels[np.argsort(own[pixels], kind="stable")]
        answers, begins, regions = np.unique(own[pixels], return_index=True, return_inverse=True)
        bank = prototypes(context, pixels, answers, begins, regions)

        alike = similarities(context, pixels, regions, bank)
        taken = bank.first[regions] + alike.argmax(0)
        several = np.diff(bank.first)[regions] > 1
        flat[pixels[several]] = bank.classes[taken[several]]
        if self.expand:
            tau = self.thresholds(taken, alike.max(0), len(bank.classes))
            pixels, regions = around(context, own, pixels, regions, self.onto == "all")
            alike = similarities(context, pixels, regions, bank)
            slots = np.arange(len(alike))[:, None]
            passed = (
                alike > tau[np.minimum(bank.first[regions] + slots, len(tau) - 1)]
            )  # -inf, where there is none, never is
            best = alike.argmax(0)
            accepted = passed.any(0) if self.match == "any" else passed[best, np.arange(len(best))]
            # Pairs are in the order of the answers, and of several values for one pixel numpy keeps the last.
            flat[pixels[accepted]] = bank.classes[(bank.first[regions] + best)[accepted]]
        return labels

    def thresholds(
        self, taken: Int64[np.ndarray, " n"], alike: Float32[np.ndarray, " n"], count: int
    ) -> Float32[np.ndarray, " m"]:
        """For each prototype the median (or least) similarity of the pixels that took it; infinite where none did."""
        order = np.lexsort((alike, taken))
        sizes = np.bincount(taken, minlength=count)
        begins = np.cumsum(sizes) - sizes
        low, high = (0, 0) if self.threshold == "min" else ((sizes - 1) // 2, sizes // 2)
        ranked = np.append(alike[order], np.float32(np.inf))
        middles = [np.where(sizes > 0, begins + middle, len(order)) for middle in (low, high)]
        return (ranked[middles[0]] + ranked[middles[1]]) / 2


def owners(context: ImageContext) -> Int64[np.ndarray, " hw"]:
    """The number of the answer that a pixel goes by: its newest but for skips; -1 where there is none, and in void."""
    own = np.full(context.labels.size, -1, np.int64)
    for number, answer in enumerate(context.answers):
        if answer.kind != "skip":
            own[answer.pixels] = number
    own[context.labels.ravel() == VOID] = -1
    return own


def prototypes(
    context: ImageContext,
    pixels: Int64[np.ndarray, " n"],
    answers: Int64[np.ndarray, " s"],
    begins: Int64[np.ndarray, " s"],
    regions: Int64[np.ndarray, " n"],
) -> Bank:
    """One prototype for each region and class named; `pixels` are in order of their regions (the first one of equals)."""
    p = context.probabilities.reshape(len(context.probabilities), -1)[:, pixels]
    highest = np.maximum.reduceat(p, begins, axis=1)
    numbers = np.where(p == highest[:, regions], np.arange(len(pixels)), len(pixels))
    first_best = np.minimum.reduceat(numbers, begins, axis=1)
    sets = [context.answers[number].classes for number in answers]
    sizes = np.array([len(classes) for classes in sets], np.int64)
    classes = np.concatenate(sets).astype(np.int64)
    chosen = pixels[first_best[classes, np.repeat(np.arange(len(answers)), sizes)]]
    return Bank(vectors(context)[:, chosen], classes, np.concatenate([[0], np.cumsum(sizes)]))


def vectors(context: ImageContext) -> Float32[np.ndarray, "d hw"]:
    assert context.features is not None, "prototypes wants features"
    return context.features.reshape(len(context.features), -1)


def similarities(
    context: ImageContext, pixels: Int64[np.ndarray, " n"], regions: Int64[np.ndarray, " n"], bank: Bank
) -> Float32[np.ndarray, "slots n"]:
    """Each pixel with each prototype of its region, in their order; -inf where the region has fewer."""
    z, slots = vectors(context), int(np.diff(bank.first).max())
    similarity = np.full((slots, len(pixels)), -np.inf, np.float32)
    for slot in range(slots):
        has = np.flatnonzero(bank.first[regions] + slot < bank.first[regions + 1])
        for part in np.split(has, range(BLOCK, len(has), BLOCK)):
            against = bank.vectors[:, bank.first[regions[part]] + slot]
            similarity[slot, part] = np.einsum("dn,dn->n", z[:, pixels[part]], against)
    return similarity


def around(
    context: ImageContext,
    own: Int64[np.ndarray, " hw"],
    pixels: Int64[np.ndarray, " n"],
    regions: Int64[np.ndarray, " n"],
    labelled: bool,
) -> tuple[Int64[np.ndarray, " p"], Int64[np.ndarray, " p"]]:
    """Pairs of an open pixel and a region that touches its base cell, in order of the regions."""
    height, width = context.regions.shape
    rows, columns = np.divmod(pixels, width)
    cells = np.pad(context.regions, 1, constant_values=NO_REGION)
    k = int(context.regions.max(initial=NO_REGION)) + 1
    touched = []
    for down in range(3):
        for right in range(3):
            near = cells[rows + down, columns + right].astype(np.int64)
            touched.append(np.unique((regions * k + near)[near != NO_REGION]))
    region, cell = np.divmod(np.unique(np.concatenate(touched)), max(k, 1))

    flat, cell_of = context.labels.ravel(), context.regions.ravel()
    free = (own < 0) & (cell_of != NO_REGION) & ((flat != VOID) if labelled else (flat == UNLABELLED))
    for answer in context.answers:
        if answer.kind in ("confirm", "mask"):  # `own` has the pixels that carry their class
            free[answer.region] = False
    free = np.flatnonzero(free)
    free = free[np.argsort(cell_of[free], kind="stable")]
    sizes = np.bincount(cell_of[free], minlength=k)
    begins = np.cumsum(sizes) - sizes
    many = sizes[cell]
    before = np.cumsum(many) - many
    return free[np.arange(many.sum()) + np.repeat(begins[cell] - before, many)], np.repeat(region, many)
