"""Questions as tasks and annotations as answers: what each way to answer means, what is refused, and that nothing is written twice."""

import json

import numpy as np
import pytest

from benchmarks.label_studio import WAYS, answered, lost
from segmend.answers.answers import decode, read, read_queries
from segmend.images.dataset import Dataset
from tasks.export import questions
from tasks.export.formats.label_studio import brush_stroke
from tests.annotate import toy


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    made = toy.make(tmp_path_factory.mktemp("questions") / "w", images=3, size=(24, 32), questions=12)
    samples = made / "data/dataset/samples.csv"
    samples.write_text(samples.read_text().replace("train", "val", 1))  # query.val asks about val images too
    return made


def paths(root):
    return ["--queries", str(root / "data/queries/r1"), "--dataset", str(root / "data/dataset")]


def taken(root, export, answers):
    return questions.main(
        ["in", str(export), "--answers", str(answers), "--lock", str(answers.parent / "locks"), *paths(root)]
    )


def exported(tmp_path, tasks):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks))
    return path


def test_every_way_to_answer_comes_back(root, tmp_path, capsys):
    assert questions.main(["out", "--out", str(tmp_path / "out"), *paths(root)]) == 0
    tasks = json.loads((tmp_path / "out/tasks.json").read_text())
    queries = read_queries(root / "data/queries/r1")
    classes = Dataset(root / "data/dataset").classes
    assert [task["data"]["query"] for task in tasks] == [query.query for query in queries]
    assert {
        path.relative_to(tmp_path / "out/images").as_posix() for path in (tmp_path / "out/images").rglob("*.png")
    } == {f"{query.image}.png" for query in queries}
    expected = []
    for k, (task, query) in enumerate(zip(tasks, queries, strict=True)):
        body, wanted = answered(task, query, WAYS[k % len(WAYS)], classes)
        task |= {
            "id": k,
            "annotations": [{**body, "completed_by": {"email": "ada@x.org"}, "created_at": "2026-01-31T10:00:00Z"}],
        }
        expected.append(wanted)
    export, answers = exported(tmp_path, tasks), tmp_path / "r1.jsonl"
    assert taken(root, export, answers) == 0
    given = read(answers, classes)
    assert not lost(expected, given) and {answer.who for answer in given} == {"ada@x.org"}
    before = answers.read_bytes()
    assert taken(root, export, answers) == 0 and answers.read_bytes() == before
    assert "0 were added" in capsys.readouterr().out
    assert questions.main(["out", "--out", str(tmp_path / "again"), "--answers", str(answers), *paths(root)]) == 2
    assert "is answered already" in capsys.readouterr().err and not (tmp_path / "again").exists()


def stroke(mask, label):
    return brush_stroke("new", mask, label)


def test_strokes_of_several_classes_and_beyond_the_region_are_parts(root):
    query, classes = read_queries(root / "data/queries/r1")[0], Dataset(root / "data/dataset").classes
    region = decode(query.footprint)
    first, second = np.zeros_like(region), np.zeros_like(region)
    first[: query.row + 1] = True
    second[query.row + 1 :, : query.column + 1] = True
    result = [stroke(first, classes[0]), stroke(second & region, classes[1]), questions.ticked([query.shown], query)]
    given = questions.Given(query.query, "ben", {"result": result, "lead_time": 4}, "here")
    lines = questions.answers_of(given, query, classes)
    painted = np.zeros_like(region)
    for line in lines:
        painted |= decode(line.mask)
    assert (painted == (first | (second & region))).all() and [line.kind for line in lines] == ["mask"] * len(lines)
    assert [line.query for line in lines] == [query.query, *(f"{query.query}+{k}" for k in range(1, len(lines)))]
    assert sum(line.seconds for line in lines) == 4 and sum(line.clicks for line in lines) == 1


def test_the_stroke_may_be_given_another_class_and_several_classes_may_be_ticked(root):
    query, classes = read_queries(root / "data/queries/r1")[0], Dataset(root / "data/dataset").classes
    other = next(name for name in classes if name != query.shown)
    given = questions.Given(query.query, "ben", {"result": [stroke(decode(query.footprint), other)]}, "here")
    (line,) = questions.answers_of(given, query, classes)
    assert (line.kind, line.classes, line.seconds) == ("class", (other,), None)
    several = query.model_copy(update={"kind": "multiclass"})
    given = given._replace(annotation={"result": [questions.ticked([classes[2], classes[0]], query)]})
    (line,) = questions.answers_of(given, several, classes)
    assert (line.kind, line.classes) == ("class_set", (classes[0], classes[2]))
    with pytest.raises(ValueError, match="here: ben ticked several classes"):
        questions.answers_of(given, query, classes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda task: task["data"].pop("query"), "task 7: its data have no `query`"),
        (lambda task: task["data"].update(query="r9-00001"), "there is no question r9-00001 in this round"),
        (lambda task: task["annotations"][0].update(result=[]), "names no class: tick one"),
        (lambda task: task["annotations"][0]["result"][1]["value"].update(choices=["cat"]), "'cat' is no class"),
        (
            lambda task: task["annotations"][0]["result"][0]["value"].update(brushlabels=["cat"]),
            "a stroke has the labels",
        ),
        (lambda task: task["annotations"][0]["result"][0]["value"].update(rle=[1, 2, 3]), "cut off"),
    ],
)
def test_what_cannot_be_read_is_named_and_nothing_is_written(root, tmp_path, capsys, change, words):
    questions.main(["out", "--out", str(tmp_path / "out"), "--limit", "2", *paths(root)])
    tasks = json.loads((tmp_path / "out/tasks.json").read_text())
    for task in tasks:
        task |= {"id": 7, "annotations": [{"result": task["predictions"][0]["result"], "completed_by": 1}]}
    change(tasks[1])
    assert taken(root, exported(tmp_path, tasks), tmp_path / "r1.jsonl") == 2
    assert words in capsys.readouterr().err and not (tmp_path / "r1.jsonl").exists()


def test_other_files_are_no_export(root, tmp_path, capsys):
    path = tmp_path / "x.json"
    for text, words in (("{", "is not JSON"), ('{"a": 1}', "a list of tasks")):
        path.write_text(text)
        assert taken(root, path, tmp_path / "r1.jsonl") == 2 and words in capsys.readouterr().err
