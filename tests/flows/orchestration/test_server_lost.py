"""Prefect's server dead, silent or dying in the middle: a sentence at once, or the stages go on and the exit code is theirs."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from flows import environment
from flows.commands import schedule
from flows.environment import UserError
from flows.orchestration import prefect_server
from tests.flows.toys import behave, executed, mistake, until

HERE = Path(__file__).parents[3]


@pytest.mark.parametrize("kind", ["dead", "silent", "no address"])
def test_a_server_that_does_not_answer_is_one_sentence_within_5_seconds(
    root: Path, monkeypatch: pytest.MonkeyPatch, kind: str
):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        if kind == "silent":
            listening.listen()  # takes connections, says nothing
        address = (
            "nonsense" if kind == "no address" else f"http://ada:hunter22@127.0.0.1:{listening.getsockname()[1]}/api"
        )
        monkeypatch.setenv("PREFECT_API_URL", address)
        begin = time.monotonic()
        with pytest.raises(UserError, match="--no-prefect"):
            prefect_server.probe(address)
        assert time.monotonic() - begin < 5
        said = mistake("run")
    assert "No Prefect server answers at" in said and "hunter22" not in said
    assert executed(root) == []


def test_a_schedule_waits_for_its_server(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{port}/api")
    monkeypatch.setattr(schedule, "RETRY", 0.2)
    waiting = threading.Thread(target=schedule.wait_for_server)
    waiting.start()
    time.sleep(0.5)
    assert waiting.is_alive() and "trying every" in capsys.readouterr().out
    code = f"""
from http.server import BaseHTTPRequestHandler, HTTPServer
class Healthy(BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200); self.end_headers()
HTTPServer(("127.0.0.1", {port}), Healthy).serve_forever()
"""
    server = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    waiting.join(20)
    server.terminate()
    server.wait()
    assert not waiting.is_alive()


@pytest.mark.slow
@pytest.mark.parametrize(("behaviour", "code"), [("", 0), ("sys.exit(3)", 1)])
def test_a_server_that_dies_in_the_middle_costs_no_stage(toy: Path, behaviour: str, code: int):
    """Its process is killed while the first stage runs; the rest is done, the exit code is that of the stages."""
    behave(toy, "first", "Path('running').touch(); time.sleep(4)")
    behave(toy, "last", behaviour)
    home = toy / ".work" / "prefect"
    home.mkdir(parents=True)
    env = {**os.environ, **environment.shipped_settings(), "PREFECT_HOME": str(home), "PYTHONPATH": str(HERE)}
    with (home / "flow.log").open("w") as log:
        flow = subprocess.Popen([sys.executable, "-m", "flows.cli", "run"], cwd=toy, env=env, stdout=log, stderr=log)
    until(lambda: (toy / "running").exists(), 120)
    note = prefect_server._note(toy)
    pid = int(__import__("json").loads(note.read_text())["pid"])
    os.kill(pid, 9)
    begin = time.monotonic()
    assert flow.wait(200) == code, (home / "flow.log").read_text()
    said = (home / "flow.log").read_text()
    assert executed(toy).count("first") == 1 and {"left", "right", "last"} <= set(executed(toy))
    assert time.monotonic() - begin < 90 and "Traceback" not in said, said
