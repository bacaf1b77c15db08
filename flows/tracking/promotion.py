"""Which network, and which label set, the team uses: compared, promoted, rolled back, recorded.

A promotion is an alias of the registered network in MLflow, a copy in data/weights/champion (training can start from it:
train.start), a line in data/promotions.jsonl, and a run in MLflow with the comparison. A label set is a folder of DVC's cache, named by
its hash in data/promotions.jsonl.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows import drift, notify
from flows.engine.module import run_module
from flows.environment import UserError
from flows.files import promotions, workspace_files


def connected(root: Path) -> Any:
    from flows.tracking.mlflow_store import Store, TrackingUnavailable

    try:
        return Store(root, workspace_files.dataset_name(root))
    except TrackingUnavailable as error:
        raise UserError(f"MLflow does not answer ({error}); promotions are recorded there.") from error


def attempt(root: Path, kind: str, round: str | None = None, force: bool = False) -> str:
    """Compare, promote if the rule allows it, record; the sentence that says what came of it."""
    path, md5, name = candidate(root, kind, round)
    known = len(promotions.read(root, kind))
    sentence = (labels_ if kind == "labels" else network)(root, path, md5, name, force)
    if len(promotions.read(root, kind)) > known:
        notify.send(root, "promoted", sentence, print)
    return sentence


def roll_back(root: Path, kind: str) -> str:
    """To the promotion before; the sentence that says so. UserError where there is none."""
    if kind == "labels":
        stack = promotions.standing(root, "labels")
        if len(stack) < 2:
            raise UserError("No label set was promoted before this one, so there is nothing to go back to.")
        promotions.append(root, "labels", "rollback", round=stack[-2]["round"], md5=stack[-2]["md5"])
        return f"The promoted label set is that of {stack[-2]['round']} ({stack[-2]['at']}) again."
    from flows.tracking import registry

    store = connected(root)
    now = registry.champion(store)
    if now is None or not now.before:
        raise UserError("There was no champion before this one, so there is nothing to go back to.")
    before = registry.version(store, now.before)
    take_over(root, store, before)
    registry.crown(store, before.number, None, f"rolled back from version {now.number}")
    promotions.append(root, "network", "rollback", version=before.number, md5=before.md5, was=now.number)
    return f"The champion is version {before.number} of {store.name} again (it was {now.number})."


def candidate(root: Path, kind: str, round: str | None) -> tuple[Path, str, str]:
    """Folder, hash and round of what is to be promoted. UserError where it is not made, or not by the stages."""
    from flows.engine.stage_command import stage_command

    models = list(workspace_files.params(root).get("models") or {})
    if round is not None and round not in models:
        raise UserError(f"There is no round {round}; there are {', '.join(models)}.")
    for name in [round] if round else reversed(models):
        if kind == "network":
            stage, path = f"train@{name}", stage_command(root, "train", {"key": name}).options["out"]
        else:
            stage = "pseudo_label" if name == "r0" else f"correct@{name}"
            path = stage_command(root, "train", {"key": name}).options["labels"]
        md5 = workspace_files.out_hashes(root, stage).get(path)
        if md5 and (root / path).is_dir():
            return root / path, md5, name
    raise UserError(f"There is nothing to promote{f' in {round}' if round else ''} yet: run segmend run first.")


def compared(root: Path, kind: str, challenger: Path, champion: Path) -> dict[str, Any]:
    """The verdict of tasks/gate on today's images."""
    from flows.engine.stage_command import stage_command

    options = stage_command(root, "evaluate", {}).options
    out = root / ".work" / "gate" / kind
    words = ["--kind", kind, "--dataset", options["dataset"], "--truth", options["truth"]]
    words += ["--challenger", str(challenger), "--champion", str(champion), "--out", str(out)]
    if kind == "labels":
        words += [word for pair in asked(root) for word in ("--asked", *pair)]
    run_module(root, "tasks.gate.compare", words, "They cannot be compared: {}. Promote without a comparison: --force.")
    return dict(json.loads((out / "verdict.json").read_text()))


def asked(root: Path) -> list[tuple[str, str]]:
    """The folder of questions and the file of answers of each round, and of each draw of held-out questions."""
    from flows.engine.stage_command import stage_command

    rounds = list(workspace_files.params(root).get("rounds") or {})
    options = [stage_command(root, "correct", {"key": name}).options for name in rounds]
    return [(each["queries"], each["answers"]) for each in options] + [
        (str(folder), str(folder / promotions.HELD_OUT_ANSWERS)) for folder in promotions.draws(root)
    ]


def ask(root: Path, number: int, round: str | None) -> str:
    """Draw so many questions whose answers no round applies; the sentence that says where they are answered."""
    from flows.engine.stage_command import stage_command

    labels, _, _ = candidate(root, "labels", round)
    options, earlier = stage_command(root, "superpixelize", {}).options, promotions.draws(root)
    target = promotions.HELD_OUT / str(int(earlier[-1].name) + 1 if earlier else 1)
    words = ["--dataset", options["dataset"], "--regions", options["out"], "--labels", str(labels)]
    words += ["--number", str(number), "--out", str(target)]
    words += [word for folder in earlier for word in ("--before", str(folder))]
    run_module(root, "tasks.gate.draw", words, "No questions were drawn: {}.")
    made = len((root / target / "queries.jsonl").read_text().splitlines())
    return (
        f"{made} questions, drawn at random; their answers judge label sets and change none. Ask people: "
        f"segmend annotate --questions {target}; then: segmend promote --labels"
    )


