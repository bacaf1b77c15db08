"""The numbers of a round: questions, answers, clicks, pixels changed; and the outcome of its forecast."""

from collections import Counter
from math import fsum
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from segmend.answers.answers import Query
from segmend.answers.forecasts import Forecast
from segmend.images.dataset import Dataset
from tasks.correct.replay import ImageResult, LabelChange, total


def with_outcome(
    forecast: Forecast, asked: list[Query], rows: pa.Table, change: LabelChange, with_truth: bool
) -> Forecast:
    """A round's forecast with its outcome: of this round's questions, those that were answered."""
    identities = {query.identity for query in asked}
    columns = rows.select(["identity", "clicks", "expected"]).to_pylist()
    answered = [row for row in columns if row["identity"] in identities]
    update: dict[str, Any] = {"answered": len(answered), "clicks": fsum(row["clicks"] for row in answered)}
    fixed = (change.fixed or 0) - (change.broken or 0)
    update |= {"changed": change.pixels, "fixed": fixed if with_truth else None}
    if len(answered) < len(asked):
        update["expected"] = round(forecast.experience * fsum(row["expected"] or 0 for row in answered), 1)
    return forecast.model_copy(update=update)


def round_metrics(
    asked: list[Query], rows: pa.Table, results: list[ImageResult], data: Dataset, left_over: int
) -> dict[str, Any]:
    """The round's numbers; pixels fixed and broken are counted where the truth is known."""
    column = {name: rows[name].to_pylist() for name in ("identity", "kind", "answer", "clicks", "seconds", "image")}
    identities, kinds = {query.identity for query in asked}, Counter(column["kind"])
    late = sum(identity not in identities for identity in column["identity"])
    answered = Counter(answer for answer, kind in zip(column["answer"], column["kind"], strict=True) if kind == "class")
    by_answers = total([result.change for result in results], len(data.classes))
    automatic = total([result.automatic for result in results if result.automatic], len(data.classes))
    empty = sum(result.empty for result in results)
    with_truth = bool(data.with_truth & set(column["image"])) or (bool(data.with_truth) and not len(rows))
    return {
        "asked": len(asked),
        "answered": len(rows) - late,
        "late": late,
        "unanswered": len(asked) - len(rows) + late,
        "left_over": left_over,
        "confirmed": kinds["confirm"],
        "changed": kinds["class"] + kinds["mask"],
        "skipped": kinds["skip"],
        "reverted": kinds["revert"],
        "class_sets": kinds["class_set"],
        "clicks": fsum(column["clicks"]),
        "seconds": fsum(column["seconds"]),
        "pixels_changed": int(by_answers.changed_to.sum()),
        "pixels_fixed": (by_answers.fixed or 0) if with_truth else None,
        "pixels_broken": (by_answers.broken or 0) if with_truth else None,
        **({} if with_truth else {"why_no_fixed": "no corrected image has a known truth"}),
        "pixels_sieved": sum(result.sieved for result in results),
        **({"auto_empty": empty, "auto_coverage": automatic.pixels / empty} if empty else {}),
        **agreement(results, automatic.changed_to, data.classes),
        "auto_changed": automatic.pixels,
        "auto_fixed": (automatic.fixed or 0) if data.with_truth else None,
        "auto_broken": (automatic.broken or 0) if data.with_truth else None,
        **{f"answered/{name}": answered[name] for name in data.classes},
        **{f"changed_to/{name}": int(by_answers.changed_to[k]) for k, name in enumerate(data.classes)},
        **{f"auto_changed_to/{name}": int(automatic.changed_to[k]) for k, name in enumerate(data.classes)},
    }


def agreement(
    results: list[ImageResult], filled: Int64[np.ndarray, " classes"], classes: tuple[str, ...]
) -> dict[str, Any]:
    """Where views were compared: pixels that one view would fill, by class, and the share of them that all agree on."""
    counts = [result.one_view for result in results if result.one_view is not None]
    if not counts:
        return {}
    candidates = np.sum(counts, axis=0)
    agreed = {f"auto_agreed/{name}": filled[k] / candidates[k] for k, name in enumerate(classes) if candidates[k]}
    return {f"auto_candidates/{name}": int(candidates[k]) for k, name in enumerate(classes)} | agreed
