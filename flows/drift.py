"""Whether the images that came since the last promotion are unlike the promoted ones, and who has looked at it.

The promoted data set is a folder of DVC's cache, named by its hash in data/promotions.jsonl, as promoted label sets are. What
`segmend drift --accept` accepts takes its place there. A verdict is kept until one of its inputs changes.
"""

import json
import tempfile
from collections.abc import Callable, Iterable
from hashlib import md5
from pathlib import Path
from typing import Any

from flows import notify
from flows.engine.module import run_module
from flows.environment import UserError
from flows.files import promotions, workspace_files

FOLDER = Path(".work/drift/report")
PAGE, VERDICT, KEY = FOLDER / "index.html", FOLDER / "drift.json", FOLDER.parent / "key"
NO_DATA = "There is no data set yet: run segmend run first."


def reference(root: Path) -> dict[str, Any] | None:
    """The promotion (of a network or of labels) or acceptance whose data is compared with: the last one. None where there is none."""
    lines = [line for kind in ("network", "labels", "data") for line in promotions.standing(root, kind)]
    known = sorted((line for line in lines if line.get("dataset")), key=promotions.moment)
    return known[-1] if known else None


def dataset(root: Path) -> tuple[Path, str]:
    """The folder of today's data set and its hash; "" where ingest has not run."""
    from flows.engine.stage_command import stage_command

    path = stage_command(root, "evaluate", {}).options["dataset"]
    return Path(path), workspace_files.out_hashes(root, "ingest").get(path, "")


def verdict(root: Path, warn: Callable[[str], None]) -> dict[str, Any] | None:
    """What tasks/drift says, made anew if its inputs changed; None where the data is the promoted one, or none was promoted.

    Raises UserError where the comparison cannot be made.
    """
    promoted = reference(root)
    if promoted is None:
        return None
    path, now = dataset(root)
    if not now or now == promoted["dataset"]:
        return None
    champion = root / promotions.CHAMPION / "weights.safetensors"
    settings = workspace_files.params(root)
    parts = [promoted["dataset"], now, settings.get("drift"), settings.get("seed")]
    parts.append(md5(champion.read_bytes()).hexdigest() if champion.is_file() else None)
    key = md5(json.dumps(parts).encode()).hexdigest()
    if not (root / KEY).is_file() or (root / KEY).read_text() != key:
        (root / KEY).unlink(missing_ok=True)  # until the new verdict is whole
        compare(root, path, promoted["dataset"], champion.parent if champion.is_file() else None)
        record(root, warn)
        (root / KEY).write_text(key)
    return dict(json.loads((root / VERDICT).read_text()))


def compare(root: Path, path: Path, promoted: str, champion: Path | None) -> None:
    from flows.tracking.promotion import from_cache

    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        words = ["--dataset", str(path), "--out", str(FOLDER)]
        words += ["--promoted", str(from_cache(root, promoted, Path(folder)))]
        words += ["--network", str(champion)] if champion else []
        run_module(root, "tasks.drift.compare", words, "Drift cannot be measured: {}")


def record(root: Path, warn: Callable[[str], None]) -> None:
    """The verdict as a run of its own in MLflow: the shift of every measure, the page."""
    from flows.tracking.mlflow_store import Store, TrackingUnavailable

    found = json.loads((root / VERDICT).read_text())
    values = {f"drift/{row['title']}": row["shift"]["shift"] for row in found["rows"] if row["shift"]}
    values |= {"drift/new images": found["new"], "drift/drifted": int(found["drifted"])}
    try:
        store = Store(root, workspace_files.dataset_name(root), warn)
        run = store.start("drift", workspace_files.git_tags(root))
        store.send(run, [{"kind": "metrics", "values": values}], warn)
        store.note(run, {"mlflow.note.content": found["sentence"]}, {}, [root / PAGE])
        store.end(run, "FINISHED")
    except TrackingUnavailable as trouble:
        warn(f"MLflow has no record of the drift: {trouble}")


def stop(root: Path, say: Callable[[str], None]) -> Callable[[Iterable[str]], str]:
    """For the runner, after each stage with its outputs: why the run must stop there, or ""."""

    def after(outs: Iterable[str]) -> str:
        if reference(root) is None or str(dataset(root)[0]) not in outs:
            return ""
        try:
            found = verdict(root, say)
        except UserError as mistake:
            say(f"{mistake} The run goes on without it.")
            return ""
        if found is None or not found["drifted"]:
            return ""
        sentence = f"{found['sentence']} Look at {PAGE}, then go on with: segmend drift --accept"
        notify.send(root, "drifted", sentence, say, again=False)
        if not found["settings"]["stop"]:
            say(sentence)
        return sentence if found["settings"]["stop"] else ""

    return after


def accept(root: Path) -> str:
    """Make today's data the one that later data is compared with; the sentence that says so."""
    _, now = dataset(root)
    if not now:
        raise UserError(NO_DATA)
    promotions.append(root, "data", "promote", dataset=now)
    return "Today's data is accepted: later images are compared with it. Go on with: segmend run"
