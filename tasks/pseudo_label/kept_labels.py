"""First labels of images kept ready for the output, in .work/pseudo_label: an unchanged image is neither decoded nor encoded again.

For labellers that look at one image at a time and run no model (given, blank, multi_otsu); what models predict is kept by _model.py. The
key of an image is the digest of its pixels (samples.csv), the length of its file, the bytes of its mask's file and the packed bytes
of its regions, and in the folder's name settings, code, libraries, classes and colours.
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from segmend.images.dataset import Dataset, Labels, Sample
from segmend.images.parallel import map_images
from segmend.images.rasters import Maps
from segmend.images.regions import class_counts, majority
from segmend.stage.cache import Cache, Part, code_digest, write_whole

HEAD = 257  # int64 at the head of a file: regions, and the pixels by label


class Ready(NamedTuple):
    """One image's result."""

    picture: bytes  # the label map's file as it stands in the output
    pixels: Int64[np.ndarray, "256"]  # by label
    majority: UInt8[np.ndarray, " k"]
    confidence: Float64[np.ndarray, " k"]

    def write(self, path: Path) -> None:
        head = np.array([len(self.majority), *self.pixels], np.int64).tobytes()
        content = head + self.confidence.tobytes() + self.majority.tobytes() + self.picture
        write_whole(path, lambda file: file.write(content))


def read(path: Path) -> Ready:
    """What `Ready.write` wrote; this use makes it the last to be removed."""
    path.touch()
    content = path.read_bytes()
    count, *pixels = np.frombuffer(content, np.int64, HEAD).tolist()
    confidence = np.frombuffer(content, np.float64, count, offset=8 * HEAD)
    begin = 8 * HEAD + 8 * count
    most = np.frombuffer(content, np.uint8, count, offset=begin)
    return Ready(content[begin + count :], np.array(pixels, np.int64), most, confidence)


class KeptLabels:
    """The folder of one labeller with one set of settings; sent to workers as it is."""

    def __init__(self, labeller: Any, data: Dataset, regions: Maps, out: Labels):
        self.labeller, self.data, self.regions, self.out = labeller, data, regions, out
        libraries = [f"{name} {version(name)}" for name in ("numpy", "scipy", "scikit-image", "pillow")]
        look = [repr(data.classes), repr(data.card.palette)]
        code = code_digest("tasks.pseudo_label.kept_labels") + code_digest(type(labeller).__module__)
        self.cache = Cache("pseudo_label", ["ready", labeller.model_dump_json(), code, *libraries, *look])

    def path(self, sample: Sample, cells: str) -> Path:
        """Where the result of an image is kept; `cells` is the digest of its packed regions."""
        mask = self.data.folder / "masks" / f"{sample.id}.png"
        size = (self.data.folder / "images" / f"{sample.id}.png").stat().st_size
        parts: list[Part] = [f"{sample.image_sha256} {size}", mask.read_bytes() if mask.is_file() else None, cells]
        return self.cache.path(parts).with_suffix(".labels")

    def make(self, work: tuple[Sample, Path]) -> Ready:
        """The result of one image, which is kept in the file given; its label map stands in the output."""
        sample, path = work
        name, data = sample.id, self.data
        mask, cells = data.mask(name) if data.has_mask(name) else None, self.regions[name]
        labels, sure = self.labeller(data.image(name), mask, cells, data.classes)
        most = majority(class_counts(labels, cells, len(data.classes)))[0].astype(np.uint8)
        self.out.write(name, labels, data.card)
        pixels = np.bincount(labels.ravel(), minlength=256)
        made = Ready(self.out.path(name).read_bytes(), pixels, most, np.asarray(sure, np.float64))
        made.write(path)
        return made

    def all(self, samples: Sequence[Sample]) -> Iterator[Ready]:
        """The results in order, those that are kept read, others made by the workers; every label map stands in the output."""
        digests = self.regions.digests()
        paths = [self.path(sample, digests[sample.id]) for sample in samples]
        new = [(sample, path) for sample, path in zip(samples, paths, strict=True) if not path.is_file()]
        fresh = {path for _, path in new}
        results = map_images(self.make, new, "first labels")
        for sample, path in zip(samples, paths, strict=True):
            if path in fresh:
                yield next(results)
                continue
            done = read(path)
            target = self.out.path(sample.id)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(done.picture)
            yield done
        assert next(results, None) is None  # it ends with its progress bar
        self.cache.trim()
