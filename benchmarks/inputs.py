"""What ingest makes of the folders that people have: classes and pixels as expected, or the sentence that was expected.

    python -m benchmarks.inputs                  every folder of ../shared/cases that is there, and those made here
    python -m benchmarks.inputs --cases FOLDER   the folders of another place, with an expectation below or without one
    python -m benchmarks.inputs --speed          `segmend inspect` on 3,000 images against one read of the files

Every folder is read by the code of `segmend inspect`, whose verdict is ingest's. Writes results/inputs.md.
"""

import sys
from argparse import ArgumentParser
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from json import dumps, loads
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from benchmarks import inputs_made_layouts, inputs_made_pixels
from benchmarks.claims import RESULTS
from benchmarks.inputs_made import MADE, Expected, save
from tasks.ingest.inspect import main as inspect

assert inputs_made_layouts.made is inputs_made_pixels.made  # both add their folders to MADE
CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"
SPEED_IMAGES = 3000
SPEED = RESULTS / "inputs_speed.json"

SHARED = {  # the number that a folder's name begins with: what ingest reads of it, compared with its pictures
    "01": Expected({"cat": 360, "background": 14464, "dog": 3608}),
    "02": Expected({"background": 32115, "foreground": 7821}),
    "03": Expected({"background": 19764, "foreground": 4812}),
    "04": Expected({"background": 14824, "nucleus": 3608}, notes=("12 read, 12 drawn",)),
    "05": Expected({"background": 19764, "foreground": 4812}, notes=("mask names end in '_segmentation'",)),
    "05b": Expected({"background": 19764, "car": 4812}),
    "06": Expected({"bg": 19764, "cell": 4812}, notes=("read as 12 bits",)),
    "08b": Expected({"_background_": 14824, "dog": 3608}),
    "08": Expected({"background": 10964, "dog": 1324}, notes=("4 read, 4 drawn",)),
    "09": Expected({"background": 12021, "rock": 320, "tree": 3019}, notes=("tasks are matched to images",)),
    "10a": Expected({"background": 9888, "dog": 2400, "cat": 0}, notes=("no pixel is of the class cat",)),
    "10b": Expected(words="annotation 1 (dog): its outline has 9 numbers"),
    "10d": Expected(words="annotation 1 (dog): it reaches from x, y = 100, 100"),
    "10f": Expected(
        {"background": 17832, "dog": 600, "cat": 0}, notes=("5 of 6 images have no annotation", "not-listed.jpg")
    ),
    "10g": Expected({"background": 9888, "dog": 2400, "cat": 0}),
    "10l": Expected({"background": 19776, "polyp": 4800}),
    "11": Expected({"background": 9208, "leaf": 3080}, notes=("EXIF turns 4 of 4 images",)),
    "12": Expected(words="its objects are in the alpha channel"),
    "13": Expected({"background": 13824, "dog": 4608}, notes=("6 read, 6 drawn",)),
    "14": Expected({"background": 10924, "dog": 1364}, notes=("4 read, 4 drawn",)),
    "15c": Expected({"background": 44472, "foreground": 10824}, notes=("masks of 3 annotators",)),
    "16": Expected({"bg": 19760, "roof": 4816}),
    "19": Expected(words="no palette says which colour is which class"),
    "20": Expected({"bg": 14824, "roof": 3608}),
    "21": Expected(words="set ingest.masks_drawn_on to stored"),
    "27": Expected(words="182,000,000 pixels, and 100,000,000 are allowed"),
    "30": Expected({"Straße": 14824, "Gebäude": 3608}, notes=("read as Windows-1252",)),
    "38": Expected({"bg": 24702, "x": 6018}),
    "41": Expected({"background": 24702, "dog": 6018}),
    "46": Expected({"bg": 16979, "cell": 4210, "rim": 315}),
    "49": Expected({"bg": 19764, "cell": 4812}, notes=("the data lie in its folder mydata",)),
}


class Outcome(NamedTuple):
    """What `segmend inspect` said of a folder."""

    name: str
    code: int  # 0 accepted, 2 refused, 1 a crash
    pixels: dict[str, int]
    text: str  # all sentences
    as_expected: bool | None  # None where nothing is expected of the folder


def tried(name: str, folder: Path, expected: Expected | None) -> Outcome:
    out, err = StringIO(), StringIO()
    seen: dict[str, Any] = {}
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = inspect([str(folder), "--json"])
        seen = loads(out.getvalue())
    except Exception as trouble:
        return Outcome(name, 1, {}, f"traceback: {trouble!r}", False)
    pixels = {entry["name"]: entry["pixels"] for entry in seen.get("classes", [])} if code == 0 else {}
    text = "\n".join([*seen.get("notes", []), err.getvalue().replace(f"{folder}", "PATH")]).strip()
    if expected is None:
        return Outcome(name, code, pixels, text, None)
    good = code == 0 and pixels == expected.pixels if expected.pixels else code == 2 and expected.words in text
    return Outcome(name, code, pixels, text, good and all(words in text for words in expected.notes))


