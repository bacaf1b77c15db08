"""A server in a process of its own and a headless Chromium at it, for tests and for benchmarks/review.py."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from tests.pipeline import ROOT

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


class Server:
    """`python -m annotate` in a workspace."""

    def __init__(self, root: Path, *words: str):
        env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "annotate", *words]
        self.process = subprocess.Popen(
            command, cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said = self.process.stdout.readline()  # type: ignore[union-attr]
        found = re.search(r"http://[\w.:\[\]]+(/\?token=\S+)?", said)
        assert found, said + self.process.stdout.read()  # type: ignore[union-attr]
        self.address = found[0]
        self.port = re.search(r":(\d+)", self.address.removeprefix("http:"))[1]  # type: ignore[index]

    def kill(self) -> None:
        """As kill -9 does it."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@contextmanager
def served(root: Path, *words: str) -> Iterator[Server]:
    server = Server(root, *words)
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Sitting:
    """A person at a browser of their own."""

    def __init__(self, browser: Any, address: str, name: str, width: int = 1280, height: int = 800, **how: Any):
        self.context = browser.new_context(viewport={"width": width, "height": height}, **how)
        self.page = self.context.new_page()
        self.troubles: list[str] = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.goto(address)
        self.page.fill("#name", name)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.drawn("")

    @property
    def query(self) -> str:
        """The question that is shown; empty where none is left."""
        return self.page.evaluate("document.body.dataset.query ?? ''")

    def drawn(self, before: str, seconds: float = 60) -> str:
        """Wait until another question than `before` is drawn, or none is left."""
        limit = monotonic() + seconds
        while monotonic() < limit:
            query, drawn, done = self.page.evaluate(
                "[document.body.dataset.query ?? '', document.body.dataset.drawn ?? '', document.body.classList.contains('done')]"
            )
            if done or (query and query == drawn and query != before):
                return query
            sleep(0.004)
        raise AssertionError(f"no question was drawn after {before}: {self.page.inner_text('#status')} {self.troubles}")

    def answer(self, key: str) -> str:
        """Press a key that answers; the question that was answered, when the next one is drawn."""
        before = self.query
        self.page.keyboard.press(key)
        self.drawn(before)
        return before

    def saved(self, seconds: float = 60) -> None:
        """Wait until every answer is on the server's disk."""
        limit = monotonic() + seconds
        while self.page.evaluate("Object.keys(localStorage).some((name) => name.startsWith('segmend-answer'))"):
            assert monotonic() < limit, "answers are still on their way"
            sleep(0.02)

    @property
    def took(self) -> float:
        """Milliseconds from the last answer's key to the next question drawn."""
        return float(self.page.evaluate("document.body.dataset.took"))
