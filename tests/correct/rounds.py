"""Rounds of the stage on a toy workspace: questions, answers, networks."""

from json import dumps

import numpy as np

from segmend.answers.answers import Answer, read, read_queries, write, write_queries
from segmend.answers.forecasts import Forecast
from segmend.answers.forecasts import write as write_forecasts
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import write_maps
from segmend.stage.params import validated
from tasks.correct.__main__ import correct
from tasks.correct.settings import Params
from tasks.pseudo_label.__main__ import pseudo_label
from tasks.pseudo_label.settings import Params as LabelParams
from tests import toys
from tests.query.questions import question

BLOCKS = (np.arange(40)[:, None] // 8 * 6 + np.arange(48) // 8).astype(np.int32)
PEOPLE = {"oracle": {"name": "people", "people": {"enough": 1.0}}}
SIEVE = {"sieving": {"name": "knee"}}
MODULE = {
    "expansion": {"name": "module", "module": {"epochs": 80, "lr": 3e-3, "rare": 0.0, "threshold": 0.9}},
}
BOLD_EVIDENCE = {"name": "evidence", "evidence": {"sure": 0.6, "z": 0.0}}


def prepare(root, monkeypatch, truth=True):
    monkeypatch.chdir(root)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    toys.leaves(root, truth=truth)
    write_maps(root / "regions", ((name, BLOCKS) for name in ("a/0", "a/1", "a/2", "b")), 4)
    pseudo_label.stage(LabelParams(), 0, dataset=root / "dataset", regions=root / "regions", out=root / "labels/r0")
    monkeypatch.setattr("segmend.network.inference.stream", no_network)
    ask(root, "r1", [(image, region) for image in ("a/0", "a/1") for region in (21, 22, 3, 0)])
    ask(root, "r2", [("a/2", 21), ("a/0", 28)])
    for round in ("r1", "r2"):
        (root / f"{round}.jsonl").write_text("")


def no_network(model, dataset, samples):
    raise AssertionError("no network is needed")


def ask(root, round, places, kind="correction"):
    labels = Labels(root / "labels/r0")
    queries = []
    for rank, (image, region) in enumerate(places):
        mask = np.isin(BLOCKS, region)
        shown = toys.LEAF_CARD.classes[np.bincount(labels[image][mask], minlength=3)[:3].argmax()]
        queries.append(
            question(
                mask,
                query=f"{round}-{rank + 1:05d}",
                rank=rank,
                image=image,
                region=np.max(region),
                shown=shown,
                kind=kind,
            )
        )
    write_queries(root / f"queries/{round}", queries)


def run(root, round="r1", out=None, **settings):
    params = validated(Params, settings, "correct")
    paths = {name: root / name for name in ("dataset", "truth")}
    paths |= {"first": root / "labels/r0", "labels": root / f"labels/r{int(round[1:]) - 1}"}
    paths |= {
        "queries": root / f"queries/{round}",
        "answers": root / f"{round}.jsonl",
        "regions": root / "regions",
        "model": root / "model",
        "out": root / (out or f"labels/{round}"),
    }
    return correct.stage(params, 0, round=round, **paths)


def reply(root, place, kind="class", classes=("ground",), into="r1", **changes) -> Answer:
    asked = read_queries(root / f"queries/{changes.pop('of', into)}")[place]
    answer = Answer(
        query=asked.query,
        image=asked.image,
        footprint=asked.footprint,
        kind=kind,
        classes=classes,
        **({"who": "ada"} | changes),
    )
    write(root / f"{into}.jsonl", [*read(root / f"{into}.jsonl"), answer])
    return answer


def spend(root, allowed, unit="clicks", round="r1"):
    (root / f"queries/{round}/budget.json").write_text(dumps({"unit": unit, "allowed": allowed}))


def write_trust(root, value=100):
    """The annotators' trust in every pixel of the train images."""
    for image in ("a/0", "a/1", "a/2"):
        Labels(root / "labels/r0").write_trust(image, np.full((40, 48), value, np.uint8))


def use_network(monkeypatch, confused=False):
    """A network that knows the truth; `confused`: it halfway takes stone for leaf."""

    def stream(model, dataset, samples):
        for sample, probabilities in toys.leaf_probabilities(model, dataset, samples):
            if confused:
                probabilities = np.where(
                    probabilities[2] > 0.5, np.float32([0.1, 0.5, 0.4])[:, None, None], probabilities
                )
            yield sample, probabilities.astype(np.float32)

    monkeypatch.setattr("segmend.network.inference.stream", stream)


def ask_all(root, round, images=("a/0", "a/1", "a/2"), every=1):
    """Every region, with what the network answer and what the answer was expected to fix."""
    labels, truth, made = Labels(root / "labels/r0"), Dataset(root / "dataset", root / "truth"), []
    for image in images:
        for region in range(0, 30, every):
            mask = region == BLOCKS
            shown, predicted = (
                toys.LEAF_CARD.classes[np.bincount(maps[mask], minlength=3)[:3].argmax()]
                for maps in (labels[image], truth.truth(image))
            )
            about = {"query": f"{round}-{len(made) + 1:05d}", "rank": len(made), "image": image, "region": region}
            known = {"shown": shown, "predicted": predicted, "expected": 40.0 * (shown != predicted)}
            made.append(question(mask, **about, **known))
    write_queries(root / f"queries/{round}", made)
    return made


def write_forecast(root, round, expected, experience=1.0):
    """The forecast that the stage query writes beside the questions."""
    one = Forecast(round=round, questions=99, expected=expected, experience=experience)
    write_forecasts(root / f"queries/{round}/forecast.json", [one])


def question_about(root, round, image, mask, shown, predicted):
    known = {"query": f"{round}-00001", "image": image, "shown": shown, "predicted": predicted, "expected": 16.0}
    write_queries(root / f"queries/{round}", [question(mask, **known)])


def changed_by_evidence(root, monkeypatch):
    """A first round in which evidence relabels a conflict of a/2, and where in it: 64 pixels of one block at the most."""
    monkeypatch.setattr("segmend.network.inference.stream", toys.leaf_probabilities)
    ask_all(root, "r1", images=("a/0", "a/1"))
    write_forecast(root, "r1", 500)
    run(root, expansion=BOLD_EVIDENCE)
    first, labels = Labels(root / "labels/r0")["a/2"], Labels(root / "labels/r1")["a/2"]
    region = int(np.bincount(BLOCKS[labels != first]).argmax())
    mask = (region == BLOCKS) & (labels != first)
    assert (first[mask] == 1).all() and (labels[mask] == 2).all() and (toys.leaf_truth(2)[mask] == 2).all()
    return mask
