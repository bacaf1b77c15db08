"""The report on a toy workspace: one file that stands alone, the same bytes every time, names that are escaped."""

from functools import cache
from html.parser import HTMLParser
from json import dumps, loads
from pathlib import Path
from re import findall, sub

import numpy as np
import pytest

from segmend.answers import history
from segmend.answers.forecasts import Forecast
from segmend.images.rasters import UNLABELLED, VOID
from tasks.evaluate.__main__ import evaluate
from tasks.evaluate.settings import Params as EvaluateParams
from tasks.report import figures, tables
from tasks.report.__main__ import report
from tasks.report.label_changes import Change, masks, most_changed
from tasks.report.settings import Params
from tests import toys


class Page(HTMLParser):
    """The tags of a page, and whether each that is opened is closed."""

    void = {"meta", "img", "br", "link", "input", "hr"}

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == [], self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text += data

    def of(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setenv("SEGMEND_WORKERS", "1")


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A toy workspace with two evaluated rounds, by which splits have truth."""
    made: dict[tuple[str, ...], Path] = {}

    def make(*truth: str) -> Path:
        if truth not in made:
            made[truth] = toys.rounds(tmp_path_factory.mktemp("toy"), truth)
            for k in range(2):
                evaluate.stage(EvaluateParams(), 0, **toys.evaluate_paths(made[truth], k))
        return made[truth]

    return make


def paths(root: Path, last: str = "r1") -> dict:
    return {
        "dataset": root / "dataset",
        "truth": root / "truth",
        "first": root / "labels/r0",
        "labels": root / "labels" / last,
        "scores": root / "scores" / last,
        "out": root / "report",
    }


@cache
def reported(root: Path, last: str = "r1", **settings) -> tuple[dict, str, Page]:
    """The stage's metrics, and its page as text and parsed; most tests read the same page."""
    numbers = report.stage(Params(**settings), 0, **paths(root, last))
    text = (root / "report/index.html").read_text(encoding="utf-8")
    return numbers, text, Page(text)


def test_page_stands_alone(scored):
    _, text, page = reported(scored("train", "val", "test"))
    assert not findall(r"(?i)\w*:?//", sub(r'"data:image/[^"]*"', "", text))
    assert not page.of("script") and not page.of("link")
    assert all(image["src"].startswith("data:image/") for image in page.of("img"))
    assert "url(" not in text.replace("url(#", "")
    assert len(text) < 3_000_000


def test_page_is_accessible(scored):
    _, text, page = reported(scored("train", "val", "test"))
    assert page.of("html") == [{"lang": "en"}]
    assert len(page.of("img")) >= 20 and all(image["alt"] for image in page.of("img"))
    assert len(page.of("svg")) == 2
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in page.of("svg"))
    assert all("scope" in head for head in page.of("th"))
    assert "prefers-color-scheme: dark" in text and "@media print" in text
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    markers = [name for name in names if name.startswith("m") and any(c.isdigit() for c in name)]
    assert len(set(names) - set(markers)) == len(names) - len(markers)


def test_names_are_escaped(scored):
    _, text, page = reported(scored("train", "val", "test"))
    assert "<b>" not in text.replace("<b>a/", "").replace("<b>c/", "")
    assert "disk &lt;b&gt;" in text and "disk <b>" in page.text
    assert "ada &lt;i&gt;" in text and "<i>" not in text
    assert "Toy data &amp; nothing else." in text


def test_page_shows_the_numbers(scored):
    root = scored("train", "val", "test")
    numbers, _, page = reported(root)
    # Ten of twenty wrong pixels of each of the three train images were mended.
    expected = {"rounds": 1, "clicks": 3.5, "answers": 3, "changed_pixels": 30, "fixed_pixels": 30, "broken_pixels": 0}
    assert numbers == expected
    rounds = loads((root / "scores/r1/rounds.json").read_text())
    assert f"{rounds[1]['data_miou']:.3f}" in page.text and f"{rounds[1]['model_miou']:.3f}" in page.text
    assert "10 pixels changed: 10 fixed, 0 broken, 0 still wrong; 10 wrong and not touched" in page.text
    assert "60 at the start, −50" in page.text
    for section in ("Rounds", "Classes", "Labels before and after", "The network of r1", "Questions and answers"):
        assert section in page.text


