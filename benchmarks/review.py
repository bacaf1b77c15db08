"""The page where people answer: is it fast, does it lose nothing, does its memory stay?

    python -m benchmarks.review
    python -m benchmarks.review --pictures     only the pictures of docs/pictures

A headless Chromium (Debian's package, driven by Playwright) answers drawn workspaces by keyboard.
"""

import os
from collections.abc import Iterator
from os import getloadavg
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import psutil

from annotate.workspace import Workspace
from benchmarks.claims import Claim, arguments, cells, write
from benchmarks.review_pictures import take_pictures
from segmend.answers.answers import latest, read
from segmend.images.dataset import Dataset, write_samples
from segmend.images.rasters import Maps, write_maps
from tests.annotate import toy
from tests.annotate.browser import chromium, served
from tests.annotate.sittings import sit, sit_together

SIZES, PACES = (512, 4096), {"half a second": 0.5, "at once": 0.0}
ANSWERS, IMAGES = 200, 3000
EVERY = 500  # images between two readings of the memory

PAGE = """# The page where people answer

`python -m benchmarks.review`: headless Chromium at drawn workspaces, scripted keyboard; server and browser on one machine of two
cores; what else ran meanwhile shows in the load average.

**Page work per answer**: from the key to the next question drawn, picture and outline complete, milliseconds, {answers} answers a row. The next
five questions are loaded meanwhile. "Half a second" is the time between a question drawn and the next key, faster than people answer (two
hundred in ten minutes are three seconds each); with "at once" the script outruns the five questions, and waits for the server.

| image | pace | median | 95th percentile | largest | load average |
|---|---|---|---|---|---|
{rows}

**Sitting**: {answers} answers at 512 x 512; the server is killed with -9 after 60 and 110 answers, three answers are given each time while it is
away, and the window is closed and opened again before the second start. Lost answers: {lost}. Answers written twice: {twice}.

**Two browsers** at once, {together} questions, three answers undone and given again: questions that both answered: {both}.

**Memory of the server** (resident, MB) while every image of {images} (256 x 256) is looked at with its labels and superpixels:

| images | {heads} |
|---|{rules}|
| MB | {memory} |
"""


def measure(what: str, size: int, pace: str = "") -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        root = Path(folder) / "space"
        if pace:
            return speed(root, size, pace)
        return {"kills": kills, "together": together, "memory": memory}[what](root, size)


def speed(root: Path, size: int, pace: str) -> dict[str, Any]:
    toy.make(root, images=2, size=(size, size), questions=ANSWERS + 10)
    with chromium() as browser:
        took = sit(browser, root, ANSWERS, pause=PACES[pace]).took
    return {"took": took, "load": getloadavg()[0]}


def kills(root: Path, size: int) -> dict[str, Any]:
    toy.make(root, images=6, size=(size, size), questions=ANSWERS + 10)
    with chromium() as browser:
        given = sit(browser, root, ANSWERS, kill_at=(60, 110), reload_at=110).given
    written = [answer.query for answer in read(root / "data/answers/r1.jsonl")]
    return {"given": len(given), "lost": len(set(given) - set(written)), "twice": len(written) - len(set(written))}


def together(root: Path, size: int) -> dict[str, Any]:
    toy.make(root, size=(size, size), questions=60)
    with chromium() as browser:
        given, _ = sit_together(browser, root, turns=15, undone=3)
    answers = latest(read(root / "data/answers/r1.jsonl"))
    return {"questions": 60, "answers": len(answers), "both": len(set(given[0]) & set(given[1]))}


def memory(root: Path, size: int) -> dict[str, Any]:
    toy.make(root, images=40, size=(size, size), questions=300, truth=False)
    multiplied(root, IMAGES)
    keys = [key for key, picture in Workspace(root).pictures.items() if picture.sample.id.startswith("many/")]
    with served(root) as server, httpx.Client(base_url=server.address, timeout=120) as client:
        client.post("/api/name", json={"name": "ada"})
        process, readings = psutil.Process(server.process.pid), []

        def places() -> Iterator[str]:
            for key in keys:
                yield from (f"/tiles/image/{key}/0/0/0", f"/tiles/labels/r0/{key}/0/0/0", f"/tiles/cells/{key}/0/0/0")

        for number, place in enumerate(places()):
            looked_at(client, place)
            if number % (3 * EVERY) == 3 * EVERY - 1:
                readings.append(round(process.memory_info().rss / 2**20))
        client.get("/browse")
        readings.append(round(process.memory_info().rss / 2**20))
    return {"mb": readings}


