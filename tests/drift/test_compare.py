"""Planted shifts of real images are found, none is where there is none, and the page and the file say so."""

import json
from pathlib import Path

import numpy as np
import pytest

from segmend.images.dataset import Dataset
from tasks.drift.compare import compare, judged, verdict
from tasks.drift.measures import Measured
from tasks.drift.settings import Params
from tests.toys import SHAPE_CARD, Drawn, draw_shapes, write_dataset


def dataset(
    root: Path, seed: int, count: int, old: list[Drawn], change=lambda image: image
) -> tuple[Dataset, list[Drawn]]:
    """The old images and so many new ones, changed."""
    random, drawn = np.random.default_rng(seed), list(old)
    for k in range(count):
        image, mask = draw_shapes(random, 33, 41)
        drawn.append(Drawn(f"{seed}/{k:02d}", "test" if k % 4 == 0 else "train", change(image), mask))
    return write_dataset(root, SHAPE_CARD, drawn), drawn


def brighter(image: np.ndarray) -> np.ndarray:
    return np.clip(image.astype(int) + 40, 0, 255).astype(np.uint8)


def blurred(image: np.ndarray) -> np.ndarray:
    return np.mean([np.roll(image, (a, b), (0, 1)) for a in range(3) for b in range(3)], axis=0).astype(np.uint8)


@pytest.fixture(scope="module")
def promoted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, list[Drawn]]:
    return dataset(tmp_path_factory.mktemp("promoted"), 1, 16, [])


@pytest.mark.parametrize(
    "change, measure", [(brighter, "brightness higher"), (blurred, "looks of the images"), (None, "")]
)
def test_what_was_planted_is_found(change, measure: str, promoted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    before, drawn = promoted
    now, _ = dataset(tmp_path / "now", 2, 8, drawn, change or (lambda image: image))
    found = compare(Params(), now, before, None, tmp_path / "out", 0)
    assert found.new == 8 and found.gone == 0 and found.drifted == bool(change)
    content = json.loads((tmp_path / "out/drift.json").read_text())
    assert content["sentence"] == found.sentence and measure in found.sentence
    page = (tmp_path / "out/index.html").read_text()
    assert page.count("<figure>") == 8 + 12 and ('class="bad">The 8 new' in page) == bool(change)


def test_the_same_images_are_not_compared(promoted, tmp_path: Path):
    before, _ = promoted
    found = compare(Params(), before, before, None, tmp_path / "out", 0)
    assert not found.drifted and found.new == 0 and "too few to compare" in found.sentence
    other = write_dataset(tmp_path / "o", SHAPE_CARD.model_copy(update={"classes": ("ground", "disc", "moon")}), [])
    with pytest.raises(ValueError, match="the classes are ground, disc, moon"):
        compare(Params(), other, before, None, tmp_path / "out", 0)


def test_a_shift_that_is_sure_but_small_is_only_shown():
    random = np.random.default_rng(0)
    measured = Measured("looks", ("brightness",), random.normal(0.3, 1, (600, 1)), random.normal(0, 1, (600, 1)))
    row = judged(measured, Params(), 1, 0)
    assert row.shift is not None and row.shift.p < 0.01 and not row.drifted
    assert judged(measured, Params(shift=0.1), 1, 0).drifted
    few = Measured("looks", ("brightness",), np.ones((1, 1)), np.ones((20, 1)))
    assert "not compared: 1 new" in verdict([few], 1, 0, Params(), 0).rows[0].sentence


def test_too_few_divisions_for_the_confidence_are_refused():
    """With them nothing could ever drift; with as many as are asked for, what is far off does."""
    with pytest.raises(ValueError, match="draws is 1000: a confidence of 0.998 needs 1999 at least"):
        Params(confidence=0.998)
    far = Measured("looks", ("brightness",), np.arange(20.0)[:, None] + 99, np.arange(20.0)[:, None])
    assert verdict([far] * 4, 20, 0, Params(confidence=0.998, draws=1999), 0).drifted
