"""What the page of a flow's run in MLflow says: description in Markdown, tags, and the curves over rounds under the field's names.

The units of every metric stand in docs/dashboards.md.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from flows.engine.runner import Outcome
from flows.files import workspace_files

# Column of the table of rounds -> metric. MLflow makes a section of what stands before the slash.
METRICS = {
    "data_miou": "data/mIoU",
    "ceiling_miou": "data/mIoU achievable",
    "coverage": "data/label coverage",
    "wrong_pixels": "data/wrong pixels",
    "model_miou": "test/mIoU",
    "clicks": "effort/clicks",
}
CLASS_METRICS = {"data_iou": "data IoU of class", "model_iou": "test IoU of class"}
RECIPE = (
    "train.network.name",
    "train.loss.name",
    "train.gradients",
    "train.selection.name",
    "train.teacher.name",
    "train.correction.name",
    "query.acquisition.name",
    "correct.expansion.name",
)  # what names a recipe, in this order; methods that do nothing are left out
IDLE = ("none", "all")
ML = "workflowType=machine_learning"  # else the side bar is that of chats and traces


def metrics(root: Path) -> Iterator[dict[str, Any]]:
    """Lines for the tracking store: one step a round, the data set's scores and those of each class."""
    rows = workspace_files.rounds(root)
    steps = {row["round"]: step for step, row in enumerate(rows)}
    for row in rows:
        values = {METRICS[key]: value for key, value in row.items() if key in METRICS}
        yield {"kind": "metrics", "values": values, "step": steps[row["round"]]}
    for scores in workspace_files.class_scores(root):
        values = {
            f"{name}/{scores['class']}": float(scores[key]) for key, name in CLASS_METRICS.items() if scores.get(key)
        }
        yield {"kind": "metrics", "values": values, "step": steps.get(scores["round"], 0)}


def recipe(settings: Mapping[str, Any]) -> str:
    """The chosen methods in one line, as `unet + dice + znorm + expected_gain + evidence`."""
    chosen = [str(settings.get(key) or "none") for key in RECIPE]
    return " + ".join(name for name in chosen if name not in IDLE)


def tags(root: Path, settings: Mapping[str, Any], version: str | None) -> dict[str, str]:
    """What a run is found by: data set, recipe, commit, dirty, the state of all data, the registered version."""
    git = workspace_files.git_tags(root)
    found = {
        "dataset": workspace_files.dataset_name(root),
        "recipe": recipe(settings),
        "commit": git.get("mlflow.source.git.commit", "")[:12],
        "dirty": git.get("segmend.dirty", ""),
        "dvc.lock.md5": workspace_files.lock_md5(root),
        "registered version": version or "",
    }
    return {name: value for name, value in found.items() if value}


def description(root: Path, outcomes: Mapping[str, Outcome], store: Any, run: str, version: str | None) -> str:
    """The text above the run: the rounds as a table, the report, the registered network, and what each stage did."""
    parts = [rounds_table(workspace_files.rounds(root))]
    if report := workspace_files.html_report(root):
        parts.append(
            f"[Report with pictures](#/experiments/{store.experiment}/runs/{run}/artifacts/{report.name}?{ML})"
        )
    if version:
        parts.append(f"Registered: [{store.name}, version {version}](#/models/{store.name}/versions/{version}?{ML})")
    parts.append(stages_table(outcomes))
    return "\n\n".join(part for part in parts if part)


def rounds_table(rows: list[dict[str, Any]]) -> str:
    """Markdown; empty before the first round."""
    if not rows:
        return ""
    names = {"clicks": "clicks", **{key: name for key, name in METRICS.items() if key != "clicks"}}
    lines = [f"| round | {' | '.join(names.values())} |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| {row['round']} | {' | '.join(number(row.get(key)) for key in names)} |" for row in rows]
    return "\n".join(lines)


def stages_table(outcomes: Mapping[str, Outcome]) -> str:
    """Markdown: what ran and for how long, what was taken from the cache, what failed and why."""
    by_outcome: dict[str, list[str]] = {}
    for outcome in outcomes.values():
        seconds = f" ({outcome.seconds:.0f} s)" if outcome.what == "Completed" else ""
        reason = f": {outcome.sentence}" if outcome.what in ("Failed", "TimedOut", "Waiting", "Drifted") else ""
        by_outcome.setdefault(outcome.what, []).append(f"`{outcome.stage}`{seconds}{reason}")
    lines = [f"| {what} | {', '.join(names)} |".replace("\n", " ") for what, names in by_outcome.items()]
    return "\n".join(["| stages | |", "|---|---|", *lines])


def number(value: Any) -> str:
    return "-" if value is None else f"{value:.4f}" if isinstance(value, float) else f"{value:,}"
