"""Kills of those who write answers: two processes append to one file as the page does, and are killed; nothing acknowledged is lost."""

from json import loads
from os import read as read_bytes
from pathlib import Path
from random import Random
from signal import SIGKILL
from subprocess import PIPE, Popen
from sys import executable
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any

from segmend.answers.answers import read

TRIALS = 30
# Appends answers one by one; a number is printed when the journal has said that it is on the disk.
WRITER = """
import sys
from pathlib import Path
from annotate.journal import Journal
from segmend.answers.answers import Answer, Footprint
folder, who = Path(sys.argv[1]), sys.argv[2]
journal = Journal(folder / "r1.jsonl", folder / "work", None, None)
for k in range(100_000):
    journal.append([Answer(query=f"r1-{who}-{k}", image="a", footprint=Footprint(size=(4, 4), runs=(0, 4, 12)), kind="class",
                           classes=("leaf",), who=who, comment="x" * (k % 3000))])
    print(k, flush=True)
"""


def trial(number: int) -> dict[str, Any]:
    """Two writers, each killed at a random moment; every answer that was acknowledged is read back, in order, once."""
    random = Random(number)
    with TemporaryDirectory() as folder:
        people = ("ada", "ben")
        writers = [Popen([executable, "-c", WRITER, folder, who], stdout=PIPE) for who in people]
        for writer in writers:
            writer.stdout.readline()  # type: ignore[union-attr]  # it writes
        printed = [b"0\n", b"0\n"]
        for k, writer in enumerate(writers):
            sleep(random.random() / 2)
            writer.send_signal(SIGKILL)
            while piece := read_bytes(writer.stdout.fileno(), 65536):  # type: ignore[union-attr]
                printed[k] += piece
            writer.wait()
        acknowledged = [
            int(lines.split()[-1]) + 1 if lines.endswith(b"\n") else int(lines.split()[-2]) + 1 for lines in printed
        ]
        path = Path(folder) / "r1.jsonl"
        content = path.read_bytes()
        torn = not content.endswith(b"\n")
        if torn:  # what the next writer does
            from annotate.journal import Journal

            Journal(path, Path(folder) / "work", None, None).refresh()
        answers = read(path)
        kept = [[answer.query for answer in answers if answer.who == who] for who in people]
        whole = all(loads(line) for line in path.read_text().splitlines())
    good = [
        queries[:n] == [f"r1-{who}-{k}" for k in range(n)] and n <= len(queries) <= n + 1
        for who, queries, n in zip(people, kept, acknowledged, strict=True)
    ]
    return {"kind": "writer", "trial": number, "acknowledged": sum(acknowledged), "kept": sum(map(len, kept)),
            "torn": torn, "passed": all(good) and whole}  # fmt: skip
