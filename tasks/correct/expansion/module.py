"""Relabel regions nobody was asked about by a small classifier of mean predictions, trained on the answers.

Paper: A2LC (AAAI 2026): label correction module.
Idea: the segmentation network repeats what wrong labels taught it, so its errors are regular: what answers say about
    some regions holds for others with the same mean probabilities.
Formula: f: K-256-128-64-K with ReLU, on a region's mean probabilities; trained on the answered regions, one row an answer, with cross
    entropy weighted by 1 / count of the answered class (Adam, `lr`, `epochs`, `batch`). A region that no answer touches
    by more than half gets c = argmax softmax f, if c is not its current majority label, the probability is at least
    `threshold`, c is not among the rarest `rare` share of the classes and the current label is not the rarest class (by
    labelled pixels of the train split).
Limits: fewer than two answered classes, or threshold above every confidence: nothing changes. Two classes with rare
    0.5: only regions without a label can change, since each class is the rare one or the current one. Pixels under any
    answer's footprint, and void ones, never change.
Differs: the release trains on one round's queries, here all answers so far are used; what it relabels are objects, here base
    cells. Its network ends with a softmax and its cross entropy takes another one: softmaxes 2, with which training never reaches
    loss 0 and drives confidences to 1, so that .99 passes nearly all; with 1 it passes little. The release counts rare classes
    over the answers: rarity answers. It raises the
    threshold by round on Cityscapes (.99 to .9999999): here it is one number.
Costs: two passes of the network over the train images; training takes 10 to 20 s per 1,000 answers.
"""

from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int64
from pydantic import Field

from segmend.images.rasters import VOID, LabelMap, is_class
from segmend.images.regions import areas, class_counts, majority, mean_by_region
from segmend.stage.params import Method
from tasks.correct.expansion._base import AnswerOutcome, ImageContext

NEVER, SILENT = -1, -2  # a region that nobody was asked about; one whose answer names no single class
HIDDEN = (256, 128, 64)


class Learned(NamedTuple):
    layers: list[tuple[Float32[np.ndarray, "o i"], Float32[np.ndarray, " o"]]]
    counts: Int64[np.ndarray, " classes"]  # by which classes are rare: pixels of the train split's labels, or answers


