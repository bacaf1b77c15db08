"""Label sets judged by answers that neither holds: what is drawn, what may judge, and what it estimates."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmend.answers.answers import Answer, Query, encode_pixels, read_queries, write, write_queries
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import VOID, Maps, write_maps
from segmend.metrics.confusion import Confusion
from tasks.gate.compare import compare
from tasks.gate.draw import by_area, draw
from tasks.gate.held_out import Asked, evidence
from tasks.gate.settings import Params
from tests import toys

SHAPE = (12, 16)
CLASSES = ("ground", "disc", "square")
IMAGES = [f"image-{k}" for k in range(8)]


def truth(k: int) -> np.ndarray:
    made = np.zeros(SHAPE, np.uint8)
    made[2:8, 1 + k % 4 : 8] = 1
    made[6:11, 9:15] = 2
    return made


def wrong(k: int, pixels: int) -> np.ndarray:
    """The truth with so many pixels of another class, elsewhere in each image."""
    labels = truth(k)
    chosen = np.random.default_rng(k).permutation(labels.size)[:pixels]
    labels.flat[chosen] = (labels.flat[chosen] + 1) % 3
    return labels


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Eight images without truth, regions of several sizes, a worse label set r0 and a better one r1; no answer was applied."""
    drawn = [toys.Drawn(name, "train", np.zeros((*SHAPE, 3), np.uint8)) for name in IMAGES]
    toys.write_dataset(tmp_path, toys.SHAPE_CARD, drawn, None)
    cells = np.zeros(SHAPE, np.int32)
    for region, (rows, columns) in enumerate(
        ((slice(0, 3), slice(0, 16)), (slice(3, 12), slice(0, 5)), (slice(3, 12), slice(5, 16)))
    ):
        cells[rows, columns] = region
    cells[5:7, 6:9] = 3
    write_maps(tmp_path / "regions", ((name, cells) for name in IMAGES), len(IMAGES))
    for key, pixels in (("r0", 80), ("r1", 20)):
        for k, name in enumerate(IMAGES):
            Labels(tmp_path / key).write(name, wrong(k, pixels), toys.SHAPE_CARD)
        write(tmp_path / key / "answers.jsonl", [])
    return tmp_path


def says(query: Query, kind: str = "class") -> Answer:
    """The class that the truth has most often there, in the question's own region."""
    flat = np.frombuffer(query.footprint.runs, np.uint32)
    inside = np.repeat(np.arange(len(flat)) % 2 == 1, flat.astype(int))
    name = CLASSES[int(np.bincount(truth(IMAGES.index(query.image)).ravel()[inside]).argmax())]
    about = {"query": query.query, "image": query.image, "footprint": query.footprint, "who": "ada"}
    return Answer(**about, kind=kind, classes=() if kind == "skip" else (name,))


def asked(root: Path, number: int, seed: int = 0) -> list[Query]:
    made = draw(
        Dataset(root / "dataset"),
        Maps(root / "regions"),
        Labels(root / "r1"),
        {n: [] for n in IMAGES},
        number,
        "1",
        seed,
    )
    write_queries(root / "held", made)
    return made


def judged(root: Path) -> object:
    return evidence(
        Dataset(root / "dataset"), root / "r0", root / "r1", [Asked(root / "held", root / "held/answers.jsonl")]
    )


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.integers(1, 14), st.integers(0, 10))
@settings(max_examples=40, deadline=None)
def test_no_region_is_drawn_twice_and_chances_add_up_to_the_number(area: list[int], number: int, seed: int):
    rows, chance = by_area(np.array(area), number, np.random.default_rng(seed))
    assert len(set(rows.tolist())) == len(rows) == min(number, len(area)) and (chance > 0).all() and (chance <= 1).all()
    everything = by_area(np.array(area), len(area), np.random.default_rng(seed))
    assert sorted(everything[0].tolist()) == list(range(len(area))) and (everything[1] == 1).all()


def test_a_region_is_drawn_as_often_as_its_chance_says():
    area, times, chances = np.array([1, 2, 3, 4, 30]), np.zeros(5), np.zeros(5)
    for seed in range(1500):
        rows, chance = by_area(area, 3, np.random.default_rng(seed))
        times[rows] += 1
        chances[rows] = chance
    assert (
        np.allclose(chances, [0.2, 0.4, 0.6, 0.8, 1]) and np.abs(times / 1500 - chances).max() < 0.04
    )  # 3 standard errors


def test_the_estimate_is_right_on_average(root: Path):
    """Over many draws the mean is the confusion matrix of all regions with their answers, for both sets."""
    every = asked(root, 1000)
    exact = [np.zeros((3, 5)), np.zeros((3, 5))]
    for query in every:
        answer, k = says(query), IMAGES.index(query.image)
        flat = np.frombuffer(query.footprint.runs, np.uint32).astype(int)
        inside = np.repeat(np.arange(len(flat)) % 2 == 1, flat)
        for matrix, pixels in zip(exact, (80, 20), strict=True):
            confusion = Confusion(3)
            labels = wrong(k, pixels).ravel()[inside]
            confusion.update(np.full(len(labels), CLASSES.index(answer.classes[0]), np.uint8), labels)
            matrix += confusion.matrix
    total = [np.zeros((3, 5)), np.zeros((3, 5))]
    for seed in range(40):
        write(root / "held/answers.jsonl", [says(query) for query in asked(root, 16, seed)])
        found = judged(root)
        assert found.answers == 16
        total[0] += found.champion.sum(0)
        total[1] += found.challenger.sum(0)
    for mean, matrix in zip(total, exact, strict=True):
        assert np.abs(mean / 40 - matrix).max() < 0.03 * matrix.sum()