def verdict_of(force: bool, first: bool, what: str, compare: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """`promoted` and `sentence`; the comparison's numbers where there was one to make and it could be made."""
    if first:
        return {"promoted": True, "sentence": f"The first {what} that is promoted; there was none to compare it with."}
    try:
        verdict = compare()
    except UserError:
        if not force:
            raise
        return {"promoted": True, "sentence": "Promoted by hand (--force), without a comparison."}
    if force and not verdict["promoted"]:
        verdict |= {"promoted": True, "sentence": f"Promoted by hand (--force). {verdict['sentence']}"}
    return verdict


def network(root: Path, path: Path, md5: str, round: str, force: bool) -> str:
    from flows.tracking import registry

    store = connected(root)
    now = registry.champion(store)
    if now is not None and now.md5 == md5:
        return f"The network of {round} is the champion already (version {now.number} of {store.name})."
    with tempfile.TemporaryDirectory() as folder:
        verdict = verdict_of(
            force,
            now is None,
            "network",
            lambda: compared(root, "network", path, registry.fetch(store, now, Path(folder))),  # type: ignore[arg-type]
        )
    run = store.start(f"promotion {round}", workspace_files.git_tags(root))
    number = registry.register(store, path, md5, run)
    if verdict["promoted"]:
        take_over(root, store, registry.version(store, number))
        registry.crown(store, number, now.number if now else "", verdict["sentence"])
        promotions.append(
            root,
            "network",
            "promote",
            round=round,
            version=number,
            md5=md5,
            forced=force,
            why=verdict["sentence"],
            dataset=drift.dataset(root)[1],
        )
    record(store, run, verdict)
    what = f"Version {number} of {store.name} is the champion" if verdict["promoted"] else "The champion stays"
    return f"{what}. {verdict['sentence']}"


def labels_(root: Path, path: Path, md5: str, round: str, force: bool) -> str:
    store = connected(root)
    stack = promotions.standing(root, "labels")
    if stack and stack[-1]["md5"] == md5:
        return f"The labels of {round} are promoted already."
    with tempfile.TemporaryDirectory() as folder:
        verdict = verdict_of(
            force, not stack, "label set", lambda: compared(root, "labels", path, from_cache(root, stack[-1]["md5"], Path(folder)))
        )  # fmt: skip
    if verdict["promoted"]:
        promotions.append(
            root,
            "labels",
            "promote",
            round=round,
            md5=md5,
            forced=force,
            why=verdict["sentence"],
            judged_by=verdict.get("judged_by"),
            dataset=drift.dataset(root)[1],
        )
    record(store, store.start(f"promotion labels {round}", workspace_files.git_tags(root)), verdict)
    what = f"The labels of {round} are promoted" if verdict["promoted"] else "The promoted labels stay"
    return f"{what}. {verdict['sentence']}"


def record(store: Any, run: str, verdict: dict[str, Any]) -> None:
    """The comparison as a run of its own in MLflow."""
    numbers = {"challenger mIoU": "challenger_miou", "champion mIoU": "champion_miou", "share of draws": "share_better"}
    values = {f"promotion/{name}": verdict[key] for name, key in numbers.items() if key in verdict}
    store.send(run, [{"kind": "metrics", "values": values}], print)
    tags = {"mlflow.note.content": verdict["sentence"], "promoted": str(verdict["promoted"]).lower()}
    store.note(run, tags, {"verdict.json": json.dumps(verdict, indent=2)}, [])
    store.end(run, "FINISHED")


def take_over(root: Path, store: Any, version: Any) -> None:
    """The network of a version as data/weights/champion, whole or as it was."""
    from flows.tracking import registry

    target = root / promotions.CHAMPION
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        fetched = registry.fetch(store, version, Path(folder) / "fetched")
        new = Path(folder) / "new"
        new.mkdir()
        for name in ("config.json", "weights.safetensors"):
            shutil.copyfile(fetched / name, new / name)
        if target.exists():
            target.rename(Path(folder) / "old")
        new.rename(target)


def from_cache(root: Path, md5: str, folder: Path) -> Path:
    """A folder of DVC's cache as links below `folder`. UserError where it is not in the cache any more."""
    from flows.engine.shared_cache import cache_folder

    def stored(digest: str) -> Path:
        path = cache_folder(root) / "files" / "md5" / digest[:2] / digest[2:]
        if not path.is_file():
            raise UserError(
                f"what was promoted ({md5}) is no longer in DVC's cache: fetch it with dvc fetch at the commit that made it"
            )
        return path

    for entry in json.loads(stored(md5).read_text()):
        link = folder / entry["relpath"]
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(stored(entry["md5"]))
    return folder