def test_without_truth(scored):
    numbers, _, page = reported(scored())
    assert numbers["changed_pixels"] == 30 and numbers["fixed_pixels"] is None
    assert "What to do next" in page.text
    assert "The labels have no score: no image of the train split has truth." in page.text
    assert "The network has no score: no image of the test split has truth." in page.text
    assert "Most uncertain images" in page.text and "Worst images" not in page.text
    assert not page.of("svg")
    assert "truth" not in {line.strip() for line in page.text.split("\n")}  # no empty column of pictures


def test_before_the_first_question(scored):
    numbers, _, page = reported(scored("train", "val", "test"), last="r0")
    assert numbers["rounds"] == 0 and numbers["changed_pixels"] == 0
    assert "No answers so far." in page.text and "What to do next" in page.text


def test_pictures_can_be_left_out(scored):
    _, _, page = reported(scored("train", "val", "test"), pictures=0)
    assert "First labels" not in "".join(image["alt"] for image in page.of("img"))


def test_equal_input_gives_equal_bytes(scored, monkeypatch):
    root = scored("train", "val", "test")

    def made() -> dict[str, bytes]:
        report.stage(Params(), 0, **paths(root))
        return {path.name: path.read_bytes() for path in (root / "report").iterdir()}

    first = made()
    monkeypatch.setenv("SEGMEND_WORKERS", "2")
    assert made() == first
    assert set(first) == {"index.html", "rounds.svg", "calibration.svg"}


def test_masks_by_hand():
    truth = np.array([[0, 0, 1, 1, 1, VOID, 0]], np.uint8)
    first = np.array([[1, 0, 0, 0, 0, 0, UNLABELLED]], np.uint8)
    last = np.array([[0, 1, 2, 0, 0, 1, 0]], np.uint8)
    pixels = {name: mask.ravel().nonzero()[0].tolist() for name, mask in masks(first, last, truth).items()}
    assert pixels == {"changed": [0, 1, 2, 5, 6], "fixed": [0, 6], "broken": [1], "other": [2], "left": [3, 4]}
    assert list(masks(first, last, None)) == ["changed"]


def test_most_changed_first_then_most_wrong():
    changes = {"a": Change(changed=1), "b": Change(changed=3), "c": Change(changed=3)}
    assert most_changed(changes, 2) == ["b", "c"]
    assert most_changed({"a": Change(left=1), "b": Change(left=2)}, 2) == ["b", "a"]


def test_answers_by_hand():
    rows = [
        {"who": "ada", "kind": "confirm", "shown": "x", "answer": "x", "changed": 0, "clicks": 1, "seconds": 30},
        {"who": "ada", "kind": "class", "shown": "x", "answer": "y", "changed": 9, "clicks": 2, "seconds": None},
        {"who": "bob", "kind": "skip", "shown": None, "answer": None, "changed": 0, "clicks": None, "seconds": 90},
    ]
    ada, bob = tables.answer_counts(rows, "who")
    cost = {"changed": 9, "clicks": 3, "minutes": 0.5}
    assert ada == {"name": "ada", "answers": 2, "right": 1, "other": 1, "skipped": 0, "instead": "y", **cost}
    assert (bob["skipped"], bob["clicks"], bob["minutes"]) == (1, 0, 1.5)
    assert [row["name"] for row in tables.answer_counts(rows, "shown")] == ["x", "(unlabelled)"]


def test_rounds_without_answers_are_named():
    rounds = [{"round": "r0"}, {"round": "r1"}, {"round": "r2"}]
    (step,) = tables.next_steps(rounds, [{"round": "r1"}], [])
    assert step.startswith("No answers were applied in r2.")


def test_curve_needs_two_scores():
    row = {"round": "r0", "clicks": 0, "data_miou": 0.5, "model_miou": None, "wrong_pixels": 5}
    assert figures.curve([row]) is None
    drawn = figures.curve([row, {**row, "round": "r1", "clicks": 7}])
    assert drawn is not None and "labels (train split)" in drawn and "network (test split)" not in drawn


