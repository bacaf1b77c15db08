"""Labels that depend on a network: answers sieved, then spread. Made anew from the first labels each round.

Images are streamed through the newest network, so that its probabilities are never kept: once where answers are sieved
only, twice where an expansion learns from all images before it changes any.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from segmend.answers import history
from segmend.answers.answers import Answer, Query, latest, pixels
from segmend.answers.candidate_sets import places_of
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import UNLABELLED, LabelMap, Maps
from tasks.correct.apply_answers import Sieve
from tasks.correct.expansion._base import AnswerMask, AnswerOutcome, ImageContext
from tasks.correct.expansion._zero_label import unprotected, unseen_classes
from tasks.correct.replay import Change, Done, Work, by_questions, compare, replay, replay_image, shown_to
from tasks.correct.settings import Params


class Places(NamedTuple):
    """Where a round reads and writes."""

    first: Path
    labels: Path  # of the round before: what the questions showed
    regions: Path
    model: Path
    out: Path


def correct_images(
    every: list[Work],
    data: Dataset,
    places: Places,
    settings: Params,
    round: str,
    taught: list[AnswerOutcome],
    rng: np.random.Generator,
) -> Iterator[Done]:
    """Write every image's map, in the order of `every`."""
    told = [work for work in every if work.sample.split == "train" and (settings.expanded or work.before or work.new)]
    names = {work.sample.id for work in told}
    method, learned = settings.expansion, None
    unseen: tuple[int, ...] = ()
    if method.fills:
        images = [work.sample.id for work in told]
        unseen = unseen_classes(method.unseen, data.classes, Labels(places.first), images)
        if round == "r1" and (hint := unprotected(places.model, method, unseen, data.classes)):
            print(hint, flush=True)
    seen = Looking(data, places, settings, round, unseen)
    if settings.expanded:
        learned = method.learn(
            [method.measure(one) for one, _ in seen.all(told)] if method.measures else [], taught, rng
        )
    found = seen.all(told)
    for work in every:
        if work.sample.id not in names:
            yield replay_image(work, data=data, first=places.first, before=places.labels, out=places.out, round=round)
            continue
        one, done = next(found)
        labels = method.spread(one, learned)
        Labels(places.out).write(one.image, labels, data.card)
        truth = data.truth(one.image)
        auto = compare(one.labels, labels, truth, len(data.classes))
        asked = by_questions(work, shown_to(work, places.labels), labels, truth, len(data.classes))
        rows = auto_rows(one.image, one.labels, labels, data.classes, round, method.name)
        empty = int((one.labels == UNLABELLED).sum()) if method.fills else 0
        alone = by_one_view(method, one, learned) if method.wants_views else None
        yield done._replace(auto=auto, auto_rows=tuple(rows), empty=empty, alone=alone, asked=asked)


def by_one_view(method: Any, seen: ImageContext, learned: Any) -> Int64[np.ndarray, " classes"]:
    """Pixels that the image as it is would fill, by class: of these the other views leave what they agree on."""
    assert seen.views is not None, f"{method.name} wants views"
    labels = method.spread(seen._replace(views=seen.views[:1]), learned)
    return compare(seen.labels, labels, None, len(seen.probabilities)).changed_to


