"""The commands of docs/tutorial.md, in the order in which they stand there, on toy data. Changed are the paths of the reader's own data, and
`--no-prefect` is added; its server and that of `segmend ui` cost seconds and have tests of their own."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests import toys
from tests.pipeline import ENVIRONMENT, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SERVERS = ("segmend annotate",)  # runs until it is stopped
ELSEWHERE = ("segmend ui",)  # a real server and a real browser: tests/flows/tracking/test_run_page.py
WAITING = 75


def commands() -> list[str]:
    """Every line of the blocks of the tutorial, without its comment."""
    blocks = re.findall(r"^    (\S.*)$", (ROOT / "docs/tutorial.md").read_text(), re.MULTILINE)
    return [shlex.join(shlex.split(line, comments=True)).replace("'&&'", "&&") for line in blocks]


class Reader:
    """A shell that goes from command to command, in a workspace that is a fresh clone as far as the reader knows."""

    def __init__(self, clone: Path, data: Path, locks: Path):
        self.place, self.data = clone, data
        self.env = {**ENVIRONMENT, "XDG_RUNTIME_DIR": str(locks), "SEGMEND_DEVICE": "cpu", "BROWSER": "true"}
        (clone / ".venv").mkdir()  # what `make setup` makes: an environment with segmend in it
        (clone / ".venv/bin").symlink_to(Path(sys.executable).parent)
        (clone / ".venv/.ready").touch()

    def words(self, command: str) -> str:
        for path in ("/path/to/data", "/path/to/more"):
            command = command.replace(path, str(self.data / "images" if path.endswith("more") else self.data))
        if command.startswith("segmend run"):
            command += " --no-prefect"
        return command.replace("make run", "make --old-file=.venv/.ready run")

    def does(self, command: str, code: int = 0) -> str:
        script = f"{self.words(command)} && pwd >&3"
        read, write = os.pipe()
        done = subprocess.run(
            ["bash", "-c", f"exec 3>&{write}; {script}"], cwd=self.place, env=self.env, pass_fds=(write,),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        os.close(write)
        with os.fdopen(read) as after:
            self.place = Path(after.read().strip() or self.place)
        assert done.returncode == code, f"{command}: {done.stdout}"
        return done.stdout

    def opens(self, command: str) -> str:
        """Start a server, fetch the page that it names, stop it with Ctrl-C."""
        words = shlex.split(self.words(command))
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        running = subprocess.Popen(words, cwd=self.place, env=self.env, start_new_session=True, **streams)
        said = ""
        try:
            while not (named := re.search(r"http://127\.0\.0\.1:\d+\S*", said)):
                line = running.stdout.readline()
                assert line, f"{command}: {said}"
                said += line
            page = urlopen(named[0], timeout=60).read().decode()
        finally:
            os.killpg(running.pid, signal.SIGINT)
            running.communicate(timeout=60)
        return page


def test_the_tutorial(workspace, tmp_path):
    reader = Reader(workspace, toys.raw_folders(tmp_path / "my-data"), tmp_path)
    said: dict[str, str] = {}
    for command in commands():
        if command in ELSEWHERE:
            continue
        if command in SERVERS:
            said[command] = reader.opens(command)
        else:
            said[command] = reader.does(command, WAITING if command.startswith("segmend run --data") else 0)
        if command == "segmend annotate":
            answered = answer(reader.place)
    assert "Nothing to do" in said["make run"] and "fresh" in said["segmend status"]
    assert (
        reader.place == tmp_path / "cells"
        and "Ingest would accept this folder" in said["segmend inspect /path/to/data"]
    )
    assert "data/answers/r1.jsonl" in said["segmend run --data /path/to/data"]  # where it waits for answers
    assert (reader.place / "data/queries/r1/queries.png").is_file() and "Who are you?" in said["segmend annotate"]
    assert f"{answered} of " in said["segmend run"] and "the round goes on with these" in said["segmend run"]
    assert json.loads((reader.place / "metrics/correct/r1.json").read_text())["clicks"] == answered
    assert len(list((tmp_path / "cells-corrected/masks").iterdir())) == 5
    assert "is the champion" in said["segmend promote"]
    assert {path.stem for path in (reader.place / "predictions").glob("*.png")} == {
        path.stem for path in (reader.data / "images").iterdir()
    }


def answer(workspace: Path, number: int = 3) -> int:
    """What the page writes when a person answers the first questions; returns how many they are."""
    lines = (workspace / "data/queries/r1/queries.jsonl").read_text().splitlines()[:number]
    with (workspace / "data/answers/r1.jsonl").open("a") as file:
        for question in map(json.loads, lines):
            kept = {key: question[key] for key in ("query", "image", "footprint", "image_sha256")}
            kept |= {"kind": "class", "classes": [question["shown"]], "who": "ada", "clicks": 1, "seconds": 2.0}
            file.write(json.dumps(kept | {"when": "2026-01-01T00:00:00Z"}) + "\n")
    return len(lines)