def test_curve_has_a_line_for_coverage_where_it_is_known():
    row = {"round": "r0", "clicks": 0, "data_miou": 0.5, "model_miou": None, "wrong_pixels": 5, "coverage": 0.6}
    drawn = figures.curve([row, {**row, "round": "r1", "clicks": 7, "coverage": 0.8}])
    assert drawn is not None and drawn.count(">coverage<") == 1
    without = figures.curve([row, {**row, "round": "r1", "clicks": 7, "coverage": None}])
    assert without is not None and ">coverage<" not in without


def test_the_forecast_and_what_came_of_it(scored):
    _, _, page = reported(scored("train", "val", "test"))
    assert "Was the forecast right?" in page.text and "an answer fixed on the mean: 9.3 in r1." in page.text
    assert "segmend rounds 2" in page.text and "ceiling" in page.text
    assert "7 pixels of the last round's labels were mended by what the answers taught" in page.text
    _, _, blind = reported(scored())
    assert "an answer changed on the mean: 10.0 in r1" in blind.text and "answer fixed" not in blind.text


def test_people_who_were_compared(scored):
    root = scored("train", "val", "test")
    path = root / "labels/r1/people.json"
    person = {
        "who": "ada & <co>",
        "answers": 7,
        "skipped": 1,
        "clicks": 7.0,
        "seconds": 9.0,
        "compared": 5,
        "agreement": 0.8,
    }
    alone = person | {
        "who": "ben",
        "compared": 0,
        "agreement": None,
        "gold": None,
        "reliability": None,
        "low": None,
        "high": None,
    }
    path.write_text(dumps([person | {"gold": None, "reliability": 0.91, "low": 0.55, "high": 0.99}, alone]))
    try:
        text = (
            reported.__wrapped__(root)[2]
            .text.replace("\N{NARROW NO-BREAK SPACE}", " ")
            .replace("\N{NO-BREAK SPACE}", " ")
        )
        assert all(part in text for part in ("ada & <co>", "91.0 %", "55.0 % to 99.0 %"))
        path.write_text(dumps([alone]))
        assert "estimated reliability" not in reported.__wrapped__(root)[2].text
    finally:
        path.unlink()


def test_when_to_stop():
    rows = [
        Forecast(round=f"r{k}", questions=9, expected=5, answered=9, changed=n)
        for k, n in ((1, 90), (2, 36), (3, 9), (4, 18))
    ]
    assert "4.0 in r2, 1.0 in r3, 2.0 in r4" in tables.more_questions(rows)
    assert "segmend rounds 5" in tables.more_questions(rows) and "stop" not in tables.more_questions(rows)
    assert "an answer changed on the mean" in tables.more_questions(rows)
    scored = [row.model_copy(update={"fixed": 18}) for row in rows[:2]]
    assert "an answer fixed on the mean: 2.0 in r1, 2.0 in r2" in tables.more_questions(scored)
    mixed = tables.more_questions([scored[0], rows[1]])
    assert "changed on the mean: 10.0 in r1, 4.0 in r2" in mixed  # one measure for all
    few = rows[0].model_copy(update={"fixed": 8})  # of 90 changed pixels, 8 more were fixed than broken
    assert "0.9 in r1. Less than a pixel an answer: this is a good place to stop." in tables.more_questions([few])
    assert tables.more_questions([few.model_copy(update={"answered": 0})]).endswith("segmend next.")


def test_command_line(scored, tmp_path, monkeypatch):
    root = scored("train", "val", "test")
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("seed: 0\nreport: {pictures: 1}\n")
    words = [word for name, value in paths(root).items() for word in (f"--{name}", str(value))]
    assert report([*words, "--metrics", "m.json", "--report", "r.json"]) == 0
    assert loads(Path("m.json").read_text())["fixed_pixels"] == 30


def test_a_missing_history_is_named(scored):
    root = scored("train", "val", "test")
    assert history.answers(history.read(root / "labels/r1")).num_rows == 3
    with pytest.raises(ValueError, match="history.parquet is missing"):
        report.stage(Params(), 0, **{**paths(root), "labels": root / "dataset"})
