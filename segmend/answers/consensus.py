"""Answers of several people about the same pixels -> one answer, how sure it is, and how reliable each person is.

1. A skip has no vote: where one person names a class and others skip, the class counts. Where all skip, so does the question.
2. An answer that `settles` (an expert's, given in the knowledge of the others') decides alone; of several the last.
3. Else the aggregator weighs the classes that people named: confirm, class and mask each name one. Of equally likely ones the later
   answer's counts. No class wins that nobody named, whatever a network says.
4. Among those who named that class, the kind that most of them chose (of equally many the later) says what is done: of masks the
   pixels that most of these people gave the class, where they are equally many as the later answer has it (a confirm or class is
   the region, or the pixels it names).
5. Where somebody ticked several classes, each class is decided by itself, present or absent; who named one class ticked that one.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from segmend.aggregators._decision_rules import decided
from segmend.aggregators._votes import NO_GOLD, Beliefs, Votes, clipped, normalised, one_coin
from segmend.answers.answers import JOINED, Answer, encode_pixels
from segmend.answers.candidate_sets import answered_pixels, is_set

UNKNOWN = 2 / 3  # reliability of a person before any answer was compared: the aggregators' prior, 2 right to 1 wrong
NETWORK_SURE = 0.9  # the probability that the network may have at most where it says which answers are doubtful
TIE = 1e-9  # posteriors this close are equal


class Question(NamedTuple):
    """What people said of one set of pixels, and what else is known of it."""

    answers: tuple[Answer, ...]  # one a person, in the order given; no reverts
    gold: int | None = None  # its class, where a gold mask says so
    predicted: int | None = None  # class that the network of the round saw
    confidence: float = 0.0  # and its mean probability

    @property
    def definite(self) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if answer.kind != "skip")

    @property
    def settled(self) -> bool:
        return any(answer.settles for answer in self.definite)

    @property
    def ticked(self) -> bool:
        """Decided class by class."""
        return any(map(is_set, self.definite))


NOBODY = frozenset[str]()  # one object for all decisions: each empty set of its own is 216 bytes


class Decision(NamedTuple):
    """One question's answer."""

    answer: Answer  # `who` names all whose answers are in it; its clicks and seconds are the last one's
    doubt: float  # probability that it is wrong, by what is known of these people
    masks: frozenset[str]  # people whose brushed masks are in it


class Consensus(NamedTuple):
    """What is believed of questions and people."""

    decisions: list[Decision]  # one a question
    people: tuple[str, ...]  # sorted
    reliability: Float64[np.ndarray, " s"]  # probability that an answer of theirs is right; UNKNOWN without comparison
    compared: Bool[np.ndarray, " s"]  # whether any answer of theirs was compared with another's, or with gold


def consensus(
    questions: Sequence[Question], classes: Sequence[str], aggregator: Any, network: float = 0.0
) -> Consensus:
    """Decide every question.

    `aggregator` is one of segmend.aggregators that looks at answers alone; `network` bounds the probability that the network's
    prediction may have as a prior, 0: it has no part. Raises ValueError where the aggregator needs gold and there is none.
    """
    people = tuple(sorted({answer.who for question in questions for answer in question.definite}))
    table = Table(questions, people, classes, aggregator, network)
    return Consensus([table.decide(k) for k in range(len(questions))], people, table.reliability, table.compared)


