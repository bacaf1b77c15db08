"""A round's questions as tasks for Label Studio, and what people answered there as answers of this project.

    python -m tasks.export.questions out --queries data/queries/r1 --dataset data/dataset --out DIR [--answers FILE] [--limit 50]
    python -m tasks.export.questions in EXPORT.json --queries data/queries/r1 --dataset data/dataset --answers FILE --lock DIR

A task is one question: the image, the region as a pre-drawn stroke in the class that its label has, and a list of classes of which that
class is ticked already. People tick another class, or "cannot say", or draw the region again; then they submit. What was submitted means:

    region as it was drawn, shown class ticked       confirm
    region as it was drawn, another class            class (of the kind multiclass: class_set)
    region drawn again, or several strokes           mask: the class with most pixels in the region answers, the rest are parts beside it
    "cannot say", or a task that was skipped         skip

`who` is the account (user<number> where the export holds no address), `when` the time of the last change, `seconds` the lead time that
Label Studio measured. The text below the classes becomes `comment`. Nothing is written when one task cannot be read; annotations that the
answers file holds already are counted, not written again. Every annotation is accounted for in the sentence at the end.
"""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from json import dumps, loads
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import quoteattr

import numpy as np
from filelock import FileLock

from segmend.answers.answers import PART, Answer, Query, check, decode, encode, pixels, read, read_queries, standing
from segmend.answers.revert import append
from segmend.images.brush import cover_brush
from segmend.images.dataset import Dataset
from segmend.stage.command import user_mistakes
from tasks.export.formats._base import save_png
from tasks.export.formats.label_studio import LOCAL, brush_stroke, label_config

SKIP = "(cannot say)"
ASKED = {
    "correction": "Is the marked region {shown}? If not, tick its class.",
    "dominant": "Which class is most of the marked region? Tick it.",
    "multiclass": "Which classes are in the marked region? Tick all of them.",
}


class Given(NamedTuple):
    """One annotation of a task."""

    query: str
    who: str
    annotation: dict[str, Any]
    where: str  # for messages


def write_tasks(out: Path, dataset: Dataset, queries: list[Query]) -> None:
    """tasks.json, label_config.xml and the images that the questions are about."""
    kinds = {query.kind for query in queries}
    choice = "multiple" if "multiclass" in kinds else "single"
    choices = "".join(f"\n    <Choice value={quoteattr(name)}/>" for name in (*dataset.classes, SKIP))
    more = (
        f'\n  <Text name="question" value="$question"/>\n  <Choices name="answer" toName="image" choice="{choice}" showInline="true">'
        f'{choices}\n  </Choices>\n  <TextArea name="comment" toName="image" placeholder="comment" maxSubmissions="1"/>'
    )
    (out / "label_config.xml").write_text(label_config(dataset.card, more), encoding="utf-8")
    for image in sorted({query.image for query in queries}):
        save_png(out / "images" / f"{image}.png", dataset.image(image))
    tasks = []
    for query in queries:
        stroke = brush_stroke("region", decode(query.footprint), query.shown or query.predicted)
        results = [stroke]
        if query.kind == "correction" and query.shown is not None:
            results.append(ticked([query.shown], query))
        data = {
            "image": f"{LOCAL}images/{query.image}.png",
            "question": ASKED[query.kind].format(shown=query.shown or "without a label"),
            "query": query.query,
        }
        tasks.append({"data": data, "predictions": [{"model_version": "segmend", "result": results}]})
    (out / "tasks.json").write_text(dumps(tasks, ensure_ascii=False) + "\n", encoding="utf-8")


def ticked(classes: list[str], query: Query) -> dict[str, Any]:
    """The answer's list with these classes ticked, as Label Studio stores it."""
    height, width = query.footprint.size
    sides = {"original_width": width, "original_height": height, "image_rotation": 0}
    return {
        "id": "answer",
        "type": "choices",
        "from_name": "answer",
        "to_name": "image",
        **sides,
        "value": {"choices": classes},
    }


