"""The corrector's classifier: a small network from what is known of a pixel to its true class, taught by answers alone."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float16, Float32, Int64, UInt8
from skimage.color import rgb2lab

from segmend.images.rasters import LabelMap, RegionMap, is_class
from segmend.images.regions import class_counts

HIDDEN = 128
DROPOUT = 0.2
RARE = 20.0  # pixels added to a class's count before its weight, (count + RARE) ** -0.5
DECAY = 1e-2
COLUMNS = 16  # of the inputs that are taken as numbers of 32 bits together
ROWS = 2**15  # that are classified together


class Classifier(NamedTuple):
    """Standardisation of the inputs, then layers with ReLU between them."""

    mean: Float32[np.ndarray, " d"]
    deviation: Float32[np.ndarray, " d"]
    layers: list[tuple[Float32[np.ndarray, "i o"], Float32[np.ndarray, " o"]]]

    def __call__(self, x: Float[np.ndarray, "n d"]) -> Float32[np.ndarray, "n classes"]:
        """The class probabilities of each row."""
        if len(x) > ROWS:
            return np.concatenate([self(part) for part in np.array_split(x, -(-len(x) // ROWS))])
        x = x - self.mean
        x /= self.deviation
        for n, (weight, bias) in enumerate(self.layers):
            x = (np.maximum(x, 0, out=x) if n else x) @ weight
            x += bias
        raised = np.exp(x - x.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)


class Inputs:
    """What is known of the pixels of one image: rows for `Classifier`."""

    def __init__(
        self,
        image: UInt8[np.ndarray, "h w 3"],
        encoded: Any,  # features of the image: what `at(pixels)` gives, or None
        labels: LabelMap,
        regions: RegionMap,
        classes: int,
    ):
        self.pixels, self.encoded, self.labels, self.regions = image.reshape(-1, 3), encoded, labels, regions
        self.classes, self.size = classes, labels.shape
        counts = class_counts(labels, regions, classes)[:, :classes]
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        self.shares = np.concatenate([np.zeros((1, classes)), share * 2])  # first: outside every region

    def at(self, places: Int64[np.ndarray, " n"]) -> Float32[np.ndarray, "n d"]:
        """Colour (3), position (2), the given label (K), the labels in its base cell (K), the encoder's features (176 or none)."""
        rows, columns = np.divmod(places, self.size[1])
        given = self.labels.ravel()[places]
        named = np.zeros((len(places), self.classes))
        known = np.flatnonzero(is_class(given))
        named[known, given[known]] = 2
        parts = [
            rgb2lab(self.pixels[places]) / 30,
            np.stack([rows / self.size[0], columns / self.size[1]], axis=1) * 4 - 2,
            named,
            self.shares[self.regions.ravel()[places] + 1],
        ]
        if self.encoded is not None:
            parts.append(self.encoded.at(places))
        return np.concatenate(parts, axis=1, dtype=np.float32)


def grid(size: tuple[int, int], step: int) -> Int64[np.ndarray, " n"]:
    """Flat indices of every `step`-th pixel in both directions, from half a step on."""
    rows, columns = (np.arange(step // 2, side, step) if side > step // 2 else np.array([0]) for side in size)
    return (rows[:, None] * size[1] + columns[None]).ravel()


def moments(x: Float16[np.ndarray, "n d"]) -> tuple[Float32[np.ndarray, " d"], Float32[np.ndarray, " d"]]:
    """Mean and standard deviation of each column, some columns at a time: as numbers of 32 bits the rows take twice the memory."""
    means, deviations = [], []
    for start in range(0, x.shape[1], COLUMNS):
        part = x[:, start : start + COLUMNS].astype(np.float32)
        means.append(part.mean(axis=0))
        deviations.append(part.std(axis=0))
    return np.concatenate(means), np.concatenate(deviations)


def taught(
    x: Float16[np.ndarray, "n d"],
    y: UInt8[np.ndarray, " n"],
    classes: int,
    steps: int,
    batch: int,
    rate: float,
    own: int,
    seed: int,
) -> Classifier:
    """Train on rows x with classes y; of the inputs all behind the first `own` are standardised. Equal input gives equal bytes."""
    import torch  # here, so that rounds without this method do not load it
    from torch import nn

    mean, deviation = np.zeros(x.shape[1], np.float32), np.ones(x.shape[1], np.float32)
    if own < x.shape[1]:
        mean[own:], deviation[own:] = moments(x[:, own:])
        deviation[own:] = np.maximum(deviation[own:], 1e-3)
    counts = np.bincount(y, minlength=classes)
    weights = np.where(counts, (counts + RARE) ** -0.5, 0).astype(np.float32)
    rng, threads = np.random.default_rng(seed), torch.get_num_threads()
    torch.set_num_threads(1)  # sums of several threads may differ in the last bit
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            widths = (x.shape[1], HIDDEN, HIDDEN, classes)
            linear = [nn.Linear(a, b) for a, b in zip(widths, widths[1:], strict=False)]
            network = nn.Sequential(
                *(layer for one in linear[:-1] for layer in (one, nn.ReLU(), nn.Dropout(DROPOUT))), linear[-1]
            )
            loss = nn.CrossEntropyLoss(torch.from_numpy(weights))
            optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=DECAY, fused=True)
            schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
            for _ in range(steps):
                some = rng.integers(len(y), size=batch)
                rows, named = (x[some] - mean) / deviation, y[some].astype(np.int64)
                optimizer.zero_grad()
                loss(network(torch.from_numpy(rows)), torch.from_numpy(named)).backward()
                optimizer.step()
                schedule.step()
    finally:
        torch.set_num_threads(threads)
    layers = [(one.weight.detach().numpy().T.copy(), one.bias.detach().numpy().copy()) for one in linear]
    return Classifier(mean, deviation, layers)
