"""What does the flow cost when nothing changed? A run of `segmend` and of its Prefect flow against plain `dvc repro`.

    python -m benchmarks.overhead       needs a workspace in which everything is fresh (make run)

Three commands take turns in one process, five times each, on the same workspace: `dvc repro`, `segmend run` (which starts neither
Prefect nor MLflow when nothing is stale) and the Prefect flow itself against a server that is already up.
"""

from os import environ
from pathlib import Path
from shutil import rmtree
from socket import socket
from statistics import median
from subprocess import DEVNULL, Popen, run
from sys import executable
from tempfile import mkdtemp
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.claims import Claim, arguments, write

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = {
    "dvc repro": ["-m", "dvc", "repro"],
    "segmend run": ["-m", "flows.cli", "run"],
    "Prefect flow": ["-m", "flows.orchestration.retrain"],
}


def serve(home: str) -> tuple[Popen, str]:
    """A Prefect server on a free port, ready."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**environ, "PREFECT_HOME": home}
    command = [executable, "-m", "prefect", "server", "start", "--port", str(port)]
    server = Popen(command, env=environment, stdout=DEVNULL, stderr=DEVNULL)
    address = f"http://127.0.0.1:{port}/api"
    for _ in range(240):
        try:
            urlopen(f"{address}/health", timeout=1)
            return server, address
        except (URLError, OSError):
            sleep(0.5)
    server.terminate()
    raise SystemExit("the Prefect server did not start within two minutes")


def main() -> None:
    arguments("overhead", __doc__)
    home = mkdtemp()
    server, address = serve(home)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    path = f"{Path(executable).parent}:{environ['PATH']}"
    environment = {**environ, "PREFECT_API_URL": address, "PREFECT_HOME": home, "PATH": path}
    try:
        for turn in range(6):
            for name, command in COMMANDS.items():
                begin = monotonic()
                run([executable, *command], cwd=ROOT, env=environment, check=True, stdout=DEVNULL, stderr=DEVNULL)
                if turn:  # the first turn warms the file cache
                    times[name].append(monotonic() - begin)
    finally:
        server.terminate()
        server.wait()
        rmtree(home, ignore_errors=True)
    plain, light, flow = (median(times[name]) for name in COMMANDS)
    rows = "\n".join(
        f"| {name} | {median(values):.2f} | {min(values):.2f} to {max(values):.2f} | {median(values) / plain:.2f} |"
        for name, values in times.items()
    )
    page = (
        "# What does the flow cost when nothing changed?\n\n`python -m benchmarks.overhead`: seconds of wall time of the whole "
        "process, everything fresh, commands taking turns five times, 2 cores; ratio to plain `dvc repro`.\n\n"
        f"| command | median | range | ratio |\n|---|---|---|---|\n{rows}"
    )
    write(
        "overhead",
        [
            Claim("segmend run more than dvc repro, seconds", "at most 3", light - plain, 1, None, light - plain <= 3),
            Claim("Prefect flow more than dvc repro, seconds", "at most 3", flow - plain, 1, None, flow - plain <= 3),
        ],
        page,
    )


if __name__ == "__main__":
    main()