def given_in(path: Path) -> Iterator[Given]:
    """Every annotation of an export in JSON; ValueError for what is no such export."""
    try:
        content = loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as trouble:
        raise ValueError(f"{path} is not JSON ({trouble}): export the project as JSON") from None
    if not isinstance(content, list) or not all(
        isinstance(task, dict) and isinstance(task.get("data"), dict) for task in content
    ):
        raise ValueError(
            f"{path} is no export of Label Studio in JSON: a list of tasks with `data` and `annotations` is expected"
        )
    for task in content:
        query = task["data"].get("query")
        where = f"{path}, task {task.get('id')}"
        if not isinstance(query, str):
            raise ValueError(
                f"{where}: its data have no `query`: it is not one of the tasks that segmend questions wrote"
            )
        for annotation in task.get("annotations") or []:
            yield Given(query, account(annotation.get("completed_by")), annotation, where)


def account(who: Any) -> str:
    """The name of an account: its address, or user<number>."""
    if isinstance(who, dict):
        who = who.get("email") or who.get("id")
    return who if isinstance(who, str) and not who.isdigit() else f"user{who}"


def answers_of(given: Given, query: Query, classes: tuple[str, ...]) -> list[Answer]:
    """The lines of one annotation; ValueError where it says nothing, or names a class that the data set does not have."""
    annotation, results = given.annotation, given.annotation.get("result") or []
    about: dict[str, Any] = {"query": query.query, "image": query.image, "footprint": query.footprint, "who": given.who}
    about |= {"image_sha256": query.image_sha256} if query.image_sha256 else {}
    when = annotation.get("updated_at") or annotation.get("created_at")
    about |= {"when": str(when)} if when else {}
    comment = [text for result in results if result.get("type") == "textarea" for text in listed(result, "text")]
    about |= {"comment": "\n".join(comment)} if comment else {}
    cost = (
        {"clicks": 1.0, "seconds": float(annotation["lead_time"])}
        if annotation.get("lead_time") is not None
        else {"clicks": 1.0}
    )
    chosen = [name for result in results if result.get("type") == "choices" for name in listed(result, "choices")]
    unknown = sorted({*chosen} - {*classes, SKIP})
    if unknown:
        raise ValueError(f"{given.where}: '{unknown[0]}' is no class; the classes are {', '.join(classes)}")
    if annotation.get("was_cancelled") or SKIP in chosen:
        return [Answer(**about, **cost, kind="skip")]
    strokes = strokes_of(given, query, classes)
    region = decode(query.footprint)
    named = next(iter(strokes)) if len(strokes) == 1 else None
    if strokes and not (named and (strokes[named] == region).all()):
        return brushed(strokes, query, about, cost)
    if not chosen and named not in (None, query.shown or query.predicted):
        chosen = [str(named)]  # the region's stroke was given another class
    if not chosen:
        raise ValueError(f"{given.where}: the annotation of {given.who} names no class: tick one, or {SKIP}")
    if query.kind == "multiclass":
        return [Answer(**about, **cost, kind="class_set", classes=tuple(sorted(set(chosen), key=classes.index)))]
    if len(set(chosen)) > 1:
        raise ValueError(f"{given.where}: {given.who} ticked several classes ({', '.join(chosen)}): tick one")
    confirms = query.kind == "correction" and chosen[0] == query.shown
    return [Answer(**about, **cost, kind="confirm" if confirms else "class", classes=(chosen[0],))]


def listed(result: dict[str, Any], key: str) -> list[str]:
    found = (result.get("value") or {}).get(key) or []
    return [found] if isinstance(found, str) else [str(text) for text in found]


def strokes_of(given: Given, query: Query, classes: tuple[str, ...]) -> dict[str, np.ndarray]:
    """What was drawn, a mask for each class."""
    found: dict[str, np.ndarray] = {}
    for result in given.annotation.get("result") or []:
        if result.get("type") != "brushlabels":
            continue
        value, names = result.get("value") or {}, listed(result, "brushlabels")
        if len(names) != 1 or names[0] not in classes:
            raise ValueError(f"{given.where}: a stroke has the labels {names}: give it one of {', '.join(classes)}")
        size = (int(result.get("original_height", 0)), int(result.get("original_width", 0)))
        mask = cover_brush(bytes(value.get("rle") or b""), *size, *query.footprint.size)
        found[names[0]] = found.get(names[0], np.zeros_like(mask)) | mask
    return {name: mask for name, mask in found.items() if mask.any()}


