"""One image's answers replayed over its first labels: the new labels, and what each new answer changed."""

from pathlib import Path
from shutil import copyfile
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int64

from segmend.answers.answers import Answer, Query, latest, pixels
from segmend.images.dataset import Dataset, Labels, Sample
from segmend.images.rasters import LabelMap, is_class
from tasks.correct.apply_answers import Sieve, apply, corrected, name_of


class Work(NamedTuple):
    """One image's part of a round."""

    sample: Sample
    before: list[Answer]  # applied by earlier rounds
    new: list[Answer]  # this round's, late ones first, then in the order of asking
    queries: list[Query]  # this round's


class Change(NamedTuple):
    """Two label maps of an image, compared."""

    pixels: int
    changed_to: Int64[np.ndarray, " classes"]  # pixels that changed, by their new class
    fixed: int | None  # pixels that became right; None where the truth is not known
    broken: int | None


class Done(NamedTuple):
    """What came of an image."""

    rows: list[dict[str, Any]]  # history: one per new answer
    change: Change  # by the new answers
    sieved: int = 0  # pixels of all answers that the sieve took out
    auto_rows: tuple[dict[str, Any], ...] = ()  # history: what was changed beyond the answers
    auto: Change | None = None
    empty: int = 0  # pixels that an expansion which fills found without a label
    alone: Int64[np.ndarray, " classes"] | None = None  # pixels that one of several views would fill, by class
    asked: Change | None = None  # against what the answered questions showed; None where no question was answered


def compare(old: LabelMap, new: LabelMap, truth: LabelMap | None, classes: int) -> Change:
    moved = new != old
    changed_to = np.bincount(new[moved & is_class(new)], minlength=classes)
    if truth is None:
        return Change(int(moved.sum()), changed_to, None, None)
    right = moved & is_class(truth)
    return Change(
        int(moved.sum()), changed_to, int((right & (new == truth)).sum()), int((right & (old == truth)).sum())
    )


def replay(
    work: Work,
    first: LabelMap,
    shown: LabelMap | None,
    truth: LabelMap | None,
    classes: tuple[str, ...],
    round: str,
    sieve: Sieve | None = None,
) -> tuple[LabelMap, Done]:
    """The labels after all answers, and what the new ones did to the labels that the earlier ones alone would give.

    Both are made with one sieve, so what a newer network sieves otherwise is not counted as an answer's work. The rows of the
    history compare with `shown`, the labels of the round before, automatic ones included: it may be None without new answers.
    """
    old = corrected(first, work.before, classes, sieve)
    asked = {query.query: query for query in work.queries}
    fresh, labels, rows, sieved = {answer.query for answer in work.new}, first.copy(), [], 0
    for answer in latest([*work.before, *work.new]):
        sieved += apply(labels, answer, classes, sieve)
        if answer.query in fresh:
            assert shown is not None, "answers are compared with what was shown"
            rows.append(row(answer, asked.get(answer.query), shown, labels, classes, round))
    return labels, Done(rows, compare(old, labels, truth, len(classes)), sieved)


def shown_to(work: Work, before: Path) -> LabelMap | None:
    """The labels of the round before, which this round's questions were about; None where there is no new answer."""
    return Labels(before)[work.sample.id] if work.new else None


def by_questions(
    work: Work, shown: LabelMap | None, labels: LabelMap, truth: LabelMap | None, classes: int
) -> Change | None:
    """What became of the regions of this round's answered questions, against what they showed: what forecasts foretell.

    Unlike `replay`'s change it counts an automatic label that an answer undoes, and not one that is confirmed.
    """
    names = {query.query for query in work.queries}
    places = [pixels(answer.footprint) for answer in work.new if answer.query in names]
    if not places or shown is None:
        return None
    inside, old = np.concatenate(places), labels.copy()
    old.reshape(-1)[inside] = shown.ravel()[inside]
    return compare(old, labels, truth, classes)


def replay_image(work: Work, *, data: Dataset, first: Path, before: Path, out: Path, round: str) -> Done:
    """Replay by answers alone and write the map."""
    name, start, end = work.sample.id, Labels(first), Labels(out)
    if not (work.before or work.new):
        end.path(name).parent.mkdir(parents=True, exist_ok=True)
        copyfile(start.path(name), end.path(name))
        return Done([], Change(0, np.zeros(len(data.classes), np.int64), 0, 0))
    shown, truth = shown_to(work, before), data.truth(name)
    labels, done = replay(work, start[name], shown, truth, data.classes, round)
    end.write(name, labels, data.card)
    return done._replace(asked=by_questions(work, shown, labels, truth, len(data.classes)))


def row(
    answer: Answer, query: Query | None, old: LabelMap, labels: LabelMap, classes: tuple[str, ...], round: str
) -> dict[str, Any]:
    """One line of the history: `old` are the labels of the round before, `labels` those after this answer."""
    places = pixels(answer.footprint)
    was, now = old.ravel()[places], labels.ravel()[places]
    before = name_of(was, classes)
    return {
        "round": round,
        "query": answer.query,
        "image": answer.image,
        "region": query.region if query else -1,
        "kind": answer.kind,
        "who": answer.who,
        "shown": query.shown if query else before,
        "predicted": query.predicted if query else None,
        "answer": "|".join(answer.classes) or None,
        "old": before,
        "new": name_of(now, classes),
        "pixels": len(places),
        "changed": int((was != now).sum()),
        "clicks": answer.clicks,
        "seconds": answer.seconds,
        "expected": query.expected if query else None,
    }
