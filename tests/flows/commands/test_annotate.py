"""`segmend annotate`: the page is served by a child that ends with it; where a run that waits sends people."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from flows.commands.annotate import ADDRESS, where
from tests.annotate import toy

ROOT = Path(__file__).parents[3]


def start(root: Path, *words: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "flows.cli", "annotate", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_it_serves_until_ctrl_c_and_leaves_nothing(tmp_path):
    root = toy.make(tmp_path / "space")
    assert "segmend annotate" in where(root)
    running = start(root / "data", "--overlap", "2")  # from a folder inside the workspace
    address = re.search(r"http://[\d.:]+", running.stdout.readline())[0]
    assert where(root) == f"Answer in the browser: {address}"
    assert b"Who are you?" in urllib.request.urlopen(address, timeout=20).read()
    second = start(root)
    assert "served already" in second.communicate(timeout=60)[0] and second.returncode == 2
    server = json.loads((root / ADDRESS).read_text())["pid"]
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 0 and not (root / ADDRESS).exists()
    assert not Path(f"/proc/{server}").exists() if sys.platform == "linux" else True


def test_mistakes_are_one_sentence(tmp_path):
    root = toy.make(tmp_path / "space")
    for words, sentence in (
        (["--round", "r9"], "one of r1"),
        (["--host", "nowhere.invalid"], "Cannot serve"),
        (["--user", "<x>"], "a name has"),
    ):
        running = start(root, *words)
        said = running.communicate(timeout=60)[0]
        assert running.returncode == 2 and sentence in said and "Traceback" not in said, said
    (root / "data/queries/r1/queries.jsonl").unlink()
    running = start(root, "--port", "0")
    line = running.stdout.readline()
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert "http://" in line  # it may be started before the first questions are there
