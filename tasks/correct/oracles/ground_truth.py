"""A simulated annotator who answers from the true masks: for experiments, not for data without truth.

Paper: Kim et al., Active Label Correction for Semantic Segmentation with Foundation Models, ICML 2024 (ALC), section 3
    (correction); Kim et al., ICCV 2023 (ASAL: dominant); Hwang et al., NeurIPS 2023 (MulActSeg: multiclass).
Idea: shown a region with its labels, the annotator either says "right as it is" (confirm: nothing changes) or names the
    class of the region (class: the whole region gets it). Asked for the dominant class, it names the most frequent one;
    asked for all classes, it ticks them, except those only within `rim` pixels of the outline.
Formula, correction, over the region's pixels whose truth is a class: c = their most frequent class (rule majority) or
    that of the representative pixel (rule representative); right = pixels labelled as the truth says; mended = pixels
    that are c. confirm: better - confirm unless mended - right >= max(1, notice * pixels); half - confirm if right >
    pixels / 2.
    dominant: the most frequent id, void counted: where void wins the question is skipped, and the click is spent.
    multiclass: the classes at least `rim` pixels inside the outline (all of the region where nothing is that deep; the
    image's rim is no outline), void left out. One class: an answer of kind class. None: skipped.
    People: several annotators, each with an accuracy, classes taken for others, or answers without looking; who is given a
    question is drawn by seed and query.
    Mistakes: a share `skips` of all questions is skipped; of the other answers a share `confusion` names a wrong class,
    drawn evenly from the others (of regions without a square of `thin` pixels a side: thin_skips and thin_confusion): also where it would confirm; to draw the class shown is to confirm it; in a set one
    ticked class is exchanged for one that is not there (dropped, where all are ticked). Drawn by seed and query alone.
Limits: notice 0 and rule majority never leave more wrong pixels in a region than there were. A region whose truth is
    mostly void (or void at the representative pixel) is skipped; an unlabelled region is never confirmed. rim 0: every
    class that has a pixel is ticked. skips 1: nothing is answered; confusion 1: nothing is right.
Differs: MulActSeg removes the outline (a pixel thick on either side) dilated by a 5x5 square: that is rim 3. ALC's
    release is rule representative with confirm half. Then a region that is 60 % right keeps its other 40 %, though
    naming its class would mend nearly all of it: planted blobs cover parts of regions. Share of wrong pixels left on
    the brain's train slices (medium noise, seed 0, 400 SLIC regions, 20 % asked at once): the worst regions: half .64,
    painting the class shown on confirm .47, better .41 (notice 0: .37); chosen by sim with the first network: half .66,
    better .47 (.44); at random: half .92, painting .96, better .88 (.87). So `better` is the default: it assumes that
    people see the labels inside the outline and not only the name of the class, which is how queries are drawn.
"""

from hashlib import sha256
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Int64, UInt8
from pydantic import Field, field_validator
from scipy.ndimage import binary_erosion

from segmend.answers.answers import Footprint, Query, Verdict, pixels
from segmend.images.rasters import NO_REGION, UNLABELLED, VOID, LabelMap, is_class
from segmend.images.regions import thickness
from segmend.stage.params import Method
from tasks.correct.oracles._person import Person


