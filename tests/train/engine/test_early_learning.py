"""Early learning made visible: what is looked at, and that looking changes nothing."""

import numpy as np

from segmend.images.rasters import Maps
from tests.train.runs import bytes_of, quick, run
from tests.train.stopped import stopped_and_resumed


def test_maps_of_every_epoch_of_the_same_images(toy):
    run(toy, quick(watch=3))
    maps = Maps(toy / "models/r0/early")
    names = sorted(maps)
    images = {name.partition("/")[2] for name in names}
    assert len(images) == 3 and all(image.startswith("train/") for image in images)
    assert names == sorted(f"{epoch}/{image}" for epoch in (1, 2, 3) for image in images)
    assert {maps[name].dtype for name in names} == {np.dtype(np.uint8)} and {len(maps[name]) for name in names} <= {
        33,
        35,
    }
    assert max(maps[name].max() for name in names) < 3


def test_the_last_maps_are_what_the_saved_network_says(toy):
    from segmend.images.dataset import Dataset
    from segmend.network.inference import Predictor

    run(toy, quick(watch=2, use="last"))
    maps, network = Maps(toy / "models/r0/early"), Predictor(toy / "models/r0")
    for name in (name for name in maps if name.startswith("3/")):
        said = network(Dataset(toy / "dataset").image(name.removeprefix("3/"))).argmax(0)
        assert (said == maps[name]).all()


def test_looking_changes_nothing(toy):
    run(toy, quick(watch=0), "blind")
    run(toy, quick(watch=100), "watched")
    blind, watched = bytes_of(toy, "blind"), bytes_of(toy, "watched")
    assert blind == {name: content for name, content in watched.items() if not name.startswith("early/")} != watched


def test_it_survives_a_stop(toy, monkeypatch):
    run(toy, quick(watch=2), "whole")
    stopped_and_resumed(monkeypatch, toy, quick(watch=2), "resumed")
    assert bytes_of(toy, "whole") == bytes_of(toy, "resumed")
