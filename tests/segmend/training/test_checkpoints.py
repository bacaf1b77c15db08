"""Checkpoints on disk."""

import os

import pytest
import torch

from segmend.training.checkpoints import KEPT, Checkpoints


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_what_was_saved_is_loaded_and_gone_when_done():
    first = Checkpoints([b"a", b"b"])
    assert first.load() is None
    first.save({"step": 3, "weights": torch.arange(3.0)})
    again = Checkpoints([b"a", b"b"]).load()
    assert again["step"] == 3
    assert torch.equal(again["weights"], torch.arange(3.0))
    first.remove()
    assert Checkpoints([b"a", b"b"]).load() is None


def test_anything_else_in_the_key_is_another_training():
    Checkpoints([b"a", b"b"]).save({})
    for key in ([b"ab"], [b"a", b"c"], [b"b", b"a"]):
        assert Checkpoints(key).load() is None
    assert Checkpoints([b"a", b"b"], "pretrain").load() is None


def test_how_often_is_set_by_the_environment(monkeypatch):
    assert not Checkpoints([b"a"]).due()
    monkeypatch.setenv("SEGMEND_CHECKPOINT", "0")
    assert Checkpoints([b"a"]).due()
    monkeypatch.setenv("SEGMEND_CHECKPOINT", "often")
    with pytest.raises(ValueError, match="often"):
        Checkpoints([b"a"])


def test_a_half_written_file_is_never_the_state(monkeypatch):
    """Killed while writing: the state before is still there."""
    one = Checkpoints([b"a"])
    one.save({"step": 1})

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", die)
    with pytest.raises(KeyboardInterrupt):
        one.save({"step": 2})
    assert one.load() == {"step": 1}


def test_trainings_given_up_long_ago_are_thrown_out():
    many = [Checkpoints([bytes([k])]) for k in range(KEPT + 3)]
    for age, one in enumerate(many):
        one.save({})
        os.utime(one.path, (1e9 + age, 1e9 + age))
    Checkpoints([b"done"]).remove()
    assert [one.load() is not None for one in many] == [False] * 3 + [True] * KEPT


def test_folders_that_hold_only_a_broken_batch_are_thrown_out_too():
    many = [Checkpoints([bytes([k])]) for k in range(KEPT + 2)]
    for age, one in enumerate(many):
        one.broken.parent.mkdir(parents=True)
        torch.save({"step": 1}, one.broken)
        os.utime(one.broken, (1e9 + age, 1e9 + age))
    Checkpoints([b"done"]).remove()
    assert [one.broken.is_file() for one in many] == [False] * 2 + [True] * KEPT
