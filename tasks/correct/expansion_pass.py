"""Labels that depend on a network: answers sieved, then expanded. Made anew from the first labels each round.

Images are streamed through the newest network, so that its probabilities are never kept: once where answers are sieved
only, twice where an expansion learns from all images before it changes any.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from segmend.answers import history
from segmend.answers.answers import Answer, Query, pixels
from segmend.answers.candidate_sets import answered_pixels
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import UNLABELLED, LabelMap, Maps, write_maps
from segmend.stage.events import progress
from segmend.stage.freed_memory import give_back
from tasks.correct.apply_answers import Sieve, in_order
from tasks.correct.expansion._base import AnswerMask, AnswerOutcome, ImageContext, QuestionAsked
from tasks.correct.expansion._zero_label import unprotected, unseen_classes
from tasks.correct.replay import (
    ImageResult,
    ImageWork,
    change_of_asked,
    compare,
    replay,
    replay_image,
    shown_to,
)
from tasks.correct.settings import Params


class Folders(NamedTuple):
    """Where a round reads and writes."""

    first: Path
    labels: Path  # of the round before: what the questions showed
    regions: Path
    model: Path
    out: Path


def correct_images(
    works: list[ImageWork],
    data: Dataset,
    folders: Folders,
    settings: Params,
    round: str,
    outcomes: list[AnswerOutcome],
    questions: dict[str, QuestionAsked],
    rng: np.random.Generator,
) -> Iterator[ImageResult]:
    """Write every image's map, in the order of `works`, and the opinions of an expansion that has one of every base cell."""
    with_network = [
        work for work in works if work.sample.split == "train" and (settings.expanded or work.before or work.new)
    ]
    ids = {work.sample.id for work in with_network}
    method, learned = settings.expansion, None
    unseen: tuple[int, ...] = ()
    if method.fills:
        images = [work.sample.id for work in with_network]
        unseen = unseen_classes(method.unseen, data.classes, Labels(folders.first), images)
        if round == "r1" and (hint := unprotected(folders.model, method, unseen, data.classes)):
            print(hint, flush=True)
    network_pass = NetworkPass(data, folders, settings, round, unseen, questions)
    if settings.expanded:
        measures = [method.measure(context) for context in network_pass.first(with_network)] if method.measures else []
        learned = method.learn(measures, outcomes, rng)
    contexts, opinions = network_pass.last(with_network), dict[str, np.ndarray]()
    for work in works:
        if work.sample.id not in ids:
            yield replay_image(
                work, data=data, first=folders.first, before=folders.labels, out=folders.out, round=round
            )
            continue
        context, result = next(contexts)
        if method.opines:
            labels, opinion = method.spread_with_opinion(context, learned)
            opinions |= {} if opinion is None else {context.image: opinion}
        else:
            labels = method.spread(context, learned)
        Labels(folders.out).write(context.image, labels, data.card)
        truth = data.truth(context.image)
        yield result._replace(
            automatic=compare(context.labels, labels, truth, len(data.classes)),
            automatic_rows=history.table(
                list(automatic_rows(context.image, context.labels, labels, data.classes, round, method.name))
            ),
            empty=int((context.labels == UNLABELLED).sum()) if method.fills else 0,
            one_view=filled_by_one_view(method, context, learned) if method.wants_views else None,
            asked=change_of_asked(work, shown_to(work, folders.labels), labels, truth, len(data.classes)),
        )
    if opinions:
        write_maps(folders.out / "opinions", opinions.items(), len(opinions))


def filled_by_one_view(method: Any, context: ImageContext, learned: Any) -> Int64[np.ndarray, " classes"]:
    """Pixels that the image as it is would fill, by class: of these the other views leave what they agree on."""
    assert context.views is not None, f"{method.name} wants views"
    labels = method.spread(context._replace(views=context.views[:1]), learned)
    return compare(context.labels, labels, None, len(context.probabilities)).changed_to


