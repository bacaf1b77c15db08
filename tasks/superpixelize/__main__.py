"""Cut images into regions.

Train and val images are cut: train is where questions are asked, and both get first labels with a confidence per region.
Test images are scored pixel by pixel and need no regions. The valid area is everything but the pixels that are void in the given
mask; masks are imperfect, but void means "never ask, never score", and that must hold from the first question on.
An image without a mask is valid everywhere, a tile of an image only where it owns the pixels.
"""

from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from segmend.images.dataset import Dataset, Sample
from segmend.images.parallel import map_images
from segmend.images.rasters import VOID, pack, write_maps
from segmend.images.regions import areas
from segmend.stage.cache import Cache, Part, code_digest
from segmend.stage.command import stage
from segmend.stage.params import Method
from tasks.superpixelize import kept_cuts
from tasks.superpixelize.kept_cuts import Cut
from tasks.superpixelize.scores import Sums, scores, sums
from tasks.superpixelize.settings import Params


def cut(image: tuple[Sample, Path], *, data: Dataset, method: Any, kept: Cache, tolerance: int) -> Cut:
    """The result of one image, which is kept in the file given; its regions are looked up by the content of image and valid area."""
    sample, path = image
    done = cut_now(sample, data, method, kept, tolerance)
    done.write(path)
    return done


def cut_now(sample: Sample, data: Dataset, method: Any, kept: Cache, tolerance: int) -> Cut:
    image = data.image(sample.id)
    valid = data.mask(sample.id) != VOID if data.has_mask(sample.id) else np.ones(image.shape[:2], bool)
    if sample.id in data.tiles:
        valid = valid & data.tiles[sample.id].owned()  # also where no mask says that the rest is void
    regions = kept.get([image, np.packbits(valid)], lambda: {"regions": method(image, valid)})["regions"]
    truth = data.truth(sample.id)
    scored = Sums() if truth is None else sums(regions, truth, len(data.classes), tolerance)
    return Cut(pack(regions), areas(regions).astype(np.int64), method.asked(valid) if valid.any() else None, scored)


def key_of(method: Method) -> list[Part]:
    """What regions depend on beside the image: settings, our code, the libraries' versions."""
    libraries = [
        f"{name} {version(name)}" for name in ("numpy", "scipy", "scikit-image", "opencv-contrib-python-headless")
    ]
    return [method.model_dump_json(), code_digest(type(method).__module__), *libraries]


@stage
def superpixelize(settings: Params, seed: int, *, dataset: Path, truth: Path, out: Path) -> dict:
    """Cut the train and val images into regions."""
    data = Dataset(dataset, truth)
    samples = list(data.of("train", "val"))
    if not samples:
        raise ValueError(f"{dataset} has no train or val images to cut into regions: see the splits in samples.csv")
    key = key_of(settings.method)
    kept = Cache("superpixelize", key)
    ready = Cache(
        "superpixelize", ["ready", *key, code_digest("tasks.superpixelize.__main__"), str(settings.tolerance)]
    )
    work = partial(cut, data=data, method=settings.method, kept=kept, tolerance=settings.tolerance)
    paths = [kept_cuts.kept_path(sample, data, ready) for sample in samples]
    new = [(sample, path) for sample, path in zip(samples, paths, strict=True) if not path.is_file()]
    fresh = {path for _, path in new}
    sizes: list[np.ndarray] = []
    train, total, poor = 0, Sums(), []

    def maps():
        nonlocal train, total
        results = map_images(work, new, "superpixels")
        for sample, path in zip(samples, paths, strict=True):
            done = next(results) if path in fresh else kept_cuts.read(path)
            made = len(done.areas)
            sizes.append(done.areas)
            train += made if sample.split == "train" else 0
            total += done.sums
            if done.asked is not None and made < done.asked / 2:
                poor.append((made / done.asked, sample.id, made, done.asked))
            yield sample.id, done.packed
        assert next(results, None) is None  # it ends with its progress bar

    write_maps(out, maps(), len(samples))
    kept.trim()
    if poor:
        _, worst, made, asked = min(poor)
        raise ValueError(
            f"superpixelize: {settings.method.name} made fewer than half of the regions asked for on {len(poor)} of "
            f"{len(samples)} images; the worst is {worst} with {made} of {asked}. Smooth more (superpixelize.method."
            f"{settings.method.name}: larger sigma), raise compactness, or ask for fewer regions"
        )
    return {"images": len(samples), "train_regions": train, **size_figures(sizes), **truth_figures(total, data)}


def size_figures(sizes: list[np.ndarray]) -> dict[str, int | float]:
    """How many regions there are and how large they are."""
    every = np.concatenate(sizes)
    quantiles = np.quantile(every, [0, 0.05, 0.5, 0.95, 1]) if len(every) else np.zeros(5)
    names = ("smallest", "area_q05", "area_median", "area_q95", "largest")
    return {
        "regions": len(every),
        "regions_per_image": len(every) / len(sizes),
        **{name: float(value) for name, value in zip(names, quantiles, strict=True)},
    }


def truth_figures(total: Sums, data: Dataset) -> dict[str, float | str | None]:
    figures: dict[str, float | str | None] = dict(scores(total))
    if not total.pixels:
        figures["why_no_scores"] = "no train or val image has a known truth"
    return figures


if __name__ == "__main__":
    raise SystemExit(superpixelize())