class Looking(NamedTuple):
    """Images as an expansion sees them."""

    data: Dataset
    places: Places
    settings: Params
    round: str
    unseen: tuple[int, ...]

    def all(self, every: list[Work]) -> Iterator[tuple[ImageContext, Done]]:
        """The images with the labels after all answers, sieved, and what these did."""
        from segmend.network import inference  # here, so that rounds without sieving and expansion do not load torch

        method: Any = self.settings.expansion
        wanted: dict[str, Any] = {"features": True} if method.wants_features else {}
        if method.wants_views:
            wanted = {"views": (method.scales, method.flip)}
        cells, first, classes = Maps(self.places.regions), Labels(self.places.first), self.data.classes
        looked = inference.stream(self.places.model, self.data, [work.sample for work in every], **wanted)
        for work, (sample, probabilities, *more) in zip(every, looked, strict=True):
            start, regions = first[sample.id], cells[sample.id]
            sieve = Sieve(self.settings.sieving, probabilities, regions) if self.settings.sieved else None
            shown, truth = shown_to(work, self.places.labels), self.data.truth(sample.id)
            labels, done = replay(work, start, shown, truth, classes, self.round, sieve)
            answers = [told(answer, classes) for answer in latest([*work.before, *work.new])]
            features = more[0] if method.wants_features else None
            views = more[0] if method.wants_views else None
            number = int(self.round.removeprefix("r"))
            seen = ImageContext(
                sample.id, probabilities, features, start, labels, regions, answers, views, self.unseen, number
            )
            yield seen, done


def told(answer: Answer, classes: tuple[str, ...]) -> AnswerMask:
    """An answer as numbers; of a mask, the brushed part of its footprint, of a confirm the pixels that carried the class."""
    named = tuple(classes.index(name) for name in answer.classes)
    return AnswerMask(places_of(answer), answer.kind, named, pixels(answer.footprint))


def lessons(
    before: pa.Table, new: list[Answer], asked: dict[str, Query], classes: tuple[str, ...]
) -> list[AnswerOutcome]:
    """What can be learned from the answers so far, one lesson per query.

    What the question looked like stands with this round's questions, and for earlier ones in the history. An answer that
    replaces another takes its place. Answers that name no single class, and those to unknown questions, teach nothing.
    """
    looks: dict[str, tuple[Any, ...]] = {}
    answers: dict[str, tuple[str, str | None]] = {}
    columns = ["query", "pixels", "shown", "predicted", "expected", "kind", "answer"]
    for query, size, shown, predicted, expected, kind, named in zip(
        *(before[c].to_pylist() for c in columns), strict=True
    ):
        if predicted is not None:
            looks[query] = size, shown, predicted, expected
        answers[query] = kind, named
    for one in asked.values():
        looks[one.query] = one.area, one.shown, one.predicted, one.expected
    for answer in new:
        answers[answer.query] = answer.kind, answer.classes[0] if len(answer.classes) == 1 else None
    ids = {name: k for k, name in enumerate(classes)}
    found = []
    for query, (kind, named) in answers.items():
        size, shown, predicted, expected = looks.get(query, (0, None, None, None))
        if kind in ("confirm", "class") and named in ids and shown and predicted and expected is not None:
            found.append(AnswerOutcome(size, ids[shown], ids[predicted], expected, ids[named]))
    return found


def auto_rows(
    image: str, old: LabelMap, new: LabelMap, classes: tuple[str, ...], round: str, who: str
) -> Iterator[dict[str, Any]]:
    """Lines of the history for what changed beyond the answers: one per pair of labels, in order of id."""
    moved = old != new
    pairs, counts = np.unique(np.stack([old[moved], new[moved]], axis=1), axis=0, return_counts=True)
    for (was, now), pixels_changed in zip(pairs.tolist(), counts.tolist(), strict=True):
        yield {
            "round": round,
            "query": "",
            "image": image,
            "region": -1,
            "kind": history.AUTO,
            "who": who,
            "shown": None,
            "predicted": None,
            "answer": None,
            "old": None if was >= UNLABELLED else classes[was],
            "new": None if now >= UNLABELLED else classes[now],
            "pixels": pixels_changed,
            "changed": pixels_changed,
            "clicks": 0.0,
            "seconds": 0.0,
            "expected": None,
        }


def total(changes: list[Change], classes: int) -> Change:
    """Several images' changes together; fixed and broken are None where no image has a truth."""
    known = [one for one in changes if one.fixed is not None]
    return Change(
        sum(one.pixels for one in changes),
        sum((one.changed_to for one in changes), np.zeros(classes, np.int64)),
        sum(one.fixed or 0 for one in known) if known else None,
        sum(one.broken or 0 for one in known) if known else None,
    )
