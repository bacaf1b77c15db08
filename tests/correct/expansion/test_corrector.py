"""The corrector: a systematic mistake that network and labels share is mended, and only where random answers allow it."""

import numpy as np
import pytest

from segmend.images.rasters import UNLABELLED, VOID
from tasks.correct.expansion._base import AnswerMask, ImageContext, QuestionAsked
from tasks.correct.expansion._corrector_model import grid
from tasks.correct.expansion.corrector import Corrector

SIDE, CELL = 48, 8
CELLS = (np.arange(SIDE)[:, None] // CELL * (SIDE // CELL) + np.arange(SIDE) // CELL).astype(np.int32)
METHOD = Corrector(features="none", steps=120)
RNG = np.random.default_rng(0)


def context(seed: int, chance: float | None = 0.1, honest: bool = True) -> ImageContext:
    """Dark cells are class 0, light ones 1, labels and network call half of the light ones (blue) 0. Twelve cells are answered.

    Not `honest`: answers confirm what is shown, right or wrong.
    """
    rng = np.random.default_rng(seed)
    kind = rng.integers(3, size=CELLS.max() + 1)  # 0 dark, 1 light, 2 blue: light in truth, labelled dark
    truth, labels = (kind > 0)[CELLS].astype(np.uint8), (kind == 1)[CELLS].astype(np.uint8)
    colours = np.array([(30, 30, 30), (220, 220, 220), (120, 120, 255)])[kind][CELLS]
    picture = (colours + rng.integers(-20, 20, colours.shape)).clip(0, 255).astype(np.uint8)
    probabilities = np.where(labels[None] == np.arange(2)[:, None, None], 0.9, 0.1).astype(np.float32)
    answers, after = [], labels.copy()
    for cell in rng.choice(len(kind), 12, replace=False).tolist():
        inside = np.flatnonzero(cell == CELLS)
        shown, right = int(labels.ravel()[inside[0]]), int(truth.ravel()[inside[0]])
        named = right if honest else shown
        after.reshape(-1)[inside] = named
        question = QuestionAsked(shown, 0.9, chance)
        answers.append(AnswerMask(inside, "confirm" if named == shown else "class", (named,), None, question))
    return ImageContext("a", probabilities, None, labels, after, CELLS, answers, picture=lambda: picture)


def run(method, contexts):
    learned = method.learn([method.measure(one) for one in contexts], [], np.random.default_rng(0))
    return [method.spread(one, learned) for one in contexts]


def light(one: ImageContext) -> np.ndarray:
    return (one.picture().mean(axis=2) > 75).astype(np.uint8)


def wrong(one: ImageContext, labels: np.ndarray) -> int:
    """Cells that differ from the truth; it is what is light."""
    return int(((labels != light(one)).reshape(SIDE // CELL, CELL, -1, CELL).mean(axis=(1, 3)) > 0.5).sum())


def test_what_network_and_labels_share_is_mended():
    contexts = [context(seed) for seed in range(6)]
    made = run(METHOD, contexts)
    before = sum(wrong(one, one.labels) for one in contexts)
    after = sum(wrong(one, labels) for one, labels in zip(contexts, made, strict=True))
    assert before > 25 and after <= before / 5


@pytest.mark.parametrize("chance, honest", [(None, True), (0.1, False)])
def test_without_random_answers_that_allow_it_nothing_moves(chance, honest):
    """Answers that an acquisition chose alone, and answers that confirm the labels."""
    contexts = [context(seed, chance, honest) for seed in range(6)]
    for one, labels in zip(contexts, run(METHOD, contexts), strict=True):
        assert (labels == one.labels).all()


def test_answers_that_an_acquisition_chose_count_less():
    """One answer an image was drawn by chance: alone they allow less than with the others at full weight."""
    contexts = [context(seed, chance=None) for seed in range(6)]
    for one in contexts:
        one.answers[0] = one.answers[0]._replace(question=one.answers[0].question._replace(chance=0.1))
    moved = [
        sum(int((labels != one.labels).sum()) for one, labels in zip(contexts, run(method, contexts), strict=True))
        for method in (METHOD.model_copy(update={"chosen": weight}) for weight in (0.0, 1.0))
    ]
    assert moved[0] < moved[1]


def test_answered_void_and_unlabelled_pixels_stay():
    contexts = [context(seed) for seed in range(6)]
    for one in contexts:
        one.labels[:8, :8], one.labels[8:16, :8] = VOID, UNLABELLED
    for one, labels in zip(contexts, run(METHOD, contexts), strict=True):
        same = ~(
            (one.labels < UNLABELLED)
            & ~np.isin(np.arange(SIDE * SIDE), np.concatenate([a.region for a in one.answers])).reshape(SIDE, SIDE)
        )
        assert (labels[same] == one.labels[same]).all()


def test_a_guard_that_is_never_satisfied():
    contexts = [context(seed) for seed in range(6)]
    made = run(METHOD.model_copy(update={"z": 1e6}), contexts)
    assert all((labels == one.labels).all() for one, labels in zip(contexts, made, strict=True))


def test_opinions_are_probabilities_of_every_cell_and_small_pieces_stay():
    contexts = [context(seed) for seed in range(6)]
    learned = METHOD.learn([METHOD.measure(one) for one in contexts], [], np.random.default_rng(0))
    labels, opinion = METHOD.spread_with_opinion(contexts[0], learned)
    assert opinion.shape == (36, 2) and opinion.dtype == np.uint8
    assert np.abs(opinion.astype(int).sum(axis=1) - 255).max() <= 1
    large = METHOD.model_copy(update={"smallest": SIDE * SIDE})
    assert (large.spread(contexts[0], learned) == contexts[0].labels).all() and (labels != contexts[0].labels).any()


def test_the_encoder_is_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    contexts = [context(seed) for seed in range(3)]
    made = run(Corrector(steps=60), contexts)
    assert len(list((tmp_path / ".work/features").rglob("*.npz"))) == 3
    assert [one.tobytes() for one in made] == [one.tobytes() for one in run(Corrector(steps=60), contexts)]


def test_grid():
    assert grid((2, 3), 1).tolist() == [0, 1, 2, 3, 4, 5]
    assert grid((4, 6), 2).tolist() == [7, 9, 11, 19, 21, 23]
    assert grid((1, 5), 3).tolist() == [1, 4]
