"""The stage train as a whole: what it writes, that it learns, and that equal input gives equal bytes."""

from json import loads
from math import log
from shutil import copytree, rmtree

import numpy as np
import pytest
import torch

from segmend.answers.answers import Answer, encode, write
from segmend.images.dataset import Dataset, Labels
from segmend.network.inference import Predictor
from segmend.network.segmenter import load
from tasks.train.api import distributed
from tasks.train.engine.state import start
from tasks.train.losses.cross_entropy import CrossEntropy
from tests.toys import SHAPE_CARD, shapes
from tests.train.runs import bytes_of, plain, quick, run


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return shapes(tmp_path_factory.mktemp("toys"))


@pytest.fixture(autouse=True)
def there(toy, monkeypatch):
    monkeypatch.chdir(toy)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")


def curve(root, name="r0"):
    return np.genfromtxt(root / "metrics" / f"{name}.csv", delimiter=",", names=True)


def test_learns_toys_and_says_so(toy, capsys):
    crop = [{"name": "flip"}, {"name": "crop", "crop": {"height": 32, "width": 32}}]
    network = {"name": "unet", "unet": {"widths": [8, 16]}}
    adamw = {"name": "adamw", "adamw": {"lr": 0.02}}
    metrics = run(toy, quick(network=network, epochs=12, augmentations=crop, optimizer=adamw), "learnt")
    rows = curve(toy, "learnt")
    assert rows["epoch"].tolist() == list(range(1, 13))
    assert rows["loss"][-1] < rows["loss"][0] / 2
    assert metrics["val_miou"] > 0.75
    assert metrics["val_miou"] == pytest.approx(rows["val_miou"][metrics["epoch"] - 1], rel=1e-5)
    assert (metrics["images"], metrics["steps"], metrics["images_without_labels"]) == (10, 30, 0)
    assert len(capsys.readouterr().out.splitlines()) == 12
    assert not list((toy / ".work").rglob("*.pt"))  # nothing is left to go on with


def test_equal_input_gives_equal_bytes_for_any_number_of_workers(toy, monkeypatch):
    run(toy, quick(), "one")
    monkeypatch.setenv("SEGMEND_WORKERS", "2")
    run(toy, quick(), "two")
    assert bytes_of(toy, "one") == bytes_of(toy, "two")
    run(toy, quick(), "other", seed=1)
    assert bytes_of(toy, "one") != bytes_of(toy, "other")


def test_the_test_split_is_never_read(toy, tmp_path):
    """Without the test images on disk the same bytes come out."""
    run(toy, quick(epochs=2), "before")
    copytree(toy, tmp_path / "toys")
    rmtree(tmp_path / "toys/dataset/images/test")
    run(tmp_path / "toys", quick(epochs=2), "before")
    assert bytes_of(toy, "before") == bytes_of(tmp_path / "toys", "before")


def test_best_is_the_epoch_that_follows_the_val_labels_best(toy):
    adamw = {"name": "adamw", "adamw": {"lr": 0.1}}  # so high that the curve goes up and down
    settings = {"epochs": 8, "optimizer": adamw, "schedule": {"name": "constant"}}
    best, last = (run(toy, quick(**settings, use=use), use) for use in ("best", "last"))
    rows = curve(toy, "best")
    assert best["epoch"] == best["best_epoch"] == 1 + rows["val_miou"].argmax() != 8
    assert best["val_miou"] == pytest.approx(rows["val_miou"].max(), rel=1e-5)
    assert last["epoch"] == 8
    assert last["best_epoch"] == best["epoch"]
    assert (best["chosen_by"], last["chosen_by"]) == ("mIoU on the given labels of the val split", "the last epoch")
    given = [Labels(toy / "labels")[sample.id] for sample in Dataset(toy / "dataset").of("val")]
    assert (best["val_images"], best["val_pixels_labelled"]) == (3, sum((labels < 254).sum() for labels in given))
    assert best["val_pixels_corrected"] == 0
    # The best weights are those that a training with the same steps had at that point.
    shown = {"best": best["val_miou"], "last": last["val_miou"]}
    for name, miou in shown.items():
        assert miou == pytest.approx(measured(toy, name), abs=1e-6)


