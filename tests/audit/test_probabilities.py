"""Probabilities from files, in every form that is read; what is none is refused by name."""

import numpy as np
import pytest
from PIL import Image

from segmend.images.dataset import Sample
from tasks.audit.probabilities import Files

CLASSES = ("road", "sky", "car")
SAMPLE = Sample("a/x", "train", 4, 5, "", "")


@pytest.fixture
def values():
    return np.random.default_rng(0).dirichlet(np.ones(3), (4, 5)).transpose(2, 0, 1).astype(np.float32)


def read(folder):
    return Files(folder, CLASSES).read(SAMPLE)


@pytest.mark.parametrize("form", ["npz", "named", "npy", "last", "half"])
def test_arrays(tmp_path, values, form):
    (tmp_path / "a").mkdir()
    if form == "npz":
        np.savez_compressed(tmp_path / "a/x.npz", values)
    elif form == "named":
        np.savez(tmp_path / "a/x.npz", probabilities=values, other=np.zeros(2))
    else:
        stored = (
            np.moveaxis(values, 0, 2) if form == "last" else values.astype(np.float16) if form == "half" else values
        )
        np.save(tmp_path / "a/x.npy", stored)
    found = read(tmp_path)
    assert found.dtype == np.float32 and np.allclose(found, values, atol=1e-3 if form == "half" else 0)


@pytest.mark.parametrize(("kind", "most"), [(np.uint8, 255), (np.uint16, 65535)])
def test_a_picture_a_class(tmp_path, values, kind, most):
    folder = tmp_path / "a/x"
    folder.mkdir(parents=True)
    for name, layer in zip(("road", "1", "car"), values, strict=True):
        Image.fromarray((layer * most).round().astype(kind)).save(folder / f"{name}.png")
    found = read(tmp_path)
    assert np.allclose(found, values, atol=3 / most) and np.allclose(found.sum(0), 1)
    (folder / "car.png").unlink()
    with pytest.raises(ValueError, match=r"no picture of the class car: car.png or 2.png"):
        read(tmp_path)


def test_what_is_refused(tmp_path, values):
    (tmp_path / "a").mkdir()
    path = tmp_path / "a/x.npy"
    with pytest.raises(ValueError, match="has no probabilities of a/x"):
        Files(tmp_path, CLASSES).check([SAMPLE])
    with pytest.raises(ValueError, match="no such folder"):
        Files(tmp_path / "none", CLASSES)
    for wrong, words in (
        (values[:2], "3 classes, 4 rows, 5 columns"),
        (np.log(values), "apply softmax"),
        (values * 2, "sum to 2 to 2"),
        (np.full_like(values, np.nan), "go from nan"),
    ):
        np.save(path, wrong)
        with pytest.raises(ValueError, match=words):
            read(tmp_path)
    path.unlink()
    np.savez(tmp_path / "a/x.npz", one=values, two=values)
    with pytest.raises(ValueError, match="one named probabilities is expected"):
        read(tmp_path)
    (tmp_path / "a/x.npz").write_bytes(b"no zip")
    with pytest.raises(ValueError, match="x.npz"):
        read(tmp_path)