def test_an_answer_that_a_set_holds_does_not_judge(root: Path):
    answers = [says(query) for query in asked(root, 1000)]
    write(root / "held/answers.jsonl", answers)
    whole = judged(root)
    assert whole.answers == len(answers) and whole.images == IMAGES
    write(
        root / "r1/answers.jsonl", [a.model_copy(update={"query": "r1-00001"}) for a in answers if a.image == IMAGES[0]]
    )
    write(
        root / "r0/answers.jsonl", [a.model_copy(update={"kind": "skip", "classes": ()}) for a in answers]
    )  # says nothing
    rest = judged(root)
    assert rest.images == IMAGES[1:] and np.array_equal(rest.challenger, whole.challenger[1:])
    half = encode_pixels(
        np.arange(SHAPE[1] * 6), SHAPE
    )  # the upper half of the second image was answered, across regions
    write(root / "r0/answers.jsonl", [answers[0].model_copy(update={"image": IMAGES[1], "footprint": half})])
    assert judged(root).challenger[0].sum() == whole.challenger[1].sum() - 6 * SHAPE[1]


def test_what_chance_did_not_ask_is_skipped_or_was_asked_under_another_number_does_not_judge(root: Path):
    queries = asked(root, 1000)
    changed = [q.model_copy(update={"chance": None}) if k % 2 else q for k, q in enumerate(queries)]
    write_queries(root / "held", changed)
    kinds = [says(q, "skip") if k % 4 == 0 else says(q) for k, q in enumerate(read_queries(root / "held"))]
    kinds[2] = kinds[2].model_copy(update={"query": "r7-00001"})
    write(root / "held/answers.jsonl", kinds)
    assert judged(root).answers == len(queries) // 4 - 1


def test_all_that_one_person_brushed_in_the_region_judges(root: Path):
    query = next(query for query in asked(root, 1000) if query.image == IMAGES[0] and query.region == 0)
    about = {"query": query.query, "image": query.image, "footprint": query.footprint, "who": "ada"}
    rows = {
        name: encode_pixels(np.arange(begin * SHAPE[1], end * SHAPE[1]), SHAPE)
        for name, begin, end in (("ground", 0, 2), ("disc", 2, 5))
    }  # the region is the first three rows
    main = Answer(**about, kind="mask", classes=("ground",), mask=rows["ground"])
    part = {"query": f"{query.query}+1", "footprint": rows["disc"], "mask": rows["disc"], "classes": ("disc",)}
    write(root / "held/answers.jsonl", [main, main.model_copy(update=part)])
    assert judged(root).answers == 1 and judged(root).challenger[0].sum(1).tolist() == [32, 16, 0]
    write(root / "held/answers.jsonl", [says(query), main.model_copy(update=part)])  # answered anew, without the brush
    assert judged(root).challenger[0].sum(1).tolist() == [48, 0, 0]


def test_a_region_of_which_most_pixels_are_void_but_not_half_shows_the_commonest_class(root: Path):
    labels = truth(0)
    labels[:3] = 0
    labels[0], labels[1, :7], labels[2] = VOID, VOID, 1  # of the 48 pixels of region 0: 23 void, 16 disc, 9 ground
    Labels(root / "r1").write(IMAGES[0], labels, toys.SHAPE_CARD)
    assert [q.shown for q in asked(root, 1000) if q.image == IMAGES[0] and q.region == 0] == ["disc"]


def test_an_image_that_was_another_one_when_the_champion_was_promoted_does_not_count(root: Path):
    drawn = [toys.Drawn(n, "train", np.zeros((*SHAPE, 3), np.uint8), None, truth(k)) for k, n in enumerate(IMAGES)]
    data = toys.write_dataset(root, toys.SHAPE_CARD, drawn, "given")
    Labels(root / "r0").write(IMAGES[0], wrong(0, 80)[:6], toys.SHAPE_CARD)
    assert compare(Params(draws=300), "labels", data, root / "r1", root / "r0", root / "out", 0).images == 7
    write(root / "held/answers.jsonl", [says(query) for query in asked(root, 1000)])
    assert judged(root).images == IMAGES[1:]
    Labels(root / "r1").write(IMAGES[1], wrong(1, 20)[:6], toys.SHAPE_CARD)
    assert IMAGES[1] not in {query.image for query in asked(root, 1000)}


def test_one_image_is_too_few_whatever_confidence_is_asked_for(root: Path):
    data, pair = Dataset(root / "dataset", None), [Asked(root / "held", root / "held/answers.jsonl")]
    write(root / "held/answers.jsonl", [says(query) for query in asked(root, 1000) if query.image == IMAGES[0]])
    with pytest.raises(ValueError, match="are about 1 images, where 2 at least are needed"):
        compare(Params(draws=300, confidence=0.5), "labels", data, root / "r1", root / "r0", root / "out", 0, pair)


def test_a_better_set_is_promoted_a_worse_one_is_not_and_few_answers_are_a_sentence(root: Path):
    data, pair = Dataset(root / "dataset", None), [Asked(root / "held", root / "held/answers.jsonl")]
    rule = Params(draws=300)
    with pytest.raises(ValueError, match="0 answers that chance asked for .* 5 at least are needed.*--ask 200"):
        compare(rule, "labels", data, root / "r1", root / "r0", root / "out", 0, pair)
    write(root / "held/answers.jsonl", [says(query) for query in asked(root, 20)])
    better = compare(rule, "labels", data, root / "r1", root / "r0", root / "out", 0, pair)
    assert better.promoted and better.sentence.endswith("Judged by 20 held-out answers.")
    assert not compare(rule, "labels", data, root / "r0", root / "r1", root / "out", 0, pair).promoted
    same = compare(rule, "labels", data, root / "r1", root / "r1", root / "out", 0, pair)
    assert not same.promoted and "cannot judge it" in same.sentence
