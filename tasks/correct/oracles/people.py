"""People answer: every answer comes from the answers file, and the stage waits until there are enough.

Idea: questions are written with pictures, answers are appended one a line (segmend/answers/answers.py); nothing is simulated.
Limits: enough = any goes on once there is an answer, with those that are there; 0 goes on without any; 1 waits for every query.
Differs: queries left open when the round goes on may be asked again in a later round; answers that come late are applied
    by the round that finds them, over their own footprint.
"""

from math import ceil
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from segmend.answers.answers import Query, Verdict
from segmend.images.rasters import LabelMap
from segmend.stage.params import Method


class People(Method):
    simulated: ClassVar[bool] = False

    name: Literal["people"] = "people"
    enough: Literal["any"] | Annotated[float, Field(ge=0, le=1)] = Field(
        "any", description="share of a round's queries that must be answered before it goes on; any: at least one"
    )

    def __call__(
        self, queries: list[Query], labels: LabelMap, truth: LabelMap | None, classes: tuple[str, ...], seed: int
    ) -> list[Verdict | None]:
        return [None] * len(queries)

    def opinions(
        self, queries: list[Query], labels: LabelMap, truth: LabelMap | None, classes: tuple[str, ...], seed: int
    ) -> list[list[tuple[str, Verdict]]]:
        return [[] for _ in queries]

    @property
    def any_answer(self) -> bool:
        """Whether a question counts as answered that fewer people answered than are asked."""
        return self.enough == "any"

    def waiting(self, unanswered: int, asked: int, answers: str, queries: str) -> str | None:
        needed = min(1, asked) if self.enough == "any" else ceil(self.enough * asked - 1e-9)
        answered = asked - unanswered
        if answered >= needed:
            if unanswered:
                print(
                    f"{answers}: {answered} of {asked} queries are answered; the round goes on with these", flush=True
                )
            return None
        head = f"waiting for answers: {unanswered} of {asked} queries are still unanswered"
        where = f"The queries with pictures are in {queries}; answers go to {answers}, one JSON object a line"
        if self.enough == "any":
            return f"{head}. {where}. Answer as many as you like: the next run goes on with what is there"
        lacking = needed - answered
        more = "" if lacking == unanswered else f", and {lacking} of them are needed to go on"
        return f"{head}{more}. {where}. To go on with fewer, lower correct.oracle.people.enough: {{enough: any}} takes what is there"