def looked_at(client: httpx.Client, place: str) -> None:
    """Get an address; once more where the server had closed an idle connection."""
    try:
        client.get(place).raise_for_status()
    except httpx.TransportError:
        client.get(place).raise_for_status()


def multiplied(root: Path, images: int) -> None:
    """As many images, each a link to one of those that are there under an id of its own."""
    data, dataset = root / "data", Dataset(root / "data/dataset")
    drawn = [sample for sample in dataset.samples if sample.split == "train"]
    cells = Maps(data / "regions")
    samples = [drawn[k % len(drawn)]._replace(id=f"many/{k:04d}") for k in range(images)]
    for folder in (data / "dataset/images", data / "labels/r0/maps"):
        (folder / "many").mkdir()
        for k, sample in enumerate(samples):
            os.link(folder / f"{drawn[k % len(drawn)].id}.png", folder / f"{sample.id}.png")
    write_maps(
        data / "many", ((sample.id, cells[drawn[k % len(drawn)].id]) for k, sample in enumerate(samples)), images
    )
    rmtree(data / "regions")
    (data / "many").rename(data / "regions")
    write_samples(data / "dataset", [*samples, *drawn])


def main() -> None:
    chosen = arguments("review", __doc__, pictures={"action": "store_true", "help": "only make the pictures"})
    if chosen.pictures:
        take_pictures()
        return
    wanted: list[dict[str, Any]] = [{"what": "speed", "size": size, "pace": pace} for pace in PACES for size in SIZES]
    wanted += [{"what": "kills", "size": 512}, {"what": "together", "size": 512}]
    for cells_wanted in (
        wanted,
        [*wanted, {"what": "memory", "size": 256}],
    ):  # the memory takes longest: a page before it
        write_page({(row["what"], row["size"], row.get("pace")): row for row in cells("review", cells_wanted, measure)})
    take_pictures()


def write_page(rows: dict[tuple[str, int, str | None], dict[str, Any]]) -> None:
    """The page and the claims from the rows that are there."""
    table, claims = [], []
    for pace in PACES:
        for size in SIZES:
            took, load = np.array(rows["speed", size, pace]["took"]), rows["speed", size, pace]["load"]
            middle, high = map(float, np.percentile(took, (50, 95)))
            table.append(f"| {size} x {size} | {pace} | {middle:.0f} | {high:.0f} | {took.max():.0f} | {load:.0f} |")
            if PACES[pace]:
                key = f"key to next question at {size} x {size}, ms"
                claims.append(Claim(f"{key}, median", "at most 100", middle, 1, None, middle <= 100))
                claims.append(Claim(f"{key}, 95th percentile", "at most 100", high, 1, None, high <= 100))
    lost, pair = rows["kills", 512, None], rows["together", 512, None]
    used = rows["memory", 256, None]["mb"] if ("memory", 256, None) in rows else []
    claims.append(Claim("answers lost or doubled by two kills and a reload", "0", lost["lost"] + lost["twice"], 1, None, not lost["lost"] + lost["twice"]))  # fmt: skip
    claims.append(Claim("questions that two browsers both answered", "0", pair["both"], 1, None, pair["both"] == 0))
    if used:
        growth = used[-2] / used[0]
        claims.append(
            Claim(
                f"memory after {IMAGES:,} images, times that after {EVERY}",
                "at most 1.1",
                growth,
                1,
                None,
                growth <= 1.1,
            )
        )
    heads = [f"{EVERY * (k + 1):,}" for k in range(len(used) - 1)] + ["and browse"] if used else ["not measured yet"]
    page = PAGE.format(
        answers=ANSWERS, rows="\n".join(table), lost=lost["lost"], twice=lost["twice"],
        together=pair["questions"], both=pair["both"], images=f"{IMAGES:,}", heads=" | ".join(heads), rules="|".join("---" for _ in heads),
        memory=" | ".join(map(str, used)) or "-",
    )  # fmt: skip
    write("review", claims, page)


if __name__ == "__main__":
    main()
