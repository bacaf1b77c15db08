"""The figure of early learning."""

import pytest

from tasks.evaluate.__main__ import evaluate
from tasks.evaluate.settings import Params as EvaluateParams
from tasks.report.__main__ import report
from tasks.report.early_learning import MOST, memorisation
from tasks.report.settings import Params
from tests import toys
from tests.evaluate.test_early_learning import watched


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    for name, value in (("PRECISION", "fp32"), ("WORKERS", "1"), ("DEVICE", "cpu")):
        monkeypatch.setenv(f"SEGMEND_{name}", value)


def rows(epochs: int, classes: int) -> list[dict[str, str]]:
    return [
        {
            "epoch": str(e),
            "class": name,
            "wrong_pixels": str(pixels),
            "right": "0.5",
            "memorised": "0.25",
            "other": "0.25",
        }
        for e in range(1, epochs + 1)
        for name, pixels in [("", 1000), *((f"class {k}", 100 - k) for k in range(classes))]
    ]


def test_one_small_figure_a_class_and_one_for_all():
    drawn = memorisation(rows(4, 3))
    assert drawn == memorisation(rows(4, 3))
    for title in ("all classes: 1,000", "class 0: 100", "class 2: 98", "turned right", "memorised"):
        assert title in drawn
    assert "all classes" not in memorisation(rows(4, 1))  # one class alone is all


def test_of_many_classes_those_with_the_most_wrong_pixels():
    drawn = memorisation(rows(3, 30))
    assert f"class {MOST - 1}: " in drawn and f"class {MOST}: " not in drawn


def test_one_epoch_is_no_line():
    assert memorisation(rows(1, 2)) is None and memorisation([]) is None


def test_the_page_shows_it(tmp_path):
    root = toys.rounds(tmp_path)
    watched(root)
    evaluate.stage(EvaluateParams(), 0, **toys.evaluate_paths(root, 0))
    names = {"dataset": "dataset", "truth": "truth", "first": "labels/r0", "labels": "labels/r0", "scores": "scores/r0"}
    report.stage(Params(), 0, **{name: root / path for name, path in names.items()}, out=root / "report")
    page = (root / "report/index.html").read_text()
    assert "What wrong labels did to it" in page and "most were right after epoch 1 (100.0" in page
    assert (root / "report/early_learning.svg").is_file()
