"""The webhook, with a real HTTP server: what it is sent, how often, and that its address is never shown."""

from pathlib import Path

import pytest

from flows import notify
from flows.engine.runner import Outcome
from flows.environment import without_secrets


def test_failures_and_waiting_questions(received: list[dict], tmp_path: Path):
    warnings: list[str] = []
    found = {
        "train@r1": Outcome("train@r1", "Failed", sentence="out of memory"),
        "correct@r1": Outcome("correct@r1", "Waiting", sentence="12 questions wait"),
        "ingest": Outcome("ingest", "Cached"),
    }
    for _ in range(2):
        notify.outcomes(tmp_path, found, warnings.append)
    texts = [(item["event"], item["text"]) for item in received]
    failed = ("failed", f"Segmend, {tmp_path.name}: train@r1: out of memory")
    assert texts == [failed, ("waiting", f"Segmend, {tmp_path.name}: correct@r1: 12 questions wait"), failed]
    found["correct@r1"] = Outcome("correct@r1", "Waiting", sentence="3 questions wait")
    notify.outcomes(tmp_path, found, warnings.append, failures=False)
    assert received[-1]["text"].endswith("3 questions wait") and len(received) == 4 and warnings == []


@pytest.mark.parametrize(("status", "tries"), [("404", 1), ("503", notify.TRIES)])
def test_a_webhook_that_refuses_is_one_warning_without_its_address(
    received: list[dict], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str, tries: int
):
    address = notify.os.environ[notify.VARIABLE].replace("/200", f"/{status}")
    monkeypatch.setenv(notify.VARIABLE, address)
    warnings: list[str] = []
    assert not notify.send(tmp_path, "promoted", "version 2", warnings.append)
    assert len(received) == tries and len(warnings) == 1 and status in warnings[0]
    assert "s3cret" not in warnings[0] and "s3cret" not in without_secrets(f"posting to {address} failed")


def test_nobody_there_and_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    warnings: list[str] = []
    for address, words in (("http://127.0.0.1:9/x", "does not answer"), ("no address", "no address that begins")):
        monkeypatch.setenv(notify.VARIABLE, address)
        assert not notify.send(tmp_path, "failed", "x", warnings.append) and words in warnings[-1]
    monkeypatch.delenv(notify.VARIABLE)
    assert not notify.send(tmp_path, "failed", "x", warnings.append) and len(warnings) == 2
