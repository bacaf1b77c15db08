"""People: how many answers are waited for."""

import pytest

from tasks.correct.oracles.people import People


@pytest.mark.parametrize(
    ("enough", "unanswered", "asked", "lacking"),
    [
        (1.0, 0, 10, 0),
        (1.0, 1, 10, 1),
        (0.8, 2, 10, 0),
        (0.8, 3, 10, 1),
        (0.0, 10, 10, 0),
        (0.1, 3, 3, 1),
        (0.7, 3, 10, 0),
        ("any", 10, 10, 1),
        ("any", 9, 10, 0),
        ("any", 0, 0, 0),
    ],
)
def test_enough(enough, unanswered, asked, lacking, capsys):
    sentence = People(enough=enough).waiting(unanswered, asked, "data/answers/r1.jsonl", "data/queries/r1")
    assert (sentence is not None) == (lacking > 0)
    if sentence:
        assert (
            f"{unanswered} of {asked} queries" in sentence
            and "data/answers/r1.jsonl" in sentence
            and "data/queries/r1" in sentence
        )
        assert enough == "any" or lacking == unanswered or f"{lacking} of them are needed" in sentence
    else:
        said = capsys.readouterr().out
        assert (f"{asked - unanswered} of {asked} queries are answered; the round goes on" in said) == (unanswered > 0)
