"""The tables of the report: classes by round, confusions, who answered, what to do next."""

from collections import Counter
from collections.abc import Sequence
from csv import DictReader
from json import loads
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from segmend.answers.forecasts import Forecast
from segmend.images.dataset import Card


class ClassRow(NamedTuple):
    """A class's scores by round; None where it is absent or there is no truth."""

    name: str
    colour: str
    scores: list[float | None]


class Cell(NamedTuple):
    """A cell of the confusion matrix: pixels, and their share of the true class's pixels (None: it has none)."""

    pixels: int
    share: float | None


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(DictReader(file))


def class_table(rows: Sequence[dict[str, str]], card: Card, column: str) -> list[ClassRow] | None:
    """One score of every class in every round; None where there is not one number."""
    rounds = list(dict.fromkeys(row["round"] for row in rows))
    scores = {(row["round"], row["class"]): float(row[column]) for row in rows if row[column]}
    if not scores:
        return None
    return [
        ClassRow(name, "#{:02x}{:02x}{:02x}".format(*colour), [scores.get((round, name)) for round in rounds])
        for name, colour in zip(card.classes, card.colours, strict=True)
    ]


def confusion_table(path: Path) -> list[list[Cell]] | None:
    """The network's confusion matrix, rows truth, columns prediction; None without truth."""
    matrix = loads(path.read_text(encoding="utf-8"))["network"]
    if matrix is None:
        return None
    square = np.array(matrix)[:, : len(matrix)]
    totals = square.sum(1)
    return [
        [Cell(int(n), n / total if total else None) for n in row] for row, total in zip(square, totals, strict=True)
    ]


def confusions(cells: list[list[Cell]], classes: Sequence[str], most: int = 6) -> list[dict[str, Any]]:
    """The commonest wrong pairs by pixels."""
    pairs: list[dict[str, Any]] = [
        {"true": classes[a], "predicted": classes[b], "pixels": cell.pixels, "share": cell.share}
        for a, row in enumerate(cells)
        for b, cell in enumerate(row)
        if a != b and cell.pixels
    ]
    return sorted(pairs, key=lambda pair: -pair["pixels"])[:most]


def answer_counts(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Answers grouped by who gave them, by round, or by the class shown: kinds, changed pixels, cost; most first."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[key] or "(unlabelled)", []).append(row)
    counted = [{"name": name, **cost(rows)} for name, rows in groups.items()]
    return counted if key == "round" else sorted(counted, key=lambda group: (-group["answers"], group["name"]))


def compared_people(path: Path) -> list[dict[str, Any]]:
    """The people of a label set where several answered the same questions, or gold ones; none where nobody was compared."""
    rows: list[dict[str, Any]] = loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return rows if any(row["compared"] for row in rows) else []


def cost(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One group of answers: an answer confirms, names another class, or skips."""
    skipped = sum(row["kind"] == "skip" for row in rows)
    right = sum(row["kind"] != "skip" and row["answer"] == row["shown"] for row in rows)
    others = Counter(row["answer"] for row in rows if row["kind"] != "skip" and row["answer"] != row["shown"])
    return {
        "answers": len(rows),
        "right": right,
        "other": sum(others.values()),
        "skipped": skipped,
        "instead": min(others, key=lambda name: (-others[name], name or "")) if others else None,
        "changed": sum(row["changed"] or 0 for row in rows),
        "clicks": sum(row["clicks"] or 0 for row in rows),
        "minutes": sum(row["seconds"] or 0 for row in rows) / 60,
    }


def more_questions(forecasts: Sequence[Forecast]) -> str:
    """Whether it pays to go on, by what the last answers did; `segmend next` computes what the next ones would do."""
    done = [forecast for forecast in forecasts if forecast.answered and forecast.changed is not None]
    known = all(forecast.fixed is not None for forecast in done)  # else, in all rounds alike, what changed
    gains = [
        (forecast.round, ((forecast.fixed if known else forecast.changed) or 0) / (forecast.answered or 1))
        for forecast in done
    ]
    if not gains:
        return "To see the next questions and what they are expected to fix, before they are asked: segmend next."
    rounds = ", ".join(f"{each:,.1f} in {name}" for name, each in gains[-3:])
    worth = f"Pixels that an answer {'fixed' if known else 'changed'} on the mean: {rounds}."
    if gains[-1][1] < 1:
        return f"{worth} Less than a pixel an answer: this is a good place to stop."
    number = int(forecasts[-1].round[1:]) + 1
    return f"{worth} What the newest network expects of the next ones: segmend next; to ask them, add a round: segmend rounds {number}."


def next_steps(rounds: list[dict[str, Any]], rows: list[dict[str, Any]], forecasts: Sequence[Forecast]) -> list[str]:
    """What the reader can do now, one sentence each."""
    last, answered, steps = rounds[-1], {row["round"] for row in rows}, []
    unanswered = [row["round"] for row in rounds[1:] if row["round"] not in answered]
    if unanswered:
        steps.append(
            f"No answers were applied in {', '.join(unanswered)}. The open questions are in data/queries, with pictures; "
            "answers go to data/answers. Then run segmend run again: only what they change is redone."
        )
    elif len(rounds) == 1:
        steps.append(
            "No round of questions has been run yet. Add rounds with segmend rounds N; answers go to data/answers. "
            "Then run segmend run again: only what they change is redone."
        )
    elif forecasts:
        steps.append(more_questions(forecasts))
    if "data_reason" in last:
        steps.append(
            f"The labels have no score: {last['data_reason']}. True masks of a few train images are enough to "
            "measure them; or plant known mistakes (ingest.noise) to try the method on your images."
        )
    if "model_reason" in last:
        steps.append(
            f"The network has no score: {last['model_reason']}. Until there are true masks of test images, images are "
            "ranked by the network's own uncertainty."
        )
    return steps