def brushed(strokes: dict[str, np.ndarray], query: Query, about: dict[str, Any], cost: dict[str, Any]) -> list[Answer]:
    """Strokes as answers: the class with most pixels in the region answers the question, the rest are parts beside it."""
    region = decode(query.footprint)
    inside = {name: mask & region for name, mask in strokes.items()}
    main = max(inside, key=lambda name: int(inside[name].sum()))
    if not inside[main].any():
        raise ValueError(
            f"the annotation of {about['who']} to {query.query} drew nothing inside the region: draw there, or tick a class"
        )
    lines = [Answer(**about, **cost, kind="mask", classes=(main,), mask=encode(inside[main]))]
    for name, mask in sorted(strokes.items()):
        rest = mask & ~region if name == main else mask
        if rest.any():
            footprint = encode(rest)
            part = about | {
                "query": f"{query.query}{PART}{len(lines)}",
                "footprint": footprint,
                "clicks": 0.0,
                "seconds": 0.0,
            }
            lines.append(Answer(**part, kind="mask", classes=(name,), mask=footprint))
    return lines


def taken_in(path: Path, queries: Iterable[Query], dataset: Dataset, answers: Path, lock: Path) -> str:
    """Add the answers of an export to an answers file; the sentence that says what became of every annotation."""
    asked = {query.query: query for query in queries}
    sizes = {sample.id: (sample.height, sample.width) for sample in dataset.samples}
    lines, annotations = [], 0
    for given in given_in(path):
        query = asked.get(given.query)
        if query is None:
            raise ValueError(
                f"{given.where}: there is no question {given.query} in this round: name its round with --round"
            )
        annotations += 1
        for answer in answers_of(given, query, dataset.classes):
            check(answer, dataset.classes, sizes)
            lines.append(answer)
    lock.mkdir(parents=True, exist_ok=True)
    answers.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock / f"{answers.name}.lock"):
        answers.touch()
        known = {(answer.query, answer.who, answer.when) for answer in read(answers, dataset.classes, sizes)}
        new = [answer for answer in lines if (answer.query, answer.who, answer.when) not in known]
        new.sort(key=lambda answer: answer.when or "")
        append(answers, new)
    had = len(lines) - len(new)
    return f"{annotations} annotations are {len(lines)} answers: {len(new)} were added to {answers}, {had} were there already"


def unanswered(queries: list[Query], answers: Path | None) -> list[Query]:
    """The questions that nobody has answered yet, in their order."""
    if answers is None or not answers.is_file():
        return queries
    done = {answer.query.partition(PART)[0] for answer in standing(read(answers))}
    return [query for query in queries if query.query not in done]


@user_mistakes
def main(words: list[str] | None = None) -> int:
    parser = ArgumentParser("python -m tasks.export.questions", description=(__doc__ or "").splitlines()[0])
    kinds = parser.add_subparsers(dest="way", required=True)
    out, back = kinds.add_parser("out"), kinds.add_parser("in")
    out.add_argument("--out", type=Path, required=True)
    out.add_argument("--limit", type=int)
    out.add_argument("--answers", type=Path)
    back.add_argument("file", type=Path)
    back.add_argument("--answers", type=Path, required=True)
    back.add_argument("--lock", type=Path, required=True, help="folder of the locks that other writers of answers use")
    for part in (out, back):
        part.add_argument("--queries", type=Path, required=True)
        part.add_argument("--dataset", type=Path, required=True)
    chosen = parser.parse_args(words)
    queries, dataset = read_queries(chosen.queries), Dataset(chosen.dataset)
    if chosen.way == "in":
        print(taken_in(chosen.file, queries, dataset, chosen.answers, chosen.lock))
        return 0
    left = unanswered(queries, chosen.answers)[: chosen.limit]
    if not left:
        raise ValueError(f"Every question of {chosen.queries} is answered already.")
    chosen.out.mkdir(parents=True, exist_ok=True)
    write_tasks(chosen.out, dataset, left)
    print(
        f"{len(left)} questions as tasks in {chosen.out}: {sum(len(pixels(q.footprint)) for q in left):,} pixels are asked about"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