class Module(Method):
    wants_features: ClassVar[bool] = False
    wants_views: ClassVar[bool] = False
    fills: ClassVar[bool] = False
    measures: ClassVar[bool] = True
    measures_network: ClassVar[bool] = True
    opines: ClassVar[bool] = False

    name: Literal["module"] = "module"
    threshold: float = Field(0.99, ge=0, le=1, description="least probability of the new class")
    rare: float = Field(0.5, ge=0, le=1, description="share of the classes, the rarest, that nothing is changed to")
    epochs: int = Field(100, ge=1, description="passes over the answers")
    batch: int = Field(8, ge=1, description="answers per step")
    lr: float = Field(1e-4, gt=0, description="learning rate of Adam")
    softmaxes: Literal[1, 2] = Field(
        1, description="softmaxes in the loss: 1, a cross entropy as usual; 2, as A2LC's release"
    )
    rarity: Literal["pixels", "answers"] = Field(
        "pixels", description="what makes a class rare: labelled pixels of the train split, or answers (A2LC's release)"
    )

    def measure(self, context: ImageContext) -> dict[str, np.ndarray]:
        classes = len(context.probabilities)
        answers = [answer for answer in context.answers if len(answer.classes) == 1 and len(answer.pixels)]
        flat = context.probabilities.reshape(classes, -1)
        means = [flat[:, answer.pixels].mean(axis=1) for answer in answers]
        pixels = np.bincount(context.labels[is_class(context.labels)], minlength=classes)
        return {
            "means": np.stack(means) if answers else np.zeros((0, classes), np.float32),
            "answers": np.array([answer.classes[0] for answer in answers], np.int64),
            "pixels": pixels,
        }

    def learn(
        self, measures: list[dict[str, np.ndarray]], outcomes: list[AnswerOutcome], rng: np.random.Generator
    ) -> Learned | None:
        if not measures:
            return None
        means, answers = (np.concatenate([measure[name] for measure in measures]) for name in ("means", "answers"))
        if len(np.unique(answers)) < 2:
            return None
        counts = np.sum([measure["pixels"] for measure in measures], axis=0)
        if self.rarity == "answers":
            counts = np.bincount(answers, minlength=len(counts))
        return Learned(self.train(means, answers, rng), counts)

    def train(
        self, means: Float32[np.ndarray, "n classes"], answers: Int64[np.ndarray, " n"], rng: np.random.Generator
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """The layers' weights and biases; equal input gives equal bytes."""
        import torch  # here, so that rounds without this method do not load it
        from torch import nn

        threads, classes = torch.get_num_threads(), means.shape[1]
        widths = (classes, *HIDDEN, classes)
        counts = np.bincount(answers, minlength=classes)
        weights = torch.from_numpy(np.where(counts, 1 / np.maximum(counts, 1), 0).astype(np.float32))
        x, y = torch.from_numpy(means), torch.from_numpy(answers)
        torch.set_num_threads(1)  # sums of several threads may differ in the last bit
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(int(rng.integers(2**31)))
                linear = [nn.Linear(a, b) for a, b in zip(widths, widths[1:], strict=False)]
                between = [module for layer in linear for module in (layer, nn.ReLU())][:-1]
                network, loss = nn.Sequential(*between), nn.CrossEntropyLoss(weights)
                optimizer = torch.optim.Adam(network.parameters(), lr=self.lr, fused=True)
                for _ in range(self.epochs):
                    for rows in torch.from_numpy(rng.permutation(len(y))).split(self.batch):
                        optimizer.zero_grad()
                        outputs = network(x[rows])
                        loss(outputs if self.softmaxes == 1 else outputs.softmax(1), y[rows]).backward()
                        optimizer.step()
        finally:
            torch.set_num_threads(threads)
        return [(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in linear]

    def spread(self, context: ImageContext, learned: Learned | None) -> LabelMap:
        if learned is None:
            return context.labels
        classes = len(context.probabilities)
        confidence = softmax(forward(learned.layers, mean_by_region(context.probabilities, context.regions)))
        best = confidence.argmax(1).astype(np.uint8)
        current = majority(class_counts(context.labels, context.regions, classes))[0]
        order = np.argsort(learned.counts, kind="stable")
        change = (answered(context) == NEVER) & (best != current) & (confidence.max(1) >= self.threshold)
        change &= ~np.isin(best, order[: int(self.rare * classes)]) & (current != order[0]) & (current != VOID)
        labels = context.labels.ravel().copy()
        free = labels != VOID
        for answer in context.answers:
            free[answer.region] = False
        slots = context.regions.ravel().astype(np.int64) + 1  # 0: no region
        free &= np.concatenate([[False], change])[slots]
        labels[free] = np.concatenate([np.zeros(1, np.uint8), best])[slots[free]]
        return labels.reshape(context.labels.shape)


def answered(context: ImageContext) -> Int64[np.ndarray, " k"]:
    """The class id of the newest answer that covers more than half of each base region; else NEVER or SILENT."""
    sizes, flat = areas(context.regions), context.regions.ravel()
    newest = np.full(len(sizes), NEVER, np.int64)
    for answer in context.answers:
        inside = np.bincount(flat[answer.region] + 1, minlength=len(sizes) + 1)[1:]
        newest[2 * inside > sizes] = answer.classes[0] if len(answer.classes) == 1 else SILENT
    return newest


def forward(layers: list[Any], means: Float64[np.ndarray, "k classes"]) -> Float64[np.ndarray, "k classes"]:
    """The network's outputs, in numpy: small enough to need nothing else."""
    x = means
    for n, (weight, bias) in enumerate(layers):
        x = (np.maximum(x, 0) if n else x) @ weight.T.astype(np.float64) + bias
    return x


def softmax(logits: Float64[np.ndarray, "k classes"]) -> Float64[np.ndarray, "k classes"]:
    raised = np.exp(logits - logits.max(1, keepdims=True, initial=-np.inf))
    return raised / raised.sum(1, keepdims=True)