def outcomes(cases: Path) -> list[Outcome]:
    """All folders, those of `cases` first."""
    rows = []
    for folder in sorted(cases.iterdir()) if cases.is_dir() else []:
        key = folder.name.replace(" ", "-").split("-")[0]
        rows.append(tried(folder.name, folder, SHARED.get(key) if cases == CASES else None))
    with TemporaryDirectory() as temporary:
        for name, make in MADE.items():
            folder = Path(temporary) / name
            folder.mkdir()
            rows.append(tried(f"made: {name}", folder, make(folder)))
    return rows


def page(rows: list[Outcome]) -> str:
    judged = [row for row in rows if row.as_expected is not None]
    good = sum(bool(row.as_expected) for row in judged)
    lines = [
        "# Folders that people have, and what ingest makes of them",
        "",
        "Made by `python -m benchmarks.inputs`. Refused means exit code 2 and one report.",
        "",
        f"**{good} of {len(judged)} as expected; {sum(row.code == 1 for row in rows)} tracebacks.**",
        "",
        *speed_lines(),
        "",
        "| folder | as expected | verdict |",
        "|---|---|---|",
    ]
    for row in rows:
        verdict = (
            ", ".join(f"{name} {count}" for name, count in row.pixels.items()) if row.code == 0 else shortened(row.text)
        )
        mark = {True: "yes", False: "**no**", None: "not judged"}[row.as_expected]
        lines.append(
            f"| {row.name} | {mark} | {'accepted: ' if row.code == 0 else 'refused: '}{verdict.replace('|', '/')} |"
        )
    return "\n".join(lines) + "\n"


def speed_lines() -> list[str]:
    """What the last `--speed` measured; nothing where it was never run."""
    if not SPEED.is_file():
        return []
    row = loads(SPEED.read_text())
    ratio = row["inspect_seconds"] / row["read_seconds"]
    return [
        f"`--speed`, {row['images']:,} images of 256 x 256 in one process: inspect takes {ratio:.2f} times the CPU time of one decoding of "
        f"all files ({row['inspect_seconds']:.1f} against {row['read_seconds']:.1f} s; the target is twice)."
    ]


def shortened(text: str) -> str:
    """The first sentence of a report about a file or the set."""
    lines = text.splitlines()
    start = next((k for k, line in enumerate(lines) if line.startswith("PATH")), 0)
    several = lines[start].endswith(("problem", "problems")) and start + 1 < len(lines)
    return lines[start + several].strip()[:220] if lines else ""


def speed(count: int = SPEED_IMAGES) -> tuple[float, float]:
    """CPU seconds of inspect, and of one read (decoding) of all its files, on `count` images of 256 x 256."""
    rng = np.random.default_rng(0)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        smooth = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        for k in range(count):
            image = np.asarray(Image.fromarray(np.roll(smooth, k, 1)).resize((256, 256))) ^ np.uint8(k % 7)
            image = image.copy()
            image[0, 0] = (k % 256, k // 256, 0)
            save(image, folder / "images" / f"{k:05d}.png")
            mask = np.zeros((256, 256), np.uint8)
            mask[20:120, k % 100 : k % 100 + 90] = 1
            save(mask, folder / "masks" / f"{k:05d}.png")
        (folder / "classes.json").write_text('{"classes": ["ground", "cell"]}')
        begin = process_time()
        for path in sorted(folder.rglob("*.png")):
            with Image.open(path) as picture:
                np.asarray(picture)
        read = process_time() - begin
        begin = process_time()
        with redirect_stdout(StringIO()):
            code = inspect([str(folder), "--json"])
        assert code == 0
        return process_time() - begin, read


def main() -> None:
    parser = ArgumentParser("python -m benchmarks.inputs", description=__doc__)
    parser.add_argument("--cases", type=Path, default=CASES, help="a folder of data sets")
    parser.add_argument(
        "--speed", action="store_true", help="time instead of verdicts (SEGMEND_WORKERS=1: CPU seconds)"
    )
    chosen = parser.parse_args()
    if chosen.speed:
        seconds, read = speed()
        row = {"images": SPEED_IMAGES, "inspect_seconds": round(seconds, 2), "read_seconds": round(read, 2)}
        SPEED.write_text(dumps(row) + "\n")
        print("\n".join(speed_lines()))
        return
    rows = outcomes(chosen.cases)
    for row in rows:
        if not row.as_expected:
            print(
                f"{row.name}: exit {row.code}, {row.pixels}, expected: {row.as_expected}\n{row.text}\n", file=sys.stderr
            )
    text = page(rows)
    if chosen.cases == CASES:
        (RESULTS / "inputs.md").write_text(text)
    print("\n".join(text.splitlines()[4:5]))
    raise SystemExit(any(row.as_expected is False or row.code == 1 for row in rows))


if __name__ == "__main__":
    main()
