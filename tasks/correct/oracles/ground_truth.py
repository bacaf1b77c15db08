"""A simulated annotator who knows the true masks: for experiments, never for real data without truth.

Paper: Kim et al., Active Label Correction for Semantic Segmentation with Foundation Models, ICML 2024 (ALC), section 3.
Idea: shown a region with its labels, the annotator either says "right as it is" (confirm: nothing changes) or names the
    class of the region (class: the whole region gets it).
Formula, over the pixels of the region whose truth is a class: c = their most frequent class (rule majority) or the class
    at the representative pixel (rule representative); right = pixels labelled as the truth says; mended = pixels that are c.
    confirm: better - confirm unless mended - right >= max(1, notice * pixels); half - confirm if right > pixels / 2.
Limits: notice 0 and rule majority never leave more wrong pixels in a region than there were. A region whose truth is
    mostly void (or void at the representative pixel) is skipped; an unlabelled region is never confirmed.
Differs: ALC's release is rule representative with confirm half. Then a region that is 60 % right keeps its other 40 %,
    though naming its class would mend nearly all of it: planted blobs cover parts of regions. Share of wrong pixels left
    on the brain's train slices (medium noise, seed 0, 400 SLIC regions, 20 % asked at once): the worst regions: half .64,
    painting the class shown on confirm .47, better .41 (notice 0: .37); chosen by sim with the first network: half .66,
    better .47 (.44); at random: half .92, painting .96, better .88 (.87). So `better` is the default: it assumes that
    people see the labels inside the outline and not only the name of the class, which is how queries are drawn.
"""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from tasks.answers import Query, Verdict, pixels
from tasks.params import Method
from tasks.rasters import UNLABELLED, VOID, LabelMap, is_class


class GroundTruth(Method):
    simulated: ClassVar[bool] = True

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

    def __call__(self, queries: list[Query], labels: LabelMap, truth: LabelMap | None) -> list[Verdict | None]:
        if truth is None:
            return [None] * len(queries)
        return [self.one(query, labels, truth) for query in queries]

    def one(self, query: Query, labels: LabelMap, truth: LabelMap) -> Verdict:
        places = pixels(query.footprint)
        wanted, given = truth.ravel()[places], labels.ravel()[places]
        known = is_class(wanted) & (given != VOID)
        if 2 * known.sum() < len(places):
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

    def waiting(self, unanswered: int, asked: int, answers: str, queries: str) -> str | None:
        """A simulated annotator needs truth: where no query has any, somebody must answer or bring it."""
        if not asked or unanswered < asked:
            return None
        return (
            f"none of the {asked} queries in {queries} can be answered: no asked image has a known truth. Give the data a "
            f"truth folder, plant mistakes (ingest.noise), or let people answer into {answers} (correct.oracle.name: people)"
        )