class Table:
    """The questions that tell something about people as votes, and what the aggregator makes of them."""

    def __init__(
        self,
        questions: Sequence[Question],
        people: tuple[str, ...],
        classes: Sequence[str],
        aggregator: Any,
        network: float,
    ):
        self.questions, self.classes, self.aggregator, self.network = questions, tuple(classes), aggregator, network
        self.ids = {name: k for k, name in enumerate(classes)}
        self.person = {who: k for k, who in enumerate(people)}
        images = sorted({question.answers[0].image for question in questions})
        self.image = (
            {name: k for k, name in enumerate(images)} if aggregator.scope == "image" else dict.fromkeys(images, 0)
        )
        # Where the network is a prior single answers are compared with it: else adaptive overlap would leave only the doubtful ones.
        with_network = network > 0 and aggregator.reads_network
        several = [
            k
            for k, question in enumerate(questions)
            if len(question.definite) > 1
            or (question.definite and question.gold is not None)
            or (question.definite and with_network and question.predicted is not None and not question.ticked)
        ]
        self.named = {k: row for row, k in enumerate(k for k in several if not questions[k].ticked)}
        ticks = [
            (k, name)
            for k in several
            if questions[k].ticked
            for name in self.classes
            if self.voices(questions[k], name)
        ]
        self.ticks = {tick: row for row, tick in enumerate(ticks)}
        self.k = max(2, len(self.classes))
        self.unknown = one_coin(np.array([UNKNOWN]), self.k)[0]  # confusion matrix (k, k) of somebody never compared
        self.beliefs = self.believe(self.named_votes()) if self.named else None
        self.by_iou = None
        if self.beliefs and aggregator.decide == "expected_iou":
            size = np.array([float(questions[k].answers[0].footprint.area) for k in self.named])
            self.by_iou = decided(self.beliefs.posterior, size, np.zeros(len(size), np.int64), "expected_iou")
        self.tick_beliefs = self.believe(self.tick_votes()) if self.ticks else None
        self.compared = np.zeros(len(people), bool)
        for k in several:
            self.compared[[self.person[answer.who] for answer in questions[k].definite]] = True
        self.reliability = self.of_people(self.beliefs or self.tick_beliefs)

    def believe(self, votes: Votes) -> Beliefs:
        beliefs: Beliefs = self.aggregator(votes)
        return beliefs

    @staticmethod
    def voices(question: Question, name: str) -> list[Answer]:
        return [answer for answer in question.definite if name in answer.classes]

    def source(self, answer: Answer) -> int:
        return self.image[answer.image] * len(self.person) + self.person[answer.who]

    @property
    def sources(self) -> int:
        return len(self.person) * (max(self.image.values(), default=0) + 1)

    def named_votes(self) -> Votes:
        """Tasks are questions, labels the class that an answer names."""
        edges = [
            (row, self.source(answer), self.ids[answer.classes[0]])
            for k, row in self.named.items()
            for answer in self.questions[k].definite
        ]
        asked = [self.questions[k] for k in self.named]
        gold = np.array([NO_GOLD if question.gold is None else question.gold for question in asked])
        unary = np.stack([self.prior(question) for question in asked]) if self.network else None
        return self.votes(edges, len(asked), self.k, gold, unary)

    def tick_votes(self) -> Votes:
        """Tasks are pairs of question and class, labels absent (0) and present (1)."""
        edges = [
            (row, self.source(answer), int(name in answer.classes))
            for (k, name), row in self.ticks.items()
            for answer in self.questions[k].definite
        ]
        return self.votes(edges, len(self.ticks), 2, np.full(len(self.ticks), NO_GOLD), None)

    def votes(
        self, edges: list[tuple[int, int, int]], tasks: int, classes: int, gold: np.ndarray, unary: np.ndarray | None
    ) -> Votes:
        task, source, label = np.array(edges, np.int64).T
        return Votes(
            task, source, label, tasks=tasks, sources=self.sources, classes=classes, gold=gold, unary=unary
        )  # fmt: skip

    def prior(self, question: Question) -> Float64[np.ndarray, " k"]:
        """Log probabilities of the classes by the network; all alike where nothing is known of it."""
        if question.predicted is None or not self.network:
            return np.zeros(self.k)
        rest = (1 - question.confidence) / (self.k - 1)
        probabilities = np.full(self.k, rest)
        probabilities[question.predicted] = question.confidence
        return clipped(np.log(np.maximum(probabilities, 1e-9))[None], self.network)[0]

    def of_people(self, beliefs: Beliefs | None) -> Float64[np.ndarray, " s"]:
        """Over images the mean of a person's reliabilities in those with answers."""
        if beliefs is None:
            return np.full(len(self.person), UNKNOWN)
        counted = {(self.source(answer)) for question in self.questions for answer in question.definite}
        by_person: dict[int, list[float]] = {}
        for source in sorted(counted):
            by_person.setdefault(source % len(self.person), []).append(float(beliefs.reliability[source]))
        known = np.array([np.mean(by_person.get(k, [UNKNOWN])) for k in range(len(self.person))])
        return np.where(self.compared, known, UNKNOWN)

    def decide(self, k: int) -> Decision:
        question = self.questions[k]
        definite = question.definite
        if not definite:
            return Decision(question.answers[-1], 1.0, NOBODY)
        settling = [answer for answer in definite if answer.settles]
        if settling:
            return merged(settling[-1:], 0.0)
        if len(definite) == 1:
            return merged(definite, self.doubt_of_one(question, definite[0]))
        if question.ticked:
            return self.decide_ticks(k, definite)
        assert self.beliefs is not None
        posterior = self.beliefs.posterior[self.named[k]]
        named = [self.ids[answer.classes[0]] for answer in definite]
        most = max(posterior[label] for label in named)
        best = [label for label in named if posterior[label] >= most - TIE][-1]
        if self.by_iou is not None and self.by_iou[self.named[k]] in named:
            best = int(self.by_iou[self.named[k]])
        winners = [answer for answer, label in zip(definite, named, strict=True) if label == best]
        return merged(winners, float(1 - posterior[best]))

    def decide_ticks(self, k: int, definite: tuple[Answer, ...]) -> Decision:
        """The classes that are more likely present than absent; where there is none, the likeliest."""
        assert self.tick_beliefs is not None
        present = {
            name: float(self.tick_beliefs.posterior[self.ticks[k, name], 1])
            for name in self.classes
            if (k, name) in self.ticks
        }
        sure = [
            name for name, p in present.items() if p > 0.5 + TIE or (p >= 0.5 - TIE and name in definite[-1].classes)
        ]
        chosen = tuple(sure or [max(present, key=lambda name: present[name])])
        right = float(np.prod([p if name in chosen else 1 - p for name, p in present.items()]))
        like = [answer for answer in definite if set(answer.classes) == set(chosen)]
        base = (like or list(definite))[-1]
        kind = "class_set" if len(chosen) > 1 or base.kind == "class_set" else "class"
        who = JOINED.join(dict.fromkeys(answer.who for answer in (like or definite)))
        update = {"kind": kind, "classes": chosen, "mask": None, "who": who}
        return Decision(base if like and len(like) == 1 else base.model_copy(update=update), 1 - right, NOBODY)

    def doubt_of_one(self, question: Question, answer: Answer) -> float:
        """Probability that one person's answer is wrong, by this person's mistakes so far and the network's prior."""
        known = self.compared[self.person[answer.who]]
        if is_set(answer) or self.k < 2:
            return float(1 - self.reliability[self.person[answer.who]])
        source, label = self.source(answer), self.ids[answer.classes[0]]
        confusion = self.beliefs.confusion[source] if known and self.beliefs is not None else self.unknown
        posterior = normalised((self.prior(question) + np.log(np.maximum(confusion[:, label], 1e-9)))[None])[0]
        return float(1 - posterior[label])


def merged(winners: Sequence[Answer], doubt: float) -> Decision:
    """Several answers that name one class as one; a single one stays as it is."""
    if len(winners) == 1:
        return Decision(winners[0], doubt, frozenset([winners[0].who]) if winners[0].kind == "mask" else NOBODY)
    counts = Counter(answer.kind for answer in winners)
    base = next(answer for answer in reversed(winners) if counts[answer.kind] == max(counts.values()))
    update: dict[str, Any] = {"who": JOINED.join(answer.who for answer in winners)}
    masks = NOBODY
    if base.kind == "mask":
        flat, times = np.unique(np.concatenate([answered_pixels(answer) for answer in winners]), return_counts=True)
        half = np.isin(flat, answered_pixels(winners[-1])) & (2 * times == len(winners))
        kept = flat[(2 * times > len(winners)) | half]
        update["mask"] = encode_pixels(kept, base.footprint.size) if len(kept) else base.mask
        masks = frozenset(answer.who for answer in winners if answer.kind == "mask")
    return Decision(base.model_copy(update=update), doubt, masks)