class GroundTruth(Method):
    simulated: ClassVar[bool] = True
    any_answer: ClassVar[bool] = True  # as of People

    name: Literal["ground_truth"] = "ground_truth"
    rule: Literal["majority", "representative"] = Field(
        "majority",
        description="the class named: the region's most frequent true class, or that of its representative pixel",
    )
    confirm: Literal["better", "half"] = Field(
        "better",
        description="when labels count as right: unless naming the class mends more pixels (better), or when more than half "
        "of the pixels are right (half, as ALC)",
    )
    notice: float = Field(
        0.1, ge=0, lt=1, description="with `better`: a mistake is seen only if it is at least this share of the region"
    )

    rim: int = Field(
        3,
        ge=0,
        description="multiclass: pixels this close to the region's outline do not make a class seen; 3: the paper's",
    )
    confusion: float = Field(0.0, ge=0, le=1, description="share of the answers that name a wrong class")
    skips: float = Field(0.0, ge=0, le=1, description="share of the questions that are skipped")

    thin: int = Field(
        0,
        ge=0,
        le=64,
        description="regions without a square of this many pixels a side are thin: people see them badly",
    )
    thin_confusion: float = Field(0.0, ge=0, le=1, description="share of wrong answers about thin regions")
    thin_skips: float = Field(0.0, ge=0, le=1, description="share of questions about thin regions that are skipped")

    people: tuple[Person, ...] = Field(
        (),
        description="several people instead of one, as [{name: ada, accuracy: 0.95}]; they err by their own settings, about thin "
        "regions by the settings above",
    )

    @field_validator("people")
    @classmethod
    def named_apart(cls, people: tuple[Person, ...]) -> tuple[Person, ...]:
        names = [person.name for person in people]
        if len(set(names)) < len(names):
            raise ValueError("two simulated people have one name")
        return people

    def opinions(
        self, queries: list[Query], labels: LabelMap, truth: LabelMap | None, classes: tuple[str, ...], seed: int
    ) -> list[list[tuple[str, Verdict]]]:
        """Per query the verdicts of all simulated people, by name, in the order in which they are asked; no names: one annotator."""
        if not self.people:
            verdicts = self(queries, labels, truth, classes, seed)
            return [[] if verdict is None else [("", verdict)] for verdict in verdicts]
        for person in self.people:
            person.check(classes, "correct.oracle.ground_truth.people")
        return [[] if truth is None else self.crowd(query, labels, truth, classes, seed) for query in queries]

    def crowd(
        self, query: Query, labels: LabelMap, truth: LabelMap, classes: tuple[str, ...], seed: int
    ) -> list[tuple[str, Verdict]]:
        right, rng, thin = self.right(query, labels, truth), drawn_by(seed, query.query), self.is_thin(query)
        order, verdicts = rng.permutation(len(self.people)).tolist(), list[tuple[str, Verdict]]()
        for person in (self.people[k] for k in order):
            own = drawn_by(seed, f"{query.query} {person.name}")
            looks = thin and person.spams == "no"
            made = self.mistaken(right, query, classes, own) if looks else person.answer(right, query, classes, own)
            verdicts.append((person.name, made))
        return verdicts

    def __call__(
        self, queries: list[Query], labels: LabelMap, truth: LabelMap | None, classes: tuple[str, ...], seed: int
    ) -> list[Verdict | None]:
        if truth is None:
            return [None] * len(queries)
        return [
            self.mistaken(self.right(query, labels, truth), query, classes, drawn_by(seed, query.query))
            for query in queries
        ]

    def right(self, query: Query, labels: LabelMap, truth: LabelMap) -> Verdict:
        """The verdict of an annotator who makes no mistakes."""
        inside = pixels(query.footprint)
        wanted, given = truth.ravel()[inside], labels.ravel()[inside]
        if query.kind == "correction":
            return self.correction(query, wanted, given, truth)
        wanted = np.where(is_class(wanted) & (given != VOID), wanted, np.uint8(VOID))  # unlabelled truth is not known
        if query.kind == "dominant":
            most = int(np.bincount(wanted).argmax())
            return Verdict("skip") if most == VOID else Verdict("class", (most,))
        inner = deep(query.footprint, inside, self.rim)
        visible = np.unique(wanted[inner] if inner.any() else wanted)
        named = tuple(int(k) for k in visible if k != VOID)
        return Verdict({0: "skip", 1: "class"}.get(len(named), "class_set"), named)

    def correction(
        self, query: Query, wanted: UInt8[np.ndarray, " n"], given: UInt8[np.ndarray, " n"], truth: LabelMap
    ) -> Verdict:
        known = is_class(wanted) & (given != VOID)
        if 2 * known.sum() < len(wanted):
            return Verdict("skip")
        if self.rule == "majority":
            named = int(np.bincount(wanted[known], minlength=1).argmax())
        else:
            named = int(truth[query.row, query.column])
            if named >= UNLABELLED:
                return Verdict("skip")
        right = int((wanted == given)[known].sum())
        mended = int((wanted[known] == named).sum())
        unseen = mended - right < max(1, self.notice * known.sum())
        fine = unseen if self.confirm == "better" else right > known.sum() / 2
        return Verdict("confirm") if fine and query.shown is not None else Verdict("class", (named,))

    def is_thin(self, query: Query) -> bool:
        return self.thin > 1 and side_of(query.footprint, self.thin) < self.thin

    def mistaken(self, verdict: Verdict, query: Query, classes: tuple[str, ...], rng: np.random.Generator) -> Verdict:
        """The verdict, or a mistake: `rng` is drawn by seed and query alone, so neither order nor workers matter."""
        thin = self.is_thin(query)
        skips, confusion = (self.thin_skips, self.thin_confusion) if thin else (self.skips, self.confusion)
        if not (confusion or skips):
            return verdict
        skipped, confused = rng.random(2) < (skips, confusion)
        if skipped or verdict.kind == "skip":
            return Verdict("skip")
        shown = classes.index(query.shown) if query.shown is not None and query.kind == "correction" else None
        named = (shown,) if verdict.kind == "confirm" else verdict.classes
        others = [k for k in range(len(classes)) if k not in named]
        if not confused or not (others or len(named) > 1):
            return verdict
        kept = list(named)
        kept.pop(int(rng.integers(len(kept))))
        drawn = tuple(sorted([*kept, *rng.choice(others, 1).tolist()] if others else kept))
        if drawn == (shown,):
            return Verdict("confirm")
        return Verdict("class" if len(drawn) == 1 else "class_set", drawn)

    def waiting(self, unanswered: int, asked: int, answers: str, queries: str) -> str | None:
        """A simulated annotator needs truth: where no query has any, somebody must answer or bring it."""
        if not asked or unanswered < asked:
            return None
        return (
            f"none of the {asked} queries in {queries} can be answered: no asked image has a known truth. Give the data a "
            f"truth folder, plant mistakes (ingest.noise), or let people answer into {answers} (correct.oracle.name: people)"
        )


