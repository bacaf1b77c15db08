"""One image's answers replayed over its first labels: the new labels, and what each new answer changed."""

from pathlib import Path
from shutil import copyfile
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from segmend.answers import history
from segmend.answers.answers import Answer, Query, pixels
from segmend.images.dataset import Dataset, Labels, Sample
from segmend.images.rasters import LabelMap, is_class
from tasks.correct.apply_answers import Sieve, apply, corrected, in_order, name_of


class ImageWork(NamedTuple):
    """One image's part of a round."""

    sample: Sample
    before: list[Answer]  # applied by earlier rounds
    new: list[Answer]  # this round's, simulated ones first; reverts are of answers before
    queries: list[Query]  # this round's


class LabelChange(NamedTuple):
    """Two label maps of an image, compared."""

    pixels: int
    changed_to: Int64[np.ndarray, " classes"]  # pixels that changed, by their new class
    fixed: int | None  # pixels that became right; None where the truth is not known
    broken: int | None


class ImageResult(NamedTuple):
    """What a round changed in an image."""

    rows: pa.Table  # history: one per new answer
    change: LabelChange  # by the new answers
    sieved: int = 0  # pixels of all answers that the sieve took out
    automatic_rows: pa.Table | None = None  # history: what was changed beyond the answers
    automatic: LabelChange | None = None
    empty: int = 0  # pixels without a label before an expansion that fills
    one_view: Int64[np.ndarray, " classes"] | None = None  # pixels that one of several views would fill, by class
    asked: LabelChange | None = None  # against what the answered questions showed; None where no question was answered


def compare(old: LabelMap, new: LabelMap, truth: LabelMap | None, classes: int) -> LabelChange:
    """What became of the labels of one image; void and unlabelled pixels of the truth are neither fixed nor broken."""
    moved = new != old
    changed_to = np.bincount(new[moved & is_class(new)], minlength=classes)
    if truth is None:
        return LabelChange(int(moved.sum()), changed_to, None, None)
    counted = moved & is_class(truth)
    fixed, broken = int((counted & (new == truth)).sum()), int((counted & (old == truth)).sum())
    return LabelChange(int(moved.sum()), changed_to, fixed, broken)


def replay(
    work: ImageWork,
    first: LabelMap,
    shown: LabelMap | None,
    truth: LabelMap | None,
    classes: tuple[str, ...],
    round: str,
    sieve: Sieve | None = None,
) -> tuple[LabelMap, ImageResult]:
    """The labels after all answers, and what the new ones changed in the labels that the earlier ones alone give.

    Both are made with one sieve, so what a newer network sieves otherwise is not counted as the effect of an answer. The rows
    of the history compare with `shown`, the labels of the round before, automatic ones included: it may be None without new
    answers.
    """
    old = corrected(first, work.before, classes, sieve)
    asked = {query.identity: query for query in work.queries}
    new, labels, rows, sieved = {answer.identity for answer in work.new}, first.copy(), [], 0

    def compared(answer: Answer) -> dict[str, Any]:
        """The answer's row: the labels of the round before against those after it."""
        assert shown is not None, "answers are compared with what was shown"
        inside = pixels(answer.footprint)
        was, now = shown.ravel()[inside], labels.ravel()[inside]
        names, changed = (name_of(was, classes), name_of(now, classes)), int((was != now).sum())
        return history.answer_row(round, answer, asked.get(answer.identity), *names, len(inside), changed)

    for answer in in_order([*work.before, *work.new]):
        sieved += apply(labels, answer, classes, sieve)
        if answer.identity in new:
            rows.append(compared(answer))
    rows += [compared(answer) for answer in work.new if answer.kind == "revert"]
    return labels, ImageResult(history.table(rows), compare(old, labels, truth, len(classes)), sieved)


def shown_to(work: ImageWork, before: Path) -> LabelMap | None:
    """The labels of the round before, which this round's questions were about; None where there is no new answer."""
    return Labels(before)[work.sample.id] if work.new else None


def change_of_asked(
    work: ImageWork, shown: LabelMap | None, labels: LabelMap, truth: LabelMap | None, classes: int
) -> LabelChange | None:
    """The change of the regions of this round's answered questions, against the labels they showed: what forecasts predict.

    Unlike `replay`'s change it counts an automatic label that an answer undoes, and not one that is confirmed.
    """
    asked = {query.identity for query in work.queries}
    footprints = [pixels(answer.footprint) for answer in work.new if answer.identity in asked]
    if not footprints or shown is None:
        return None
    inside, old = np.concatenate(footprints), labels.copy()
    old.reshape(-1)[inside] = shown.ravel()[inside]
    return compare(old, labels, truth, classes)


def replay_image(work: ImageWork, *, data: Dataset, first: Path, before: Path, out: Path, round: str) -> ImageResult:
    """Replay by answers alone and write the map."""
    name, start, end = work.sample.id, Labels(first), Labels(out)
    if not (work.before or work.new):
        end.path(name).parent.mkdir(parents=True, exist_ok=True)
        copyfile(start.path(name), end.path(name))
        return ImageResult(history.empty(), LabelChange(0, np.zeros(len(data.classes), np.int64), 0, 0))
    shown, truth = shown_to(work, before), data.truth(name)
    labels, result = replay(work, start[name], shown, truth, data.classes, round)
    end.write(name, labels, data.card)
    return result._replace(asked=change_of_asked(work, shown, labels, truth, len(data.classes)))


def total(changes: list[LabelChange], classes: int) -> LabelChange:
    """Several images' changes together; fixed and broken are None where no image has a truth."""
    known = [change for change in changes if change.fixed is not None]
    return LabelChange(
        sum(change.pixels for change in changes),
        sum((change.changed_to for change in changes), np.zeros(classes, np.int64)),
        sum(change.fixed or 0 for change in known) if known else None,
        sum(change.broken or 0 for change in known) if known else None,
    )
