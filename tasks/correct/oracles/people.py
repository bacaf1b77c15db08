"""People answer: every answer comes from the answers file, and the stage waits until there are enough.

Idea: questions are written with pictures, answers are appended one a line (segmend/answers/answers.py); nothing is simulated.
Limits: enough = 0 goes on with the answers that are there; enough = 1 waits for every query of the round.
Differs: queries left open when the round goes on may be asked again in a later round; answers that come late are applied
    by the round that finds them, over their own footprint.
"""

from math import ceil
from typing import ClassVar, Literal

from pydantic import Field

from segmend.answers.answers import Query, Verdict
from segmend.images.rasters import LabelMap
from segmend.stage.params import Method


class People(Method):
    simulated: ClassVar[bool] = False

    name: Literal["people"] = "people"
    enough: float = Field(
        1.0, ge=0, le=1, description="share of a round's queries that must be answered before it goes on"
    )

    def __call__(
        self, queries: list[Query], labels: LabelMap, truth: LabelMap | None, classes: tuple[str, ...], seed: int
    ) -> list[Verdict | None]:
        return [None] * len(queries)

    def opinions(
        self, queries: list[Query], labels: LabelMap, truth: LabelMap | None, classes: tuple[str, ...], seed: int
    ) -> list[list[tuple[str, Verdict]]]:
        return [[] for _ in queries]

    def waiting(self, unanswered: int, asked: int, answers: str, queries: str) -> str | None:
        lacking = ceil(self.enough * asked - 1e-9) - (asked - unanswered)
        if lacking <= 0:
            return None
        more = "" if lacking == unanswered else f", and {lacking} of them are needed to go on"
        return (
            f"waiting for answers: {unanswered} of {asked} queries are still unanswered{more}. The queries with pictures are "
            f"in {queries}; answers go to {answers}, one JSON object a line. To go on with fewer, set correct.oracle to "
            "{name: people, people: {enough: SHARE}}, as 0.1 for a tenth of the queries"
        )
