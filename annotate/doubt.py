"""Which answers of a round are in doubt, so that one more person is asked: `overlap: adaptive`."""

from threading import Lock
from typing import Any

from annotate.journal import Journal
from annotate.questions import Questions
from annotate.workspace import Workspace
from segmend.aggregators import Aggregator
from segmend.answers.answers import PART
from segmend.answers.consensus import NETWORK_SURE, Question, consensus
from segmend.answers.gold import gold_classes
from segmend.stage.params import validated

EVERY = 20  # answers between two estimates
AGGREGATOR = {"name": "majority"}
DOUBT, MOST = 0.2, 3  # the defaults of correct.doubt and correct.most_people


class Doubt:
    """The probability that a question's answer is wrong, by the people's reliability and what the network predicted."""

    def __init__(self, workspace: Workspace, questions: Questions, journal: Journal):
        self.data, self.questions, self.journal = workspace.dataset, questions, journal
        chosen: dict[str, Any] = workspace.params.get("correct") or {}
        self.aggregator = validated(Aggregator, chosen.get("aggregator") or AGGREGATOR, "correct.aggregator")
        self.most, self.threshold = int(chosen.get("most_people", MOST)), float(chosen.get("doubt", DOUBT))
        self._classes = {name: k for k, name in enumerate(workspace.classes)}
        self._doubts: dict[str, tuple[int, float]] = {}  # by query, with the number of answers it was estimated from
        self._seen = -EVERY
        self._guard = Lock()

    def people_wanted(self, name: str) -> int:
        """How many people a question is given to, as far as is known now; one until its answer was estimated."""
        answers, doubt = self._doubts.get(name, (0, 0.0))
        return answers + 1 if doubt > self.threshold and answers < self.most else max(answers, 1)

    def refresh(self, at_once: bool = False) -> bool:
        """Estimate anew after some answers, or `at_once`; whether anything was estimated."""
        with self._guard:
            count = len(self.journal.lines)
            if count == self._seen or (count - self._seen < EVERY and not at_once):
                return False
            self._seen = count
            names, asked = [], []
            answers = {
                name: tuple(self.journal.stand(name).values()) for name in self.journal.answered if PART not in name
            }
            gold = gold_classes(self.data, [each[-1] for each in answers.values()])
            for name, each in answers.items():
                query = self.questions.by_name.get(name)
                known: tuple[int | None, float] = (None, 0.0)  # also of held-out questions, which no network was asked
                if query is not None and query.confidence is not None:
                    known = (self._classes[query.predicted], query.confidence)
                names.append(name)
                asked.append(Question(each, gold.get(each[-1].identity), *known))
            made = consensus(asked, tuple(self._classes), self.aggregator, NETWORK_SURE)
            self._doubts = {
                name: (len(question.answers), decision.doubt)
                for name, question, decision in zip(names, asked, made.decisions, strict=True)
            }
            return True
