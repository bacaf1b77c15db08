"""Rounds without questions: the stage labels what has no label, from first labels and network alone."""

import numpy as np
import pytest

from segmend.answers import history
from segmend.answers.answers import write_queries
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import UNLABELLED, VOID, write_labels, write_maps
from segmend.stage.params import validated
from tasks.correct.__main__ import correct
from tasks.correct.settings import Params
from tasks.pseudo_label.__main__ import pseudo_label
from tasks.pseudo_label.settings import Params as LabelParams
from tests import toys

BLOCKS = (np.arange(40)[:, None] // 8 * 6 + np.arange(48) // 8).astype(np.int32)
STONE = 2


def network(model, dataset, samples, views=None):
    """Sure of the truth in its first view; in the others it takes the left half of stones for leaf."""
    for sample in samples:
        true = toys.leaf_truth(list(toys.LEAF_SPLITS).index(sample.id))
        other = np.where((true == STONE) & (np.arange(48) < 34), 1, true)
        p = [np.where(one == np.arange(3)[:, None, None], 0.8, 0.1).astype(np.float32) for one in (true, other)]
        if views is None:
            yield sample, p[0]
        else:
            assert views == ((1.5, 1.75), True)
            yield sample, p[0], np.stack([p[0], *[p[1]] * 5])


@pytest.fixture
def here(tmp_path, monkeypatch):
    """First labels are the truth without stones, a void strip at the rim; nothing is asked in two rounds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setattr("segmend.network.inference.stream", network)
    toys.leaves(tmp_path)
    for k, name in enumerate(("a/0", "a/1", "a/2", "b")):
        mask = toys.leaf_truth(k)
        mask[mask == STONE], mask[:, :2], mask[26, :] = UNLABELLED, VOID, VOID
        write_labels(tmp_path / f"dataset/masks/{name}.png", mask, toys.LEAF_CARD.palette)
    write_maps(tmp_path / "regions", ((name, BLOCKS) for name in ("a/0", "a/1", "a/2", "b")), 4)
    paths = {"dataset": tmp_path / "dataset", "regions": tmp_path / "regions"}
    pseudo_label.stage(LabelParams(), 0, **paths, out=tmp_path / "labels/r0")
    for name in ("r1", "r2"):
        write_queries(tmp_path / f"queries/{name}", [])
        (tmp_path / f"queries/{name}/budget.json").write_text('{"unit": "clicks", "allowed": 0.0}\n')
        (tmp_path / f"{name}.jsonl").write_text("\n")
    return tmp_path


def run(root, round="r1", oracle="ground_truth", name="strict", **expansion):
    params = {"oracle": {"name": oracle}, "expansion": {"name": name, name: expansion}}
    paths = {key: root / key for key in ("dataset", "truth", "regions", "model")}
    paths |= {"first": root / "labels/r0", "labels": root / f"labels/r{int(round[1:]) - 1}"}
    paths |= {
        "queries": root / f"queries/{round}",
        "answers": root / f"{round}.jsonl",
        "out": root / f"labels/{round}",
    }
    return correct.stage(validated(Params, params, "correct"), 0, round=round, **paths)


@pytest.mark.parametrize("oracle", ["ground_truth", "people"])
def test_two_rounds_without_a_question(here, oracle):
    first, data = Labels(here / "labels/r0"), Dataset(here / "dataset", here / "truth")
    metrics = run(here, oracle=oracle)
    made, pixels, empty = Labels(here / "labels/r1"), 0, 0
    for name in ("a/0", "a/1", "a/2"):
        truth, before, after = data.truth(name), first[name], made[name]
        agreed = (before == UNLABELLED) & (np.arange(48) >= 34)
        assert (after == np.where(agreed, STONE, before)).all() and (truth[agreed] == STONE).all()
        pixels, empty = pixels + int(agreed.sum()), empty + int((before == UNLABELLED).sum())
    assert (made["b"] == first["b"]).all()
    assert metrics["asked"] == metrics["clicks"] == metrics["pixels_changed"] == metrics["auto_broken"] == 0
    assert metrics["auto_changed"] == metrics["auto_fixed"] == metrics["auto_changed_to/stone"] == pixels
    assert metrics["auto_empty"] == empty and metrics["auto_coverage"] == pixels / empty
    rows = history.read(here / "labels/r1").to_pylist()
    assert {(row["kind"], row["who"], row["old"], row["new"]) for row in rows} == {("auto", "strict", None, "stone")}
    again = run(here, "r2", oracle)  # made anew from the first labels: not a pixel more
    assert all((Labels(here / "labels/r2")[name] == made[name]).all() for name in ("a/0", "a/1", "a/2"))
    assert again["auto_changed"] == pixels and history.read(here / "labels/r2").num_rows == len(rows)


def test_how_much_of_the_candidates_all_views_agree_on(here, monkeypatch):
    """The image as it is says leaf right of column 40: 34 to 39 are agreed on, of all that is left of 40."""

    def blind(*given, views):
        for sample, p, every in network(*given, views=views):
            p[:, :, 40:] = np.roll(p[:, :, 40:], -1, axis=0)
            yield sample, p, np.concatenate([p[None], every[1:]])

    monkeypatch.setattr("segmend.network.inference.stream", blind)
    metrics, first = run(here), Labels(here / "labels/r0")
    free = sum((first[name] == UNLABELLED).sum(axis=0) for name in ("a/0", "a/1", "a/2"))
    assert 0 < free[34:40].sum() < free[:40].sum() < free.sum() == metrics["auto_empty"]
    assert metrics["auto_changed"] == free[34:40].sum()
    assert metrics["auto_candidates/stone"] == free[:40].sum()
    assert metrics["auto_agreed/stone"] == free[34:40].sum() / free[:40].sum()
    others = {name: number for name, number in metrics.items() if name.startswith(("auto_candidates/", "auto_agreed/"))}
    assert len(others) == 4 and sum(others.values()) == metrics["auto_candidates/stone"] + metrics["auto_agreed/stone"]


@pytest.mark.parametrize("name", ["self_training", "quota"])
def test_the_others_of_the_kind(here, name):
    metrics = run(here, name=name, **({"threshold": 0.7} if name == "self_training" else {"rounds": 1}))
    assert metrics["auto_changed"] == metrics["auto_changed_to/stone"] > 0 == metrics["auto_broken"]
    assert not any(key.startswith(("auto_candidates", "auto_agreed")) for key in metrics)  # one view only


def test_a_fill_that_finds_nothing_says_so(here, capsys):
    metrics = run(here, confidence=0.9)
    assert metrics["auto_changed"] == metrics["auto_candidates/stone"] == 0 and "auto_agreed/stone" not in metrics
    assert "No pixel was filled: correct.expansion.strict" in capsys.readouterr().out


def test_refusals(here):
    with pytest.raises(ValueError, match="a single unseen class"):
        run(here, against="unseen")
    with pytest.raises(ValueError, match="unseen names 'sea', which is no class"):
        run(here, unseen=["sea"])
