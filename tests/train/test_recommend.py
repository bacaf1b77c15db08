"""The noise that is estimated is the noise that was planted, and each kind of labels gets its recipe."""

from json import loads
from pathlib import Path
from statistics import mean

import numpy as np
import pytest
from ruamel.yaml import YAML

from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import UNLABELLED
from segmend.stage.params import validated
from tasks.train.recommend import BORDER, CLEAR, DICE, OBJECTS, Noise, choose, estimate, main, small_loss
from tasks.train.settings import Params
from tests.toys import shapes
from tests.train.runs import quick, run


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        root = shapes(tmp_path_factory.mktemp("toys"), val=6)
        patch.chdir(root)
        patch.setenv("SEGMEND_WORKERS", "1")
        patch.setenv("SEGMEND_PRECISION", "fp32")
        crop = [{"name": "flip"}, {"name": "crop", "crop": {"height": 32, "width": 32}}]
        network, adamw = {"name": "unet", "unet": {"widths": [8, 16]}}, {"name": "adamw", "adamw": {"lr": 0.02}}
        run(root, quick(network=network, epochs=20, augmentations=crop, optimizer=adamw))
    return root


def with_mistakes(root, place, change) -> Labels:
    """The val split's labels, changed."""
    dataset, right, wrong = Dataset(root / "dataset"), Labels(root / "labels"), Labels(place)
    for number, sample in enumerate(dataset.of("val")):
        wrong.write(sample.id, change(right[sample.id].copy(), number), dataset.card)
    return wrong


def swapped(labels: np.ndarray, number: int) -> np.ndarray:
    if number % 2:
        labels[labels == 2] = 1
    return labels


def thick(labels: np.ndarray, number: int) -> np.ndarray:
    """Squares a pixel too wide on each side."""
    square = labels == 2
    wide = square.copy()
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        wide |= np.roll(square, step, axis)
    labels[wide & (labels < UNLABELLED)] = 2
    return labels


def test_swapped_objects_are_found_by_class_and_kind(toy, tmp_path):
    noise = estimate(Dataset(toy / "dataset"), with_mistakes(toy, tmp_path, swapped), toy / "models/r0")
    planted = [swapped_share(toy, k) for k in range(6)]
    assert noise.rate == pytest.approx(np.mean(planted), abs=0.03)
    assert noise.objects > 3 * noise.border
    assert noise.by_class["disc"] > 0.1 > noise.by_class["square"]
    assert noise.images == 6


def swapped_share(toy, number: int) -> float:
    dataset, labels = Dataset(toy / "dataset"), Labels(toy / "labels")
    sample = list(dataset.of("val"))[number]
    right = labels[sample.id]
    return float((swapped(right.copy(), number) != right).sum() / (right < UNLABELLED).sum())


def test_wide_objects_are_mistakes_of_the_border(toy, tmp_path):
    noise = estimate(Dataset(toy / "dataset"), with_mistakes(toy, tmp_path, thick), toy / "models/r0")
    assert noise.border > 2 * noise.objects
    assert noise.rate > 0.01


def test_right_labels_look_right_and_want_nothing_special(toy):
    noise = estimate(Dataset(toy / "dataset"), Labels(toy / "labels"), toy / "models/r0")
    assert noise.rate < 0.02
    assert CLEAR in choose(noise).reason


@pytest.mark.parametrize(
    ("border", "objects", "words"), [(0.2, 0.1, BORDER), (0.05, 0.25, OBJECTS), (0.01, 0.005, CLEAR)]
)
def test_the_recipe_is_in_order_and_gives_its_reason(border, objects, words):
    recipe = choose(Noise(border + objects, border, objects, {}, 3))
    assert f"{border + objects:.1%} looks wrong, {words} " in recipe.reason
    assert ("segmend next" in recipe.reason) == (border + objects >= 0.1)
    assert validated(Params, recipe.changes, "train").loss.name == "dice"
    assert recipe.changes == DICE


def test_the_words_are_those_of_the_table():
    """What CLEAR, BORDER and OBJECTS say of Dice against cross entropy. Where this fails, mend the words."""
    claims = loads((Path(__file__).parents[2] / "benchmarks/results/noise.json").read_text())["claims"]
    rows = [(*one["text"].split(":")[0].split(", "), one["value"], one["spread"]) for one in claims]
    gain = {word: [row[3:] for row in rows if word in row] for word in ("border", "objects", "easy")}
    assert all(value >= -spread for some in gain.values() for value, spread in some)  # never lost beyond the spread
    assert mean(value for value, _ in gain["border"]) > mean(value for value, _ in gain["objects"]) > 0
    assert any(value <= spread for value, spread in gain["objects"])  # sometimes no more than the spread


def test_the_line_for_small_loss_can_be_pasted():
    line = small_loss(Noise(0.1, 0.05, 0.05, {"ground": 0.01234, "disc": None, "square": 1.0}, 3))
    assert line == "selection: {name: small_loss, small_loss: {rates: [0.012, 0.000, 0.900]}}"
    selection = validated(Params, YAML(typ="safe").load(line), "train").selection
    assert selection.build(3).rates.tolist() == pytest.approx([0.012, 0, 0.9])


def test_without_labels_nothing_is_said(toy, tmp_path):
    blank = with_mistakes(toy, tmp_path, lambda labels, _: np.full_like(labels, UNLABELLED))
    with pytest.raises(ValueError, match="no pixel of the val split"):
        estimate(Dataset(toy / "dataset"), blank, toy / "models/r0")


def test_the_command_writes_what_it_found_and_a_mistake_is_one_sentence(toy, tmp_path, monkeypatch, capsys):
    words = [
        "recommend",
        "--dataset",
        "dataset",
        "--labels",
        "labels",
        "--model",
        "models/r0",
        "--out",
        str(tmp_path / "x/found.json"),
    ]
    monkeypatch.chdir(toy)
    monkeypatch.setattr("sys.argv", words)
    assert main() == 0
    found = loads((tmp_path / "x/found.json").read_text())
    assert set(found["noise"]["by_class"]) == {"ground", "disc", "square"} and found["recipe"]["changes"] == DICE
    assert YAML(typ="safe").load(found["small_loss"])["selection"]["name"] == "small_loss"
    monkeypatch.setattr("sys.argv", [*words[:5], "--model", "models/none"])
    assert main() == 2
    assert "run the stage train" in capsys.readouterr().err
