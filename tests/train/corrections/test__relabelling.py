"""Label maps remade while a network learns: whoever shares the work, whatever was there before."""

from shutil import copytree

import numpy as np
import pytest
import torch

from segmend.images.dataset import Dataset, Labels
from segmend.network.segmenter import build
from tasks.train.api import distributed
from tasks.train.corrections._confident_joint import ConfidentJoint
from tasks.train.corrections._relabelling import Corrected, Plan, Relabelling, keep, summary
from tasks.train.corrections.adele import Adele
from tasks.train.corrections.none import Nothing
from tests.toys import SHAPE_CARD, shapes
from tests.train.runs import quick

METHOD = Adele(scales=(1.0,), flip=False, only_present=False, keep=0)
PLAN = Plan(np.ones(3, bool), np.full(3, 0.34), 0, 0.0)
AMP = torch.autocast("cpu", enabled=False)


@pytest.fixture
def toy(tmp_path, monkeypatch):
    for name, value in (("PRECISION", "fp32"), ("WORKERS", "1"), ("DEVICE", "cpu")):
        monkeypatch.setenv(f"SEGMEND_{name}", value)
    return shapes(tmp_path, train=5, val=1, test=0)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build(quick().network, 3)


def relabelling(root, folder, method=METHOD, memory=None) -> Relabelling:
    data = Dataset(root / "dataset")
    memory = {} if memory is None else memory
    return Relabelling(method, data, Labels(root / "labels"), list(data.of("train")), memory, folder)


def corrected(one: Relabelling, network) -> np.ndarray:
    """As after an epoch."""
    one.memory["folder"] = "labels-3"
    one.labels = Corrected(one.folder / "labels-3", one.original)
    return one.remake(PLAN, network, AMP)


def files(folder) -> dict:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.png")}


def test_divided_among_two_processes_the_maps_are_those_of_one(toy, network, monkeypatch):
    alone = corrected(relabelling(toy, toy / "one"), network)
    shares = []
    for rank in range(2):  # one of two processes, without the other
        with monkeypatch.context() as patch:
            patch.setattr(distributed, "rank", lambda rank=rank: rank)
            patch.setattr(distributed, "world_size", lambda: 2)
            patch.setattr(distributed, "all_reduce", lambda value: value)
            shares.append(corrected(relabelling(toy, toy / "two"), network))
    assert len(files(toy / "one/labels-3")) == 5 and files(toy / "one/labels-3") == files(toy / "two/labels-3")
    assert (alone == sum(shares)).all() and alone.sum() > alone.trace() > 0


def test_the_count_is_of_the_maps(toy, network):
    one = relabelling(toy, toy / "one")
    moves, given = corrected(one, network), Labels(toy / "labels")
    pairs = [(given[s.id], Labels(toy / "one/labels-3")[s.id]) for s in one.samples]
    assert moves.sum() == sum((old < 255).sum() for old, _ in pairs)
    assert moves[1, 2] == sum(((old == 1) & (new == 2)).sum() for old, new in pairs)
    assert moves[3, 3] == sum((old == 254).sum() for old, _ in pairs)


def test_half_written_maps_of_a_killed_correction_are_made_again(toy, network):
    corrected(relabelling(toy, toy / "one"), network)
    whole = files(toy / "one/labels-3")
    half = sorted((toy / "one/labels-3").rglob("*.png"))
    half[0].write_bytes(b"")
    half[1].unlink()
    corrected(relabelling(toy, toy / "one"), network)
    assert files(toy / "one/labels-3") == whole


def test_only_the_newest_maps_are_kept_and_a_resumed_training_reads_them(toy, network):
    memory: dict = {}
    one = relabelling(toy, toy / "one", memory=memory)
    assert one.given is None and one.labels is one.original
    corrected(one, network)
    copytree(toy / "one/labels-3", toy / "one/labels-1")
    one.remove_old()
    assert [path.name for path in (toy / "one").iterdir()] == ["labels-3"]
    again = relabelling(toy, toy / "one", memory=memory)
    assert again.given is again.original
    assert again.labels.path("train/0000") == toy / "one/labels-3/maps/train/0000.png"
    keep(memory, toy / "one", toy / "out")
    assert files(toy / "out/corrected") == files(toy / "one/labels-3")


def test_how_much_pixels_are_trusted_stays(toy):
    Labels(toy / "labels").write_trust("train/0000", np.full((33, 41), 7, np.uint8))
    again = relabelling(toy, toy / "one", memory={"folder": "labels-3"})
    assert (again.labels.trust("train/0000", (33, 41)) == 7).all()
    assert (again.labels.trust("train/0001", (33, 41)) == 255).all()


def test_nothing_is_remade_without_a_method_or_when_nothing_is_left_to_learn(toy, network):
    plain = relabelling(toy, toy / "one", Nothing())
    assert not plain.after_epoch(1, 5, None, network, AMP, True) and plain.labels is plain.original
    memory: dict = {"background": 0, "curves": [[0.9, 0.7, 0.7]] * 3, "on": {}}
    said = ConfidentJoint({}, 3).compute()
    said.confusion.matrix[:, :3] = [[90, 0, 0], [6, 14, 0], [6, 0, 14]]
    one = relabelling(toy, toy / "one", memory=memory)
    assert not one.after_epoch(4, 5, said, network, AMP, False)
    assert memory["on"] and not (toy / "one").exists()
    assert summary(memory, SHAPE_CARD.classes)["corrections"] == 0


def test_the_network_is_left_as_it_was(toy, network):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    corrected(relabelling(toy, toy / "one"), network.train())
    assert network.training and all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
