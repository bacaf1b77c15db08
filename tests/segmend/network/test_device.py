"""Device and precision as the environment asks for them."""

import pytest
import torch

from segmend.network import device


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")


@pytest.mark.parametrize("asked", ["gpu", "cpu:1", "cuda:x", "mps:0"])
def test_an_unknown_device_is_refused(asked, monkeypatch):
    monkeypatch.setenv("SEGMEND_DEVICE", asked)
    with pytest.raises(ValueError, match="auto, cpu, cuda, cuda:N and mps are allowed"):
        device.device()


def test_a_device_that_is_not_here_is_refused(monkeypatch):
    monkeypatch.setenv("SEGMEND_DEVICE", "cuda:7")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match="cuda:7"):
        device.device()


def test_precision_follows_the_hardware_unless_asked(monkeypatch):
    cpu = torch.device("cpu")
    assert device.precision(cpu) == torch.float32
    monkeypatch.setenv("SEGMEND_PRECISION", "auto")
    for able, expected in (
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
        ({}, torch.float32),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: able)
        assert device.precision(cpu) == expected
    for wrong in ("half", "fp16"):
        monkeypatch.setenv("SEGMEND_PRECISION", wrong)
        with pytest.raises(ValueError, match=wrong):
            device.precision(cpu)
