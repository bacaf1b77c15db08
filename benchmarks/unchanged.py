"""What does it cost to find that nothing changed, with many images? `segmend status` and `segmend run` against plain `dvc status`.

    python -m benchmarks.unchanged [--images 3000 30000]

A toy workspace in which everything ran; then every folder that a stage makes gets copies of its files until it holds one for each
image, and `dvc commit` takes them in. The commands take turns; seconds are of CPU, of the process and its children.
"""

from itertools import cycle
from os import environ
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from shutil import copyfile
from statistics import median
from subprocess import DEVNULL, run
from sys import executable

from ruamel.yaml import YAML

from benchmarks.claims import Claim, arguments, write
from benchmarks.faults_kills import prepared

NAME, TURNS, LIMIT = "unchanged", 3, 1.5
FOLDER = Path(__file__).resolve().parents[1] / ".work" / NAME
COMMANDS = {
    "dvc status": ["-m", "dvc", "status", "--quiet"],
    "segmend status": ["-m", "flows.cli", "status", "--json"],
    "segmend run": ["-m", "flows.cli", "run"],
}


def fill(workspace: Path, images: int) -> int:
    """Copies of files in every folder that dvc.lock says a stage made; returns the number of folders."""
    stages = YAML(typ="safe").load((workspace / "dvc.lock").read_text())["stages"]
    folders = {
        out["path"] for stage in stages.values() for out in stage.get("outs", ()) if (workspace / out["path"]).is_dir()
    }
    for folder in sorted(folders):
        files = sorted(path for path in (workspace / folder).rglob("*") if path.is_file())
        for number, source in zip(range(len(files), images), cycle(files), strict=False):
            copyfile(source, source.with_name(f"copy{number:06d}{source.suffix}"))
    dvc(workspace, "commit", "--force", "--quiet")
    return len(folders)


def dvc(workspace: Path, *words: str) -> None:
    run([executable, "-m", "dvc", *words], cwd=workspace, check=True, stdout=DEVNULL)


def seconds(workspace: Path, words: list[str]) -> float:
    """CPU time of one command that finds nothing to do."""
    before = getrusage(RUSAGE_CHILDREN)
    run([executable, *words], cwd=workspace, env={**environ, "PYTHONPATH": ""}, check=True, stdout=DEVNULL)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    counts = arguments(NAME, __doc__, images={"type": int, "nargs": "+", "default": [3000, 30_000]}).images
    lines, claims = [], []
    for images in counts:
        workspace = prepared(FOLDER / str(images))
        folders = fill(workspace, images)
        times: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for turn in range(TURNS + 1):
            for name, command in COMMANDS.items():
                took = seconds(workspace, command)
                if turn:  # the first turn fills DVC's table of known files and the file cache
                    times[name].append(took)
        plain = median(times["dvc status"])
        for name, values in times.items():
            ratio = median(values) / plain
            spread = f"{min(values):.1f} to {max(values):.1f}"
            lines.append(f"| {images:,} | {folders} | {name} | {median(values):.1f} | {spread} | {ratio:.2f} |")
            if name != "dvc status":
                claim = f"{name} over dvc status, {images:,} images"
                claims.append(Claim(claim, f"at most {LIMIT}", ratio, 1, None, ratio <= LIMIT))
    page = (
        "# What does it cost to find that nothing changed?\n\n`python -m benchmarks.unchanged`: CPU seconds of a whole command, the "
        f"commands taking turns {TURNS} times; every folder of the workspace holds as many files as there are images.\n\n"
        "| images | folders | command | median | range | ratio |\n|---|---|---|---|---|---|\n" + "\n".join(lines)
    )
    write(NAME, claims, page)


if __name__ == "__main__":
    main()
