"""Agreement over views: by hand, and the card's limits."""

import numpy as np
import pytest

from segmend.images.rasters import UNLABELLED, VOID
from tasks.correct.expansion._base import ImageContext
from tasks.correct.expansion.strict import Strict
from tasks.correct.expansion_pass import filled_by_one_view
from tests.correct.expansion.scene import image

U = UNLABELLED
# Five pixels, four classes, two views; classes 2 and 3 are unseen.
FIRST = [[0.1, 0.1, 0.6, 0.2], [0.1, 0.1, 0.6, 0.2], [0.5, 0.1, 0.3, 0.1], [0.1, 0.1, 0.2, 0.6], [0, 0, 0.9, 0.1]]
SECOND = [[0.1, 0.1, 0.5, 0.3], [0.1, 0.1, 0.2, 0.6], [0.5, 0.1, 0.1, 0.3], [0.6, 0.1, 0.1, 0.2], [0, 0, 0.9, 0.1]]


def scene(labels=(U, U, U, U, U), unseen=(2, 3), views=(FIRST, SECOND)) -> ImageContext:
    every = np.array(views, np.float32).transpose(0, 2, 1)[:, :, None]
    maps = np.array([labels], np.uint8)
    return ImageContext("i", every[0], None, maps, maps.copy(), np.zeros((1, 5), np.int32), [], every, unseen)


def row(method=Strict(), **given) -> list[int]:  # noqa: B008
    seen = scene(**given)
    made = method.spread(seen, method.learn([], [], np.random.default_rng(0)))
    assert (seen.labels == seen.first).all()
    return made[0].tolist()


def test_against_all_classes_by_hand():
    """Agreed on 2; not agreed; agreed on a labelled class; not agreed; agreed on 2."""
    assert row() == [2, U, U, U, 2]


def test_against_unseen_classes_by_hand():
    """Among 2 and 3 the fourth pixel is 3 in both views, and the third 2 in one and 3 in the other."""
    assert row(Strict(against="unseen")) == [2, U, U, 3, 2]


def test_confidence_is_the_least_of_the_views_among_those_that_compete():
    """The first pixel has .6 and .5 of all, .75 and .625 of the unseen; the fourth .75 and .67 of these."""
    assert row(Strict(confidence=0.5)) == [2, U, U, U, 2]
    assert row(Strict(confidence=0.51)) == [U, U, U, U, 2]
    assert row(Strict(confidence=0.65, against="unseen")) == [U, U, U, 3, 2]


def test_candidates_are_what_the_first_view_alone_would_fill():
    """Of all classes the first view says 2, 2, 0, 3, 2, among the unseen 2, 2, 2, 3, 2; void and labelled pixels are none."""
    assert filled_by_one_view(Strict(), scene(), None).tolist() == [0, 0, 3, 1]
    assert filled_by_one_view(Strict(against="unseen"), scene(), None).tolist() == [0, 0, 4, 1]
    assert filled_by_one_view(Strict(confidence=0.7), scene(), None).tolist() == [0, 0, 1, 0]
    assert filled_by_one_view(Strict(), scene(labels=(VOID, U, U, 1, U)), None).tolist() == [0, 0, 2, 0]


def test_void_and_labels_stay():
    assert row(labels=(VOID, U, U, U, 1)) == [VOID, U, U, U, 1]


def test_no_unseen_class_no_change_and_one_alone_is_refused():
    assert row(unseen=()) == [U] * 5
    assert row(unseen=(2,)) == [2, U, U, U, 2]
    with pytest.raises(ValueError, match="correct.expansion.strict: with against: unseen and a single unseen class"):
        row(Strict(against="unseen"), unseen=(2,))


def test_one_view_is_its_arg_max():
    assert row(Strict(against="unseen"), views=(FIRST,)) == [2, 2, 2, 3, 2]


@pytest.mark.parametrize("against", ["all", "unseen"])
def test_more_views_never_label_more(against):
    rng = np.random.default_rng(0)
    seen = image(1, classes=5, cells=6)._replace(unseen=(3, 4))
    views = np.stack([seen.probabilities] + [0.5 * seen.probabilities + 0.5 * rng.dirichlet(np.ones(5), seen.labels.shape)
                      .astype(np.float32).transpose(2, 0, 1) for _ in range(5)])  # fmt: skip
    made = [Strict(against=against).spread(seen._replace(views=views[:k]), None) for k in range(1, 7)]
    filled = [(one != seen.labels) for one in made]
    assert all((later <= earlier).all() for earlier, later in zip(filled, filled[1:], strict=False))
    assert filled[0].sum() > filled[-1].sum() > 0
    assert all((one[now] == made[0][now]).all() for one, now in zip(made, filled, strict=True))