def drawn_by(seed: int, name: str) -> np.random.Generator:
    """Random numbers that seed and name alone determine."""
    return np.random.default_rng([seed, int.from_bytes(sha256(name.encode()).digest()[:8], "big")])


def side_of(footprint: Footprint, most: int) -> int:
    """The side of the largest square of pixels in a footprint, `most` at most."""
    rows, columns = np.divmod(pixels(footprint), footprint.size[1])
    window = np.full((np.ptp(rows) + 1, np.ptp(columns) + 1), NO_REGION, np.int32)
    window[rows - rows.min(), columns - columns.min()] = 0
    return int(thickness(window, most)[0])


def deep(footprint: Footprint, inside: Int64[np.ndarray, " n"], rim: int) -> Bool[np.ndarray, " n"]:
    """Which of the footprint's pixels are at least `rim` pixels inside: 4-neighbours count first, then squares."""
    if rim == 0:
        return np.ones(len(inside), bool)
    rows, columns = np.unravel_index(inside, footprint.size)
    # The window reaches `rim` pixels beyond the region, or to the image's rim; behind that all counts as inside.
    top, left = max(0, rows.min() - rim), max(0, columns.min() - rim)
    window = np.zeros(
        (min(footprint.size[0], rows.max() + rim + 1) - top, min(footprint.size[1], columns.max() + rim + 1) - left),
        bool,
    )
    window[rows - top, columns - left] = True
    window = binary_erosion(window, border_value=1)
    if rim > 1:
        window = binary_erosion(window, np.ones((2 * rim - 1, 2 * rim - 1), bool), border_value=1)
    return window[rows - top, columns - left]
