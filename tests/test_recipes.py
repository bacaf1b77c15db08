"""Every recipe of experiments/ runs a round on toy data, by the stages' own functions."""

from json import loads
from pathlib import Path

import pytest

from benchmarks import rounds_in_process
from segmend.answers import answers, history
from segmend.images.dataset import Dataset, Labels
from tests.pipeline import toy_settings

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]
RECIPES = sorted(path.stem for path in (ROOT / "experiments").glob("*.yaml") if not path.stem.startswith("brain"))
KINDS = {"asal": "dominant", "mulactseg": "multiclass"}


@pytest.fixture
def cells(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # Cell works in a folder of its own
    monkeypatch.setattr(rounds_in_process, "WORK", tmp_path)
    monkeypatch.setitem(rounds_in_process.DATA, "toy", toy_settings(epochs=2))
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")
    return tmp_path


@pytest.mark.parametrize("name", RECIPES)
def test_a_round(cells, name):
    cell = rounds_in_process.Cell("toy", 0, name, rounds_in_process.experiment(name))
    first, last = cell.rounds(1, "10%")
    queries = answers.read_queries(cell.place / "queries/r1")
    given = answers.read(cell.place / "labels/r1/answers.jsonl")
    assert {query.kind for query in queries} == {KINDS.get(name, "correction")}
    assert 0 < last["queries"] == len(given) <= len(queries)
    budget = loads((cell.place / "queries/r1/budget.json").read_text())
    spent = last["clicks"] if budget["unit"] == "clicks" else last["queries"]
    assert budget["allowed"] <= spent < budget["allowed"] + (1 if name != "mulactseg" else 4)
    # No click is spent on what is not asked, and what people did not touch was changed by the expansion, or not at all.
    rows = history.read(cell.place / "labels/r1").to_pylist()
    automatic = sum(row["changed"] for row in rows if row["kind"] == history.AUTO)
    before, after = Labels(cell.start / "labels/r0"), Labels(cell.place / "labels/r1")
    beyond = 0
    for sample in Dataset(cell.fixed["dataset"]).of("train"):
        moved = before[sample.id] != after[sample.id]
        for answer in given:
            if answer.image == sample.id:
                moved &= ~answers.decode(answer.footprint)
        beyond += int(moved.sum())
    assert beyond <= automatic == last["auto_pixels"] and first["clicks"] == 0