def measured(root, name):
    from segmend.images.dataset import Dataset, Labels
    from segmend.metrics.confusion import Confusion

    dataset, labels, predictor = Dataset(root / "dataset"), Labels(root / "labels"), Predictor(root / "models" / name)
    confusion = Confusion(3)
    for sample in dataset.of("val"):
        confusion.update(labels[sample.id], predictor(dataset.image(sample.id)).argmax(0).astype(np.uint8))
    return confusion.miou()


def test_two_parts_of_two_images_step_as_one_batch_of_four(toy):
    """Exactly so for a network without batch norm: the mean is over the labelled pixels of the whole step."""
    common = {"epochs": 2, "optimizer": {"name": "sgd"}}
    whole = plain(quick(**common, batch=4))
    parts = plain(quick(**common, batch=2, accumulate=2))
    run(toy, whole, "whole")
    run(toy, parts, "parts")
    assert np.allclose(curve(toy, "whole").tolist(), curve(toy, "parts").tolist(), rtol=1e-4)


def test_validation_every_second_epoch_and_at_the_end(toy):
    run(toy, quick(epochs=5, validate_every=2), "seldom")
    assert np.isnan(curve(toy, "seldom")["val_miou"]).tolist() == [True, False, True, False, False]


def test_warmup_then_schedule(toy):
    adamw = {"name": "adamw", "adamw": {"lr": 0.01}}
    settings = quick(epochs=4, batch=5, warmup=0.5, schedule={"name": "polynomial", "polynomial": {"power": 1}})
    run(toy, settings.model_copy(update={"optimizer": quick(optimizer=adamw).optimizer}), "warm")
    # 8 steps, warm-up over 4; the last of each epoch is step 2, 4, 6, 8: 2/4 * 7/8, 4/4 * 5/8, 3/8, 1/8 of the rate
    assert curve(toy, "warm")["lr"] == pytest.approx([0.004375, 0.00625, 0.00375, 0.00125], rel=1e-4)


def test_more_images_in_a_step_than_there_are(toy):
    metrics = run(toy, quick(epochs=5, batch=16), "wide")
    assert metrics["steps"] == 4  # 50 images are seen in 4 steps of 16
    assert curve(toy, "wide")["epoch"].tolist() == [1, 3, 4, 5]


def test_a_non_finite_loss_stops_with_a_sentence(toy, monkeypatch):
    plain = CrossEntropy.__call__
    monkeypatch.setattr(CrossEntropy, "__call__", lambda self, *given: plain(self, *given) * float("nan"))
    with pytest.raises(ValueError, match=r"the loss is nan .* lower train.optimizer.adamw.lr \(it is"):
        run(toy, quick(), "broken")


def test_without_labelled_val_pixels_the_last_weights_are_used_and_it_is_said(toy, tmp_path):
    copytree(toy, tmp_path / "toys")
    from segmend.images.dataset import Labels

    labels = Labels(tmp_path / "toys/labels")
    for path in sorted(labels.folder.glob("maps/val/*.png")):
        labels.write(f"val/{path.stem}", np.full((33 + 2 * (path.stem == "0002"), 41), 254, np.uint8), SHAPE_CARD)
    metrics = run(tmp_path / "toys", quick(use="best", epochs=1))
    assert metrics["val_miou"] is None
    assert "no pixel" in metrics["val_miou_reason"]
    assert metrics["epoch"] == 1


def test_where_nothing_is_labelled_the_network_is_written_untrained(toy, tmp_path, capsys):
    copytree(toy, tmp_path / "toys")
    labels = Labels(tmp_path / "toys/labels")
    for path in sorted(labels.folder.glob("maps/*/*.png")):
        name = str(path.relative_to(labels.folder / "maps").with_suffix(""))
        labels.write(name, np.full_like(labels[name], 254), SHAPE_CARD)
    metrics = run(tmp_path / "toys", quick(), "blank")
    assert capsys.readouterr().out == "nothing is labelled yet: the network is untrained\n"
    assert metrics["loss"] is metrics["val_miou"] is None
    assert metrics["loss_reason"] == metrics["val_miou_reason"] == "nothing is labelled yet: the network is untrained"
    assert (metrics["epoch"], metrics["steps"], metrics["images"], metrics["images_without_labels"]) == (0, 0, 0, 13)
    rows = (tmp_path / "toys/metrics/blank.csv").read_text().splitlines()
    assert rows == ["epoch,loss,val_loss,val_miou,lr", "0,,,,"]
    state = start(quick(), 0, 3, torch.device("cpu"), torch.float32).network.state_dict()
    found = load(tmp_path / "toys/models/blank")[0].state_dict()
    assert all(torch.equal(state[name], found[name]) for name in state)


