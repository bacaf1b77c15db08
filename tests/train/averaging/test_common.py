"""What holds for every mean of past weights."""

from copy import deepcopy

import pytest
import torch
from safetensors.torch import load_file

from segmend.network.segmenter import AnySize
from tasks.train.averaging import AVERAGING
from tests.toys import shapes
from tests.train.runs import bytes_of, quick, run
from tests.train.steps import batch, train_step

every = pytest.mark.parametrize("kind", AVERAGING, ids=lambda kind: kind.__name__)
STEPS = 8


def trained(kind, steps=range(STEPS), saved=None):
    one = train_step(averaging={"name": kind().name})
    if saved:
        one.state.load(saved)
    for step in steps:
        one.step([batch(step)], step / STEPS)
    return one.state


@every
def test_it_takes_no_gradient_and_changes_nothing_of_the_training(kind):
    state, plain = trained(kind), trained(AVERAGING[0])
    for ours, theirs in zip(state.network.parameters(), plain.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert isinstance(state.shown, AnySize)
    if state.auxiliary.mean is not None:
        inside = {id(p) for group in state.optimizer.param_groups for p in group["params"]}
        for parameter in state.auxiliary.mean.parameters():
            assert not parameter.requires_grad and id(parameter) not in inside


@every
def test_weights_and_statistics_lie_within_what_there_was(kind):
    """Element by element between the least and the greatest that the network had after a step."""
    one, past = train_step(averaging={"name": kind().name}), []
    for step in range(STEPS):
        one.step([batch(step)], step / STEPS)
        past.append(deepcopy(one.state.network.state_dict()))
    for name, mean in one.state.shown.state_dict().items():
        every = torch.stack([state[name] for state in past])
        assert (mean >= every.amin(0) - 1e-5).all() and (mean <= every.amax(0) + 1e-5).all(), name


@every
def test_killed_and_resumed_it_is_the_same(kind):
    whole, first = trained(kind), trained(kind, range(5))
    again = trained(kind, range(5, STEPS), deepcopy(first.saved()))
    for ours, theirs in zip(whole.shown.state_dict().values(), again.shown.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


@every
def test_it_is_what_is_written(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(shapes(tmp_path, train=4, val=1, test=0))
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")
    common = {"epochs": 4, "batch": 2, "use": "last"}
    for name in ("one", "two"):
        run(tmp_path, quick(**common, averaging={"name": kind().name}), name)
    assert bytes_of(tmp_path, "one") == bytes_of(tmp_path, "two")
    run(tmp_path, quick(**common), "last")
    mean, last = (load_file(tmp_path / "models" / name / "weights.safetensors") for name in ("one", "last"))
    assert mean.keys() == last.keys()
    assert all(torch.equal(mean[k], last[k]) for k in mean) == (kind is AVERAGING[0])
