"""python -m annotate: serve the page of the workspace in the current folder until stopped. `segmend annotate` starts it."""

import signal
import socket
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from json import dumps, loads
from os import getpid
from pathlib import Path
from re import fullmatch
from typing import TYPE_CHECKING, Literal

from annotate.access import Access, access_for
from annotate.bodies import PERSON

if TYPE_CHECKING:
    from annotate.review import Options
    from annotate.workspace import Workspace

USER_MISTAKE = 2
PORT = 8765


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text}: a whole number from 1 on")
    return int(text)


def count(text: str) -> int:
    return 0 if text == "0" else positive(text)


def overlap(text: str) -> int | Literal["adaptive"]:
    return "adaptive" if text == "adaptive" else positive(text)


def person(text: str) -> str:
    if not fullmatch(PERSON, text):
        raise ArgumentTypeError(f"{text!r}: a name has up to 40 letters, digits, blanks and . ' @ - _")
    return text


def arguments() -> ArgumentParser:
    parser = ArgumentParser("segmend annotate", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to serve at; any but this machine's demands a token"
    )
    parser.add_argument("--port", type=int, default=0, help=f"network port; default {PORT}, or a free one")
    parser.add_argument("--round", help="the round to answer; default: the newest that has questions")
    parser.add_argument(
        "--questions",
        type=Path,
        help="a folder of questions: of segmend audit --ask, whose answers go to the round, or of segmend promote --labels --ask, whose answers "
        "stand beside them",
    )
    parser.add_argument(
        "--overlap",
        type=overlap,
        help="how many people get each question, or adaptive; default: correct.overlap of params.yaml",
    )
    parser.add_argument(
        "--gold", type=count, default=0, help="every so many questions one whose answer a gold mask knows; 0: never"
    )
    parser.add_argument("--repeats", type=count, default=0, help="every so many questions one comes again; 0: never")
    parser.add_argument(
        "--lease", type=positive, default=900, help="seconds until an open question goes to somebody else"
    )
    parser.add_argument("--expert", type=person, help="who settles disputed questions; default: everybody may")
    parser.add_argument(
        "--user", type=person, action="append", default=[], help="make a link for this person; may be given again"
    )
    return parser


def main(words: list[str] | None = None) -> int:
    chosen = arguments().parse_args(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does, with everything put away
    try:
        return serve(chosen)
    except ValueError as mistake:
        print(mistake, file=sys.stderr)
        return USER_MISTAKE
    except KeyboardInterrupt:
        return 0


def serve(chosen: Namespace) -> int:
    import uvicorn
    from filelock import FileLock, Timeout

    from annotate.app import make_app
    from annotate.retrain import Run
    from annotate.review import Review
    from annotate.workspace import WORK, Workspace

    root = Path.cwd()
    workspace = Workspace(root)
    if chosen.round and chosen.round not in workspace.rounds:
        raise ValueError(f"--round {chosen.round}: one of {', '.join(workspace.rounds) or 'none; see segmend rounds'}")
    if chosen.questions and not (chosen.questions / "queries.jsonl").is_file():
        raise ValueError(
            f"--questions {chosen.questions}: no queries.jsonl is there; segmend audit ROUND --ask N and segmend promote "
            "--labels --ask N write one"
        )
    (root / WORK).mkdir(parents=True, exist_ok=True)
    address_file = root / WORK / "address.json"
    lock = FileLock(root / WORK / "server.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(
            f"The page of this workspace is served already: {loads(address_file.read_text())['address']}"
        ) from None
    run = Run(root)
    try:
        review = Review(workspace, options_of(chosen, workspace))
        access = access_for(chosen.host, chosen.user)
        app = make_app(review, access, run)
        bound = bind(chosen.host, chosen.port)
        address = f"http://{chosen.host if ':' not in chosen.host else f'[{chosen.host}]'}:{bound.getsockname()[1]}"
        address_file.write_text(dumps({"address": address, "pid": getpid()}) + "\n")
        announce(address, access)
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
        uvicorn.Server(config).run(sockets=[bound])
        return 0
    finally:
        run.stop()
        address_file.unlink(missing_ok=True)
        lock.release()


def options_of(chosen: Namespace, workspace: "Workspace") -> "Options":
    """How questions are given out: as the command says, else as params.yaml does."""
    from annotate.review import Options
    from segmend.images.dataset import GOLD

    if chosen.gold and GOLD not in workspace.dataset.card.annotators:
        raise ValueError(
            "--gold: the data set has no gold masks, so no answer is known; add some (masks/gold/<id>.png) and run segmend run"
        )
    people = chosen.overlap or (workspace.params.get("correct") or {}).get("overlap", 1)
    if people != "adaptive" and (type(people) is not int or people < 1):
        raise ValueError(
            f"correct.overlap in params.yaml is {people!r}: it must be a count of people from 1 to 100, or adaptive"
        )
    return Options(people, chosen.lease, chosen.repeats, chosen.expert, chosen.gold, chosen.round, chosen.questions)


def bind(host: str, port: int) -> socket.socket:
    """A socket at this port; without one at the usual port, or at any that is free."""
    for wanted in [port] if port else [PORT, 0]:
        made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, wanted))
            made.listen(128)  # whoever reads the address may come at once
            return made
        except (OSError, OverflowError) as trouble:
            made.close()
            if wanted != PORT or port:
                raise ValueError(f"Cannot serve at {host}, port {wanted}: {trouble}") from None
    raise AssertionError("a free port is always found or refused")


def announce(address: str, access: Access) -> None:
    """The address, and each token once, as a link."""
    if not access.tokens:
        print(f"Answer questions at {address}   (stop with Ctrl-C)", flush=True)
        return
    for token, who in access.tokens.items():
        print(f"{who or 'Everybody with this link'}: {address}/?token={token}", flush=True)
    if not access.local:
        print("What is sent is not encrypted: on a network that others use, put a proxy with TLS in front.", flush=True)
    print("Stop with Ctrl-C.", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
