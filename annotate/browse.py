"""All images, worst first, and what happened to one: its first label, every answer, what was changed automatically."""

from collections import Counter, defaultdict
from typing import Any

import pyarrow.compute as compute

from annotate.journal import PART, question_of
from annotate.review import Review
from segmend.answers import history

PAGE = 60  # images of a page
SORTS = ("gain", "wrong", "uncertainty", "questions", "name")
LABELLED = ("train", "val")  # test images have no labels


def listing(review: Review, sort: str, find: str, named: str, who: str, round: str, start: int) -> dict[str, Any]:
    """A page of images, worst first: by what answers are expected to put right, by the network's wrong pixels where they are known.

    `round`: only images with an answer in that round, or a question where it is the round that is asked now.
    """
    space, now = review.workspace, review.assignment
    scores = space.scores()
    sort = sort if sort in SORTS else "gain"
    gain: dict[str, float] = defaultdict(float)
    for query in now.questions.ordered:
        gain[query.image] += 0.0 if now.full(query.query) else query.expected or 0.0
    open_ = Counter(query.image for query in now.questions.ordered if not now.full(query.query))
    answered: dict[str, set[str]] = {}
    concerned: dict[str, set[str]] = {}
    of_round = {query.image for query in now.questions.ordered if round == now.questions.round}
    for name in space.rounds:
        for answer in review.journal(name).standing:
            if name == round:
                of_round.add(answer.image)
            answered.setdefault(answer.image, set()).add(answer.who)
            concerned.setdefault(answer.image, set()).update(answer.classes)
    for query in now.questions.ordered:
        concerned.setdefault(query.image, set()).update(filter(None, (query.shown, now.questions.predicted(query))))
    rows = []
    for picture in space.pictures.values():
        sample = picture.sample
        if find.casefold() not in sample.id.casefold():
            continue
        if who and who not in answered.get(sample.id, ()):
            continue
        if round and sample.id not in of_round:
            continue
        if named and named not in concerned.get(sample.id, ()):
            continue
        score = scores.get(sample.id, {})
        rows.append(
            {
                "key": picture.key,
                "name": sample.id,
                "height": sample.height,
                "width": sample.width,
                "split": sample.split,
                "wrong": number(score.get("wrong_pixels")),
                "miou": number(score.get("image_miou")),
                "uncertainty": number(score.get("uncertainty")),
                "gain": gain[sample.id],
                "questions": open_[sample.id],
                "labelled": sample.split in LABELLED,
                "people": sorted(answered.get(sample.id, ())),
            }
        )
    worst = {
        "gain": lambda row: (-row["gain"], -(row["wrong"] or 0), row["name"]),
        "wrong": lambda row: (-(row["wrong"] if row["wrong"] is not None else -1), row["name"]),
        "uncertainty": lambda row: (-(row["uncertainty"] or 0), row["name"]),
        "questions": lambda row: (-row["questions"], row["name"]),
        "name": lambda row: row["name"],
    }
    rows.sort(key=worst[sort])
    everyone = sorted({name for names in answered.values() for name in names})
    asked = {"sort": sort, "find": find, "named": named, "who": who, "round": round}
    shown = rows[start : start + PAGE]
    labels = space.label_sets[-1] if space.label_sets else None
    page = {
        "rows": shown,
        "total": len(rows),
        "start": start,
        "size": PAGE,
        "asked": asked,
        "sorts": SORTS,
        "rounds": space.rounds,
    }
    return page | {"everyone": everyone, "labels": labels}


def number(text: str | None) -> float | None:
    return float(text) if text not in (None, "", "nan") else None


def image_history(review: Review, image: str) -> dict[str, Any]:
    """What was done to an image, oldest first, and the answers that are not applied yet."""
    space = review.workspace
    applied = []
    if space.label_sets:
        table = history.read(space.labels(space.label_sets[-1]))
        applied = table.filter(compute.equal(table["image"], image)).to_pylist()
    waiting = []
    for name in space.rounds:
        done = {(row["round"], row["query"]) for row in applied}
        for answer in review.journal(name).standing:
            if answer.image == image and (name, answer.query) not in done:
                waiting.append(
                    {
                        "round": name,
                        "query": question_of(answer.query),
                        "part": PART in answer.query,
                        "kind": answer.kind,
                        "who": answer.who,
                        "answer": "|".join(answer.classes) or None,
                        "pixels": (answer.mask or answer.footprint).area,
                        "comment": answer.comment,
                        "flag": bool(answer.flag),
                    }
                )
    now = review.assignment
    open_ = [query for query in now.questions.ordered if query.image == image and not now.full(query.query)]
    everyone = sorted({row["who"] for row in [*applied, *waiting] if row["kind"] != history.AUTO})
    return {"applied": applied, "waiting": waiting, "open_questions": len(open_), "everyone": everyone}
