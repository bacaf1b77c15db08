"""What one 2-megapixel image costs in each kind of per-image work: the figures that docs/scale.md multiplies.

python -m benchmarks.scale

Images of 1024 x 2048 pixels of smooth random fields with 19 classes, three seeds; CPU seconds of one thread (time.process_time), so that
other work on the machine matters little.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

import numpy as np
import torch

from segmend.images.dataset import Card
from segmend.images.rasters import read_image, read_labels, write_labels, write_maps
from segmend.images.regions import class_counts, mean_by_region
from segmend.metrics.confusion import Confusion
from segmend.network import segmenter
from segmend.network.architectures.unet import UNet
from segmend.network.features import Encoder
from segmend.network.inference import Predictor
from tasks.superpixelize.methods.slic import Slic
from tests.toys import save

RESULTS = Path(__file__).parent / "results"
SIZE, CLASSES, SEEDS = (1024, 2048), 19, 3
PALETTE = [[k * 13 % 256, k * 29 % 256, k * 47 % 256] for k in range(CLASSES)]
CARD = Card(
    name="scale", classes=tuple(f"c{k}" for k in range(CLASSES)), colours=tuple(map(tuple, PALETTE)), mean=(0.5,) * 3, deviation=(0.25,) * 3
)  # fmt: skip


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """An image (h, w, 3) with texture and its labels (h, w)."""
    random = np.random.default_rng(seed)
    coarse = random.random((16, 32))
    fine = np.kron(coarse, np.ones((64, 64)))
    labels = (fine * CLASSES).astype(np.uint8).clip(0, CLASSES - 1)
    image = 255 * fine[..., None] * (0.6, 0.8, 1.0) + random.normal(0, 12, (*SIZE, 3))
    return image.clip(0, 255).astype(np.uint8), labels


def works(image: np.ndarray, labels: np.ndarray, folder: Path) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """(stage, what, call) of each kind of work, in the order in which a run does it."""
    save(image, folder / "image.png")
    write_labels(folder / "labels.png", labels, PALETTE)
    slic = Slic(regions=2000)
    regions = slic(image, np.ones(SIZE, bool))
    network = UNet()
    segmenter.save(folder / "network", segmenter.build(network, CLASSES), network, CARD)
    predictor, encoder = Predictor(folder / "network"), Encoder()
    probabilities = predictor(image)
    yield "ingest", "decode an image", lambda: read_image(folder / "image.png")
    yield "ingest", "write it as PNG", lambda: save(image, folder / "again.png")
    yield "ingest, correct", "write a label map", lambda: write_labels(folder / "again_labels.png", labels, PALETTE)
    yield "all", "read a label map", lambda: read_labels(folder / "labels.png")
    yield "superpixelize", "slic, 2,000 regions", lambda: slic(image, np.ones(SIZE, bool))
    yield "superpixelize", "write a region map", lambda: write_maps(folder / "maps", [("a", regions)], 1)
    yield "query, evaluate", "predict (default U-Net)", lambda: predictor(image)
    yield "query", "mean probabilities of its regions", lambda: mean_by_region(probabilities, regions)
    yield "pseudo_label, correct", "count classes in its regions", lambda: class_counts(labels, regions, CLASSES)
    yield "evaluate", "confusion matrix", lambda: Confusion(CLASSES).update(labels, labels)
    yield "correct, drift", "features (EfficientNet-Lite0)", lambda: encoder.quantised(image)


def main() -> None:
    torch.set_num_threads(1)
    seconds: dict[tuple[str, str], list[float]] = {}
    sizes: dict[str, list[int]] = {}
    for seed in range(SEEDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for stage, what, call in works(*drawn(seed), folder):
                begin = process_time()
                call()
                seconds.setdefault((stage, what), []).append(process_time() - begin)
            for title, file in (("image", "image.png"), ("label map", "labels.png"), ("region map", "maps/0.npz")):
                sizes.setdefault(title, []).append((folder / file).stat().st_size)
    lines = ["# What does one 2-megapixel image cost?", "", (__doc__ or "").split("\n\n", 1)[1].strip(), ""]
    lines += ["| stage | work | CPU seconds, mean | each seed |", "|---|---|---|---|"]
    for (stage, what), took in seconds.items():
        lines.append(f"| {stage} | {what} | {np.mean(took):.3f} | {', '.join(f'{t:.3f}' for t in took)} |")
    lines += [
        "",
        "| file | MB, mean |",
        "|---|---|",
        *(f"| {title} | {np.mean(sizes[title]) / 1e6:.2f} |" for title in sizes),
    ]
    (RESULTS / "scale.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
