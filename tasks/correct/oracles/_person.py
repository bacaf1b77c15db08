"""One of several simulated people: whose answers are wrong how often, and how."""

from typing import Literal

import numpy as np
from pydantic import Field

from segmend.answers.answers import Query, Verdict
from segmend.stage.params import Settings


class Person(Settings):
    """An annotator who looks at the region and errs in a share of the answers, or does not look at all."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f:,]*$")
    accuracy: float = Field(
        1.0, ge=0, le=1, description="share of the answers that are right; of a spammer it does not count"
    )
    confuses: dict[str, str] = Field(
        {},
        description="classes that this person takes for another one where wrong, as {grey: white}; others: any other class",
    )
    spams: Literal["no", "random", "confirm"] = Field(
        "no", description="answers without looking: any class alike, or that the label is right"
    )

    def check(self, classes: tuple[str, ...], where: str) -> None:
        """Raise ValueError where `confuses` names a class that the data set does not have."""
        for name in {*self.confuses, *self.confuses.values()}:
            if name not in classes:
                raise ValueError(
                    f"{where}: {self.name} confuses the class '{name}'; the classes are {', '.join(classes)}"
                )

    def answer(self, right: Verdict, query: Query, classes: tuple[str, ...], rng: np.random.Generator) -> Verdict:
        """This person's verdict; `right` is that of an annotator without mistakes."""
        shown = classes.index(query.shown) if query.shown is not None and query.kind == "correction" else None
        wrong, draw = rng.random() >= self.accuracy, int(rng.integers(len(classes)))
        if self.spams == "confirm":
            return Verdict("confirm") if shown is not None else Verdict("class", (0,))
        if self.spams == "random":
            return Verdict("confirm") if draw == shown else Verdict("class", (draw,))
        if right.kind == "skip" or not wrong or len(classes) < 2:
            return right
        named = list(right.classes) if right.kind != "confirm" else [shown if shown is not None else 0]
        true = named.pop(int(rng.integers(len(named))))
        others = [k for k in range(len(classes)) if k not in (true, *named)]
        if classes[true] in self.confuses:
            drawn = [classes.index(self.confuses[classes[true]])]
        else:
            drawn = rng.choice(others, 1).tolist() if others else []
        said = tuple(sorted({*named, *drawn}))
        if shown is not None and said == (shown,):
            return Verdict("confirm")
        return Verdict("class" if len(said) == 1 else "class_set", said)
