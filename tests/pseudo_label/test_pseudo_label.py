"""The stage on a toy workspace: maps, confidence, empty history and answers; what a model leaves, and after a stop."""

from json import loads
from shutil import rmtree

import numpy as np
import pyarrow.parquet as parquet
import pytest

from segmend.answers import answers, history
from segmend.images.dataset import Labels
from segmend.images.rasters import UNLABELLED, Maps, write_maps
from segmend.stage.params import load, validated
from tasks.pseudo_label.__main__ import best_scores, pseudo_label
from tasks.pseudo_label.labellers.prototypes import Prototypes
from tasks.pseudo_label.settings import Params
from tests import toys
from tests.pseudo_label.labellers import tiny

BLOCKS = (np.arange(40)[:, None] // 10 * 4 + np.arange(48) // 12).astype(np.int32)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    return tmp_path


def run(root, out="labels/r0", **settings):
    write_maps(root / "regions", ((name, BLOCKS) for name in ("a/0", "a/1", "a/2", "b")), 4)
    params = validated(Params, settings or load()["pseudo_label"], "pseudo_label")
    return pseudo_label.stage(params, 0, dataset=root / "dataset", regions=root / "regions", out=root / out)


def test_given_masks(here):
    data = toys.leaves(here, without_mask=("a/1",))
    metrics = run(here)
    labels = Labels(here / "labels/r0")
    assert sorted(path.name for path in (here / "labels/r0").iterdir()) == [
        "answers.jsonl",
        "confidence.parquet",
        "history.parquet",
        "maps",
    ]
    assert (labels["a/0"] == data.mask("a/0")).all() and (labels["a/1"] == UNLABELLED).all()
    assert not labels.path("c").exists()
    assert metrics["images"] == 4 and metrics["images_unlabelled"] == 1
    assert metrics["coverage"] == pytest.approx(0.75 * 46 / 48)
    table = parquet.read_table(here / "labels/r0/confidence.parquet").to_pylist()
    assert len(table) == 4 * 16
    inside = data.mask("a/0")[BLOCKS == 5]
    assert table[5] == {
        "image": "a/0",
        "region": 5,
        "label": np.bincount(inside).argmax(),
        "confidence": pytest.approx(np.bincount(inside).max() / 120),
    }
    assert table[16 + 5]["label"] == UNLABELLED and table[16 + 5]["confidence"] == 0


def test_without_any_mask_there_is_nothing_to_train_on(here):
    toys.leaves(here, without_mask=("a/0", "a/1", "a/2", "b"))
    with pytest.raises(ValueError, match="no image of train or val has a mask"):
        run(here)
    assert run(here, labeller={"name": "blank"})["coverage"] == 0


def test_history_and_answers_are_empty(here):
    toys.leaves(here)
    run(here)
    assert history.read(here / "labels/r0").num_rows == 0 and answers.read(here / "labels/r0/answers.jsonl") == []


def test_equal_bytes_for_any_number_of_workers(here, monkeypatch):
    toys.leaves(here)
    run(here)
    monkeypatch.setenv("SEGMEND_WORKERS", "2")
    rmtree(here / ".work")
    run(here, "again")
    assert toys.digests(here / "labels/r0") == toys.digests(here / "again")


def test_a_network_is_only_for_annotators_and_must_be_given(here):
    toys.leaves(here)
    with pytest.raises(ValueError, match=r"pseudo_label.network is mine, but the stage was given no folder"):
        run(here, network="mine")
    params = validated(Params, {"network": "mine"}, "pseudo_label")
    (here / "weights/mine").mkdir(parents=True)
    (here / "weights/mine/config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"names mine, but there are no annotators to aggregate"):
        pseudo_label.stage(
            params,
            0,
            dataset=here / "dataset",
            regions=here / "regions",
            out=here / "labels/r0",
            network=here / "weights/mine",
        )


def test_multi_otsu_from_settings(here):
    toys.leaves(here)
    metrics = run(here, labeller={"name": "multi_otsu", "multi_otsu": {"floor": 60}})
    assert metrics["coverage"] == pytest.approx(46 / 48) and metrics["share/stone"] > 0.1


COLOURS = {"name": "prototypes", "prototypes": {"features": "colour", "examples": 3, "pure": 0.5}}


def test_a_model_leaves_its_scores_and_its_card(here):
    toys.leaves(here, without_mask=("a/1",))
    metrics = run(here, labeller=COLOURS, scores=2)
    names = sorted(path.name for path in (here / "labels/r0").iterdir())
    assert names == [
        "answers.jsonl",
        "confidence.parquet",
        "history.parquet",
        "labeller.json",
        "maps",
        "scores.parquet",
    ]
    assert (
        metrics["images"] == 4 and metrics["images_unlabelled"] == 0 and metrics["void"] == pytest.approx(0.75 * 2 / 48)
    )
    scores = parquet.read_table(here / "labels/r0/scores.parquet").to_pandas()
    assert (scores.groupby(["image", "region"]).size() == 2).all() and len(scores) == 2 * 4 * 16
    best = scores.groupby(["image", "region"]).first()
    assert (best["score"] == scores.groupby(["image", "region"])["score"].max()).all()
    table = parquet.read_table(here / "labels/r0/confidence.parquet").to_pandas().set_index(["image", "region"])
    known = table["label"] < UNLABELLED
    assert (best["class"] == table["label"])[known].all()
    assert np.allclose(best["score"][known], table["confidence"][known]) and (table["confidence"][~known] == 0).all()
    card = loads((here / "labels/r0/labeller.json").read_text())
    assert card["labeller"]["examples"] == 3 and len(card["models"][0]["sha256"]["examples"]) == 64


def test_a_stopped_labelling_goes_on_and_gives_the_same_bytes(here, monkeypatch):
    toys.leaves(here)
    ran = []

    class Counted(Prototypes):
        def build(self, context):
            made = super().build(context)

            def run(items):
                if len(ran) == stop:
                    raise KeyboardInterrupt
                ran.append(len(items))
                return made.run(items)

            return made._replace(run=run)

    Counted.__module__ = Prototypes.__module__  # what its code is, is part of the key
    monkeypatch.setattr("tasks.pseudo_label.labellers._model.BATCH", 2)
    params = Params.model_construct(labeller=Counted(features="colour", examples=3), scores=3)
    write_maps(here / "regions", ((name, BLOCKS) for name in ("a/0", "a/1", "a/2", "b")), 4)
    folders = {"dataset": here / "dataset", "regions": here / "regions"}
    stop = 1
    with pytest.raises(KeyboardInterrupt):
        pseudo_label.stage(params, 0, **folders, out=here / "half")
    stop = 5
    pseudo_label.stage(params, 0, **folders, out=here / "whole")
    assert ran == [2, 2]  # the first batch was not worked out again
    pseudo_label.stage(params, 0, **folders, out=here / "again")
    assert ran == [2, 2] and toys.digests(here / "again") == toys.digests(here / "whole")
    rmtree(here / ".work")
    pseudo_label.stage(params, 0, **folders, out=here / "fresh")
    assert ran == [2, 2, 2, 2] and toys.digests(here / "fresh") == toys.digests(here / "whole")


def test_objects_are_packed_like_regions(here):
    toys.leaves(here)
    block = {
        "detector": tiny.dino(),
        "segmenter": tiny.sam(),
        "least": 0,
        "overlap": 0.7,
        "synonyms": {"stone": ["brick"]},
    }
    run(here, labeller={"name": "grounded_sam", "grounded_sam": block})
    maps = Maps(here / "labels/r0/objects")
    assert sorted(maps) == ["a/0", "a/1", "a/2", "b"]
    assert maps["b"].dtype == np.int32 and maps["b"].shape == toys.LEAF_SHAPE and maps["b"].max() >= 0
    card = loads((here / "labels/r0/labeller.json").read_text())
    assert [list(one["sha256"])[:2] for one in card["models"]] == [["config.json", "model.safetensors"]] * 2


def test_examples_from_the_answers_of_a_folder(here):
    data = toys.leaves(here)
    given = here / "given"
    given.mkdir()
    for k, name in enumerate(data.classes):
        one = answers.Answer(
            query=f"r1-{k}",
            image="a/0",
            footprint=answers.encode(toys.leaf_truth(0) == k),
            kind="class",
            classes=(name,),
        )
        with (given / "r1.jsonl").open("a") as file:
            file.write(one.model_dump_json(exclude_none=True) + "\n")
    cells = (np.arange(40)[:, None] // 4 * 12 + np.arange(48) // 4).astype(np.int32)
    write_maps(here / "regions", ((name, cells) for name in ("a/0", "a/1", "a/2", "b")), 4)
    block = {"name": "prototypes", "prototypes": {"features": "colour", "source": "answers"}}
    folders = {"dataset": here / "dataset", "regions": here / "regions", "given_answers": given}
    pseudo_label.stage(validated(Params, {"labeller": block}, "pseudo_label"), 0, **folders, out=here / "out")
    card = loads((here / "out/labeller.json").read_text())
    assert card["models"][0]["examples"] == {"ground": 1, "leaf": 1, "stone": 1}
    right = np.mean(
        [(Labels(here / "out")[name] == toys.leaf_truth(k)).mean() for k, name in enumerate(("a/0", "a/1", "a/2"))]
    )
    assert right > 0.8  # cells of 4 x 4 pixels cannot follow the truth to the pixel


def test_best_scores_by_hand():
    table = best_scores("b", np.array([[0.2, 0.5, 0.2], [0, 0, 0], [0, 0.25, 0]], np.float32), 2).to_pylist()
    assert [tuple(row.values()) for row in table] == [
        ("b", 0, 1, 0.5),
        ("b", 0, 0, pytest.approx(0.2)),
        ("b", 2, 1, 0.25),
    ]
