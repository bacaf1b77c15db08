"""The questions of a round in the order of asking, and the form in which the page is told one."""

from collections.abc import Iterable, Sequence
from json import loads
from pathlib import Path
from typing import Any

import numpy as np

from annotate.workspace import Workspace, key_of
from segmend.answers.answers import Footprint, Query, pixels, read_queries
from segmend.answers.gold import gold_questions
from segmend.images.rasters import Maps


class Questions:
    """A round's questions, or those of another folder, whose about.json says which label set they show, and which file takes the answers
    where that is not the round's."""

    def __init__(self, workspace: Workspace, round: str, folder: Path | None = None, with_gold: bool = False):
        self.round, self.labels = round, workspace.before(round)
        self.folder = folder or workspace.path("queries", round)
        about = self.folder / "about.json"
        self.answers, self.held_out = workspace.path("answers", round), False
        if about.is_file():
            content = loads(about.read_text(encoding="utf-8"))
            self.labels = str(content["labels"])
            if "answers" in content:  # no round reads them
                self.answers, self.held_out = workspace.root / content["answers"], True
        self.mark = (self.folder / "queries.jsonl").stat().st_mtime_ns
        self.ordered = sorted(read_queries(self.folder), key=lambda query: query.rank)
        self.by_name = {query.query: query for query in self.ordered}
        self.expected = expected(self.ordered)  # pixels that all answers are expected to put right
        # Questions whose answer is known, by name; they are given among the others and told as these are.
        gold = (
            gold_questions(workspace.dataset, Maps(workspace.path("regions")), self.by_name, round) if with_gold else []
        )
        self.gold = {query.query: query for query in gold}
        self._classes = {name: k for k, name in enumerate(workspace.classes)}

    def find(self, name: str) -> Query | None:
        """A question of the round, or a gold one."""
        return self.by_name.get(name) or self.gold.get(name)

    def predicted(self, query: Query) -> str | None:
        """The class that the network sees there; None of held-out questions, of which no network was asked."""
        return None if self.held_out else query.predicted

    def told(self, query: Query) -> dict[str, Any]:
        """What the page needs to ask this question. Truth is not part of it."""
        box, runs = crop(query.footprint)
        return {
            "query": query.query,
            "kind": query.kind,
            "image": {
                "key": key_of(query.image),
                "name": query.image,
                "height": query.footprint.size[0],
                "width": query.footprint.size[1],
            },
            "labels": self.labels,
            "box": box,
            "runs": runs,
            "shown": self._classes.get(query.shown or ""),
            "predicted": self._classes.get(self.predicted(query) or ""),
            "expected": query.expected,
            "place": query.rank + 1,
        }


def crop(footprint: Footprint) -> tuple[list[int], list[int]]:
    """A footprint as its bounding box (top, left, height, width) and the run lengths inside that box."""
    flat = pixels(footprint)
    rows, columns = np.divmod(flat, footprint.size[1])
    if not len(flat):
        return [0, 0, 1, 1], [1]
    top, left = int(rows.min()), int(columns.min())
    height, width = int(rows.max()) - top + 1, int(columns.max()) - left + 1
    inside = np.zeros((height, width), bool)
    inside[rows - top, columns - left] = True
    return [top, left, height, width], runs_of(inside.ravel())


def runs_of(flat: np.ndarray) -> list[int]:
    """Run lengths, outside first."""
    ends = np.concatenate([np.flatnonzero(flat[1:] != flat[:-1]) + 1, [flat.size]])
    runs = np.diff(ends, prepend=0).tolist()
    return [0, *runs] if flat[0] else runs


def uncropped(box: Sequence[int], runs: Sequence[int], size: tuple[int, int]) -> np.ndarray:
    """The ascending flat indices, in an image of this size, of a mask given by its box; ValueError where it does not fit."""
    top, left, height, width = box
    if min(top, left) < 0 or min(height, width) < 1 or top + height > size[0] or left + width > size[1]:
        raise ValueError(f"the box {list(box)} is not inside an image of {size[0]} x {size[1]} pixels")
    if any(run < 0 for run in runs) or sum(runs) != height * width:
        raise ValueError("the runs of a mask must be >= 0 and add up to its box")
    rows, columns = np.divmod(pixels(Footprint(size=(height, width), runs=tuple(runs))), width)
    return (rows + top) * size[1] + columns + left


def expected(queries: Iterable[Query]) -> float | None:
    """How many pixels the answers to these questions are expected to put right; None where nobody said."""
    known = [query.expected for query in queries if query.expected is not None]
    return float(np.sum(known)) if known else None