def with_sets(root):
    """Nothing is labelled in train but, in every image, sets of classes over blocks of eight by eight pixels."""
    dataset, labels, answers = Dataset(root / "dataset"), Labels(root / "labels"), []
    for sample in dataset.of("train"):
        truth = labels[sample.id]
        blocks = np.arange(truth.shape[0])[:, None] // 8 * 10 + np.arange(truth.shape[1]) // 8
        labels.write(sample.id, np.full_like(truth, 254), SHAPE_CARD)
        for block in np.unique(blocks):
            ticked = [SHAPE_CARD.classes[k] for k in np.unique(truth[blocks == block]) if k < 3]
            one = {"query": f"{sample.id} {block}", "image": sample.id, "footprint": encode(blocks == block)}
            if len(ticked) == 1:  # as correct does
                painted = labels[sample.id]
                painted[blocks == block] = SHAPE_CARD.classes.index(ticked[0])
                labels.write(sample.id, painted, SHAPE_CARD)
            answers += [Answer(**one, kind="class_set", classes=ticked)] if ticked else []
    write(root / "labels/answers.jsonl", answers)


def test_learns_from_sets_of_classes(toy, tmp_path, monkeypatch):
    """Blocks of one class alone teach less; and any number of workers gives the same bytes."""
    copytree(toy, tmp_path / "toys")
    root = tmp_path / "toys"
    with_sets(root)
    crop = [{"name": "flip"}, {"name": "scale"}, {"name": "crop", "crop": {"height": 32, "width": 32}}]
    network = {"name": "unet", "unet": {"widths": [8, 16], "head": "cosine"}}
    common = {"network": network, "epochs": 14, "augmentations": crop, "use": "last"}
    common["optimizer"] = {"name": "adamw", "adamw": {"lr": 0.02}}
    partial = quick(**common, loss={"name": "partial"})
    metrics = run(root, partial, "sets")
    assert metrics["val_miou"] > 0.6
    rows = curve(root, "sets")
    assert rows["loss"][-1] < rows["loss"][0] / 2
    short = partial.model_copy(update={"epochs": 2})
    run(root, short, "one")
    monkeypatch.setenv("SEGMEND_WORKERS", "2")
    run(root, short, "two")
    assert bytes_of(root, "one") == bytes_of(root, "two")
    run(root, quick(**common | {"epochs": 2}, loss={"name": "partial", "partial": {"mp": 0, "pp": 0}}), "without")
    assert bytes_of(root, "one") != bytes_of(root, "without")


def test_untrained_the_loss_is_near_the_log_of_the_number_of_classes(toy):
    run(toy, quick(epochs=1, warmup=1.0), "young")
    assert curve(toy, "young")["loss"] == pytest.approx(log(3), rel=0.35)


def test_metrics_of_every_epoch_and_class_go_to_the_dashboard(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGMEND_SPOOL", str(tmp_path))
    run(toy, quick(epochs=2), "told")
    lines = [loads(line) for line in (tmp_path / "lines.jsonl").read_text().splitlines()]
    rows = [line for line in lines if line["kind"] == "metrics"]
    assert [row["step"] for row in rows] == [1, 2]
    assert {"loss", "val_loss", "val_miou", "lr", "val_iou.ground"} <= set(rows[1]["values"])
    machine = next(line["values"] for line in lines if line["kind"] == "params")
    assert machine["machine.threads"] == torch.get_num_threads()
    assert any(line["kind"] == "progress" and line["done"] == line["total"] for line in lines)


def test_one_process_wraps_nothing():
    network, value = torch.nn.Linear(1, 1), torch.tensor(2.0)
    assert distributed.wrap(network) is network
    assert distributed.all_reduce(value) is value
