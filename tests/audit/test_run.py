"""The whole audit on a small data set with one dropped object: tables, page, questions, maps."""

import csv
import json

import numpy as np
import pytest

from segmend.answers.answers import decode, read_queries
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import read_labels
from tasks.audit import run
from tests import toys


@pytest.fixture
def made(tmp_path):
    """Leaves; what the probabilities say is the given mask, but for a square in the first train image."""
    toys.leaves(tmp_path)
    data = Dataset(tmp_path / "dataset")
    name = next(s.id for s in data.of("train") if data.has_mask(s.id))
    for sample in data.samples:
        if not data.has_mask(sample.id):
            continue
        truth = data.mask(sample.id).copy()
        if sample.id == name:
            truth[2:7, 2:7] = 1 - truth[2:7, 2:7].clip(0, 1)
        path = tmp_path / "probabilities" / f"{sample.id}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        said = np.full((len(data.classes), *truth.shape), 0.1 / (len(data.classes) - 1), np.float32)
        np.put_along_axis(said, np.where(truth < 254, truth, 0)[None].astype(np.int64), np.float32(0.9), 0)
        np.save(path, said)
    return tmp_path, data, name


def words(folder, *more):
    return [
        "--dataset",
        str(folder / "dataset"),
        "--probabilities",
        str(folder / "probabilities"),
        "--out",
        str(folder / "out"),
        *more,
    ]


def test_everything_that_is_written(made, capsys):
    folder, data, name = made
    assert run.main(words(folder, "--ask", "5", "--maps")) == 0
    out = folder / "out"
    content = json.loads((out / "audit.json").read_text())
    assert content["worst_images"][0]["image"] == name and content["temperature"] == 0.1
    with (out / "findings.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["image"] == name and int(rows[0]["rank"]) == 1 and rows[0]["label"] in data.classes
    assert content["findings"]["major"] + content["findings"]["minor"] == len(rows)
    page = (out / "index.html").read_text()
    assert (
        "looks like" in page
        and page.count("<figure>") == len(rows)
        and 'src="data:image/' in page
        and "http" not in page
    )
    (query, *_) = read_queries(out / "questions")
    assert query.image == name and decode(query.footprint).sum() == query.area == int(rows[0]["area"])
    assert decode(query.footprint)[query.row, query.column] and "questions in" in capsys.readouterr().out
    quality = read_labels(out / f"quality/{name}.png")
    assert quality[3, 3] < 80 < 200 < quality[-1, -1]
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert run.main(words(folder, "--ask", "5", "--maps")) == 0
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}  # same input, same bytes


def test_a_label_set_comes_before_the_given_masks(made):
    folder, data, name = made
    mask = data.mask(name).copy()
    mask[2:7, 2:7] = 1 - mask[2:7, 2:7].clip(0, 1)  # the label set has it right
    Labels(folder / "r1").write(name, mask, data.card)
    assert run.main(words(folder, "--labels", str(folder / "r1"))) == 0
    rows = json.loads((folder / "out/audit.json").read_text())
    assert rows["findings"]["major"] == rows["findings"]["minor"] == 0 and rows["labels"] == "r1"


def test_mistakes_are_one_sentence(made, capsys):
    folder, data, name = made
    assert run.main(words(folder, "--temperature", "0")) == 2 and "--temperature above 0" in capsys.readouterr().err
    assert run.main(words(folder)[:2] + ["--out", str(folder / "out")]) == 2
    (folder / "probabilities" / f"{name}.npy").unlink()
    assert run.main(words(folder)) == 2 and f"no probabilities of {name}" in capsys.readouterr().err
    assert not (folder / "out").exists()
