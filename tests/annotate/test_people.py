"""Figures of people: by hand."""

from annotate.people import disputed, figures
from annotate.review import Options, Review
from annotate.workspace import Workspace
from segmend.answers.answers import read_queries
from tests.annotate.conftest import give, served, take


def test_agreement_with_the_truth_with_oneself_and_with_colleagues(root):
    """Four questions: ada names the network's class, which is the truth here; ben names `house` every time, and skips one."""
    person = served(root, overlap=2)
    ada, ben = person("ada"), person("ben")
    asked = read_queries(root / "data/queries/r1")[:4]
    classes = Workspace(root).classes
    for k, query in enumerate(asked):
        right = classes.index(query.predicted)
        take(ada, 1)
        give(ada, query.query, at=k, kind="class", classes=[right], seconds=2 + k)
        take(ben, 1, "bbbbbbbb")
        said = {"kind": "skip"} if k == 3 else {"kind": "class", "classes": [3]}
        give(ben, query.query, at=k, window="bbbbbbbb", seconds=0, **said)
    houses = sum(query.predicted == "house" for query in asked[:3])
    rows = {row["who"]: row for row in figures(Review(Workspace(root), Options(overlap=2)))}
    assert rows["ada"]["gold"] == (4, 4) and rows["ben"]["gold"] == (houses, 3)
    assert rows["ada"]["peers"] == rows["ben"]["peers"] == (houses, 3)
    assert rows["ada"]["seconds"] == 3.5 and rows["ben"]["seconds"] is None
    assert rows["ada"]["answers"] == 4 and rows["ben"]["kinds"] == {"class": 3, "skip": 1}
    assert "100 % of 4" in ada.get("/people").text


def test_what_is_disputed(root):
    person = served(root, overlap=2)
    ada, ben = person("ada"), person("ben")
    query, other = (q.query for q in read_queries(root / "data/queries/r1")[:2])
    take(ada, 2)
    give(ada, query, kind="class", classes=[0])
    give(ada, other, kind="skip", flag=True, comment="?")
    assert [row["query"].query for row in disputed(Review(Workspace(root), Options()))] == [other]
    take(ben, 2, "bbbbbbbb")
    give(ben, query, window="bbbbbbbb", kind="class", classes=[1])
    assert {row["query"].query for row in disputed(Review(Workspace(root), Options()))} == {query, other}