class NetworkPass:
    """Passes of the newest network over images, each with its labels after all answers. An image is replayed once."""

    def __init__(
        self,
        data: Dataset,
        folders: Folders,
        settings: Params,
        round: str,
        unseen: tuple[int, ...],
        questions: dict[str, QuestionAsked],
    ):
        self.data, self.folders, self.settings, self.round, self.unseen = data, folders, settings, round, unseen
        self.questions = questions  # by identity
        self.replayed: dict[str, ImageResult] = {}  # by the first of two passes; their labels are in `folders.out`

    def first(self, works: list[ImageWork]) -> Iterator[ImageContext]:
        """The images for `measure`; their labels are kept on disk for the last pass."""
        seen = self.by_network(works) if self.settings.measures_network else self.alike(works)
        for context, result in self.images(works, seen):
            Labels(self.folders.out).write(context.image, context.labels, self.data.card)
            self.replayed[context.image] = result
            yield context

    def last(self, works: list[ImageWork]) -> Iterator[tuple[ImageContext, ImageResult]]:
        """The images for `spread`, with the rows and counts of their answers."""
        return self.images(works, self.by_network(works))

    def by_network(self, works: list[ImageWork]) -> Iterator[tuple[Any, ...]]:
        """Sample, probabilities and, where the expansion wants them, features or views."""
        from segmend.network import inference  # here, so that rounds without sieving and expansion do not load torch

        method: Any = self.settings.expansion
        wanted: dict[str, Any] = {"features": True} if method.wants_features else {}
        if method.wants_views:
            wanted = {"views": (method.scales, method.flip)}
        return inference.stream(self.folders.model, self.data, [work.sample for work in works], **wanted)

    def alike(self, works: list[ImageWork]) -> Iterator[tuple[Any, ...]]:
        """Sample and equal probabilities of all classes, without a look at the image."""
        classes = len(self.data.classes)
        for work in progress(works, len(works), "measurement"):
            shape = classes, work.sample.height, work.sample.width
            yield work.sample, np.broadcast_to(np.float32(1 / classes), shape)

    def images(
        self, works: list[ImageWork], seen: Iterator[tuple[Any, ...]]
    ) -> Iterator[tuple[ImageContext, ImageResult]]:
        method: Any = self.settings.expansion
        cells, first, classes = Maps(self.folders.regions), Labels(self.folders.first), self.data.classes
        for work, (sample, probabilities, *more) in zip(works, seen, strict=True):
            give_back()
            start, regions = first[sample.id], cells[sample.id]
            if sample.id in self.replayed:
                labels, result = Labels(self.folders.out)[sample.id], self.replayed.pop(sample.id)
            else:
                sieve = Sieve(self.settings.sieving, probabilities, regions) if self.settings.sieved else None
                shown, truth = shown_to(work, self.folders.labels), self.data.truth(sample.id)
                labels, result = replay(work, start, shown, truth, classes, self.round, sieve)
            context = ImageContext(
                sample.id,
                probabilities,
                more[0] if method.wants_features else None,
                start,
                labels,
                regions,
                [
                    answer_mask(answer, classes)._replace(question=self.questions.get(answer.identity))
                    for answer in in_order([*work.before, *work.new])
                ],
                more[0] if method.wants_views else None,
                self.unseen,
                int(self.round.removeprefix("r")),
                partial(self.data.image, sample.id),
            )
            yield context, result


def answer_mask(answer: Answer, classes: tuple[str, ...]) -> AnswerMask:
    """An answer as numbers; of a mask, the brushed part of its footprint, of a confirm the pixels that carried the class."""
    ids = tuple(classes.index(name) for name in answer.classes)
    return AnswerMask(answered_pixels(answer), answer.kind, ids, pixels(answer.footprint))


def questions_as_asked(before: pa.Table, asked: dict[str, Query], classes: tuple[str, ...]) -> dict[str, QuestionAsked]:
    """By identity, this round's questions and, from the history, those of earlier rounds."""
    ids: dict[str | None, int] = {name: k for k, name in enumerate(classes)}
    columns = (before[name].to_pylist() for name in ("identity", "predicted", "confidence", "chance"))
    earlier = {
        identity: QuestionAsked(ids[predicted], confidence or 0.0, chance)
        for identity, predicted, confidence, chance in zip(*columns, strict=True)
        if predicted in ids
    }
    return earlier | {
        identity: QuestionAsked(ids[query.predicted], query.confidence or 0.0, query.chance)
        for identity, query in asked.items()
    }


def answer_outcomes(
    before: pa.Table, new: list[Answer], asked: dict[str, Query], classes: tuple[str, ...]
) -> list[AnswerOutcome]:
    """What can be learned from the answers so far, one outcome per question; `asked` are this round's by identity.

    What was shown and predicted is in this round's questions, and for earlier ones in the history. An answer that replaces
    another takes its place. Answers that name no single class, and those to unknown questions, are left out.
    """
    questions: dict[str, tuple[Any, ...]] = {}
    answers: dict[str, tuple[str, str | None]] = {}
    columns = ["identity", "pixels", "shown", "predicted", "expected", "kind", "answer"]
    for identity, size, shown, predicted, expected, kind, named in zip(
        *(before[column].to_pylist() for column in columns), strict=True
    ):
        if predicted is not None:
            questions[identity] = size, shown, predicted, expected
        answers[identity] = kind, named
    for identity, question in asked.items():
        questions[identity] = question.area, question.shown, question.predicted, question.expected
    for answer in new:
        answers[answer.identity] = answer.kind, answer.classes[0] if len(answer.classes) == 1 else None
    ids = {name: k for k, name in enumerate(classes)}
    outcomes = []
    for identity, (kind, named) in answers.items():
        size, shown, predicted, expected = questions.get(identity, (0, None, None, None))
        if kind in ("confirm", "class") and named in ids and shown and predicted and expected is not None:
            outcomes.append(AnswerOutcome(size, ids[shown], ids[predicted], expected, ids[named]))
    return outcomes


def automatic_rows(
    image: str, old: LabelMap, new: LabelMap, classes: tuple[str, ...], round: str, method: str
) -> Iterator[dict[str, Any]]:
    """Rows of the history for what changed beyond the answers: one per pair of labels, in order of id."""
    moved = old != new
    pairs, counts = np.unique(np.stack([old[moved], new[moved]], axis=1), axis=0, return_counts=True)
    for pair, changed in zip(pairs.tolist(), counts.tolist(), strict=True):
        before, after = (None if label >= UNLABELLED else classes[label] for label in pair)
        yield history.automatic_row(round, image, method, before, after, changed)
