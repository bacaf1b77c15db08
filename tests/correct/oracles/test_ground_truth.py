"""The simulated annotator: regions of ten pixels by hand, its limits, ALC's rule."""

import numpy as np
import pytest

from segmend.answers.answers import Answer, Verdict, encode, pixels
from segmend.images.rasters import UNLABELLED, VOID
from tasks.correct.apply_answers import corrected
from tasks.correct.oracles.ground_truth import GroundTruth, deep, side_of
from tests.query.questions import question
from tests.toys import leaf_mask, leaf_truth

NAMES = ("a", "b", "c", "d")
WHOLE = np.ones((1, 10), bool)


def says(truth, labels, shown="a", column=0, **settings) -> Verdict:
    one = question(WHOLE, shown=shown, column=column)
    maps = np.array([labels], np.uint8), np.array([truth], np.uint8)
    return GroundTruth(**settings)([one], *maps, NAMES, 0)[0]


CONFIRM, SKIP = Verdict("confirm"), Verdict("skip")


def test_right_is_confirmed_and_wrong_is_named():
    assert says([0] * 10, [0] * 10) == CONFIRM
    assert says([1] * 10, [0] * 10) == Verdict("class", (1,))
    assert says([1] * 6 + [0] * 4, [0] * 10) == Verdict("class", (1,))  # 6 mended against 4 right
    assert says([1] * 4 + [0] * 6, [0] * 10) == CONFIRM


def test_a_blob_over_part_of_a_region_is_mended():
    blob = [0] * 6 + [2] * 4  # the class shown is right, but four pixels are not
    assert says([0] * 10, blob) == Verdict("class", (0,))
    assert says([0] * 10, blob, confirm="half") == CONFIRM  # ALC keeps them


def test_a_right_border_through_a_region_is_kept():
    assert says([0] * 6 + [1] * 4, [0] * 6 + [1] * 4) == CONFIRM
    assert says([0] * 6 + [1] * 4, [0] * 5 + [1] * 5) == CONFIRM  # naming class 0 would leave 6 right, there are 9


def test_small_mistakes_are_not_noticed():
    assert says([0] * 10, [0] * 9 + [1], notice=0.2) == CONFIRM
    assert says([0] * 10, [0] * 9 + [1], notice=0.1) == Verdict("class", (0,))
    assert says([0] * 10, [0] * 10, notice=0) == CONFIRM


def test_half():
    assert says([1] * 5 + [0] * 5, [0] * 10, confirm="half") == Verdict("class", (0,))  # equal counts: the lower id
    assert says([1] * 4 + [0] * 6, [0] * 10, confirm="half") == CONFIRM


def test_the_representative_pixel_names_the_class():
    truth = [1] * 8 + [2] * 2
    assert says(truth, [0] * 10) == Verdict("class", (1,))
    assert says(truth, [0] * 10, column=9, rule="representative", confirm="half") == Verdict("class", (2,))
    assert says([1] * 9 + [VOID], [0] * 10, column=9, rule="representative") == SKIP


def test_void_is_skipped_and_left_out():
    assert says([VOID] * 6 + [1] * 4, [0] * 10) == SKIP
    assert says([VOID] * 5 + [1] * 5, [0] * 10) == Verdict("class", (1,))
    assert says([0] * 10, [VOID] * 6 + [0] * 4) == SKIP


def test_unlabelled_is_never_confirmed():
    assert says([0] * 10, [UNLABELLED] * 10, shown=None) == Verdict("class", (0,))
    assert says([0] * 5 + [1] * 5, [UNLABELLED] * 5 + [1] * 5, shown=None) == Verdict("class", (0,))


@pytest.mark.parametrize("seed", range(20))
def test_majority_without_threshold_never_breaks_more_than_it_mends(seed):
    rng = np.random.default_rng(seed)
    truth, labels = (rng.choice(4, (2, 1, 10), p=rng.dirichlet([0.5] * 4))).astype(np.uint8)
    verdict = GroundTruth(notice=0)([question(WHOLE)], labels, truth, NAMES, 0)[0]
    classes = tuple(NAMES[c] for c in verdict.classes) or ("a",)
    said = Answer(query="q", image="i", footprint=question(WHOLE).footprint, kind=verdict.kind, classes=classes)
    assert (corrected(labels, [said], NAMES) != truth).sum() <= (labels != truth).sum()


def asks(kind, truth, mask=None, labels=None, **settings) -> Verdict:
    truth = np.array(truth, np.uint8)
    one = question(np.ones(truth.shape, bool) if mask is None else mask, kind=kind, shown="a")
    return GroundTruth(**settings)([one], np.zeros_like(truth) if labels is None else labels, truth, NAMES, 0)[0]


def test_the_dominant_class_is_named_even_where_the_labels_are_right():
    assert asks("dominant", [[0] * 6 + [1] * 4]) == Verdict("class", (0,))
    assert asks("dominant", [[0] * 3 + [1] * 3 + [2] * 4]) == Verdict("class", (2,))


def test_void_counts_as_a_class_of_dominant_queries():
    assert asks("dominant", [[VOID] * 4 + [1] * 3 + [2] * 3]) == SKIP  # correction would name class 1
    assert asks("dominant", [[VOID] * 3 + [1] * 4 + [2] * 3]) == Verdict("class", (1,))


def test_slivers_along_the_outline_are_not_ticked():
    truth = np.ones((20, 20), np.uint8)
    truth[:, 6:] = 2
    mask = np.zeros((20, 20), bool)
    mask[4:16, 4:16] = True  # class 1 fills two columns of the region: the three along the outline are not seen
    assert asks("multiclass", truth, mask) == Verdict("class", (2,))
    assert asks("multiclass", truth, mask, rim=2) == Verdict("class", (2,))
    assert asks("multiclass", truth, mask, rim=1) == Verdict("class_set", (1, 2))
    assert asks("multiclass", truth, mask, rim=0) == Verdict("class_set", (1, 2))


def test_the_rim_of_three_is_a_thick_outline_dilated_by_five_by_five():
    from scipy.ndimage import binary_dilation
    from skimage.segmentation import find_boundaries

    rng = np.random.default_rng(0)
    for _ in range(5):
        mask = binary_dilation(rng.random((40, 40)) < 0.004, np.ones((13, 13)))
        seen = mask & ~binary_dilation(find_boundaries(mask.astype(int), mode="thick"), np.ones((5, 5)))
        code = encode(mask)
        assert seen.any() and (deep(code, pixels(code), 3) == seen[mask]).all()


def test_the_rim_of_the_image_is_no_outline_and_small_regions_are_seen_whole():
    assert asks("multiclass", [[0, 1, 2]]) == Verdict("class_set", (0, 1, 2))  # the region is the image
    small = np.zeros((9, 9), bool)
    small[4, 3:5] = True
    truth = np.tile(np.array([0, 0, 0, 1, 2, 0, 0, 0, 0], np.uint8), (9, 1))
    assert asks("multiclass", truth, small) == Verdict("class_set", (1, 2))


def test_void_is_never_ticked():
    assert asks("multiclass", [[VOID, VOID, 2]]) == Verdict("class", (2,))
    assert asks("multiclass", [[VOID] * 3]) == SKIP
    assert asks("multiclass", [[1, 1, 2]], labels=np.array([[VOID, VOID, 0]], np.uint8)) == Verdict("class", (2,))


def answers_of(number, kind="correction", seed=0, **settings) -> list[Verdict]:
    truth, labels = leaf_truth(0), leaf_mask(leaf_truth(0))
    mask = np.zeros(truth.shape, bool)
    mask[24:32, 32:40] = True  # stone called leaf
    queries = [question(mask, query=f"r1-{k:05d}", kind=kind, shown="b") for k in range(number)]
    return GroundTruth(**settings)(queries, labels, truth, NAMES, seed)


def test_a_share_of_the_answers_is_wrong_or_skipped():
    said = answers_of(400, confusion=0.2, skips=0.1)
    wrong = [one for one in said if one.kind != "skip" and one.classes != (2,)]
    assert 20 <= sum(one.kind == "skip" for one in said) <= 60 and 45 <= len(wrong) <= 100
    assert {one for one in wrong} == {Verdict("confirm"), Verdict("class", (0,)), Verdict("class", (3,))}
    assert all(one == SKIP for one in answers_of(20, skips=1))
    assert all(one.classes != (2,) for one in answers_of(20, "dominant", confusion=1))


def test_mistakes_depend_on_seed_and_query_alone():
    said = answers_of(40, confusion=0.5, skips=0.2)
    assert answers_of(20, confusion=0.5, skips=0.2) == said[:20] and answers_of(40, seed=1, confusion=0.5) != said


def test_a_wrong_set_holds_a_class_that_is_not_there():
    said = {asks("multiclass", [[0, 1, 1]], confusion=1)}
    assert all(one.kind == "class_set" and len(set(one.classes)) == 2 and set(one.classes) != {0, 1} for one in said)
    assert len(asks("multiclass", [[0, 1, 2, 3]], confusion=1).classes) == 3  # nothing to exchange: a tick is forgotten


def test_a_confirm_becomes_another_class():
    wrong = says([0] * 10, [0] * 10, confusion=1)
    assert wrong.kind == "class" and wrong.classes[0] in (1, 2, 3)


def test_thin_regions_have_rates_of_their_own():
    """Rows of one pixel are thin, a square of 3 x 3 is not."""
    truth = np.zeros((12, 12), np.uint8)
    queries = []
    for k in range(9):
        mask = np.zeros((12, 12), bool)
        if k < 8:
            mask[k] = True
        else:
            mask[9:, 9:] = True
        queries.append(question(mask, query=f"r1-{k:05d}", shown="ground"))
    eager = GroundTruth(thin=3, thin_skips=1.0)
    kinds = [verdict.kind for verdict in eager(queries, truth, truth, ("ground", "leaf", "stone"), 0)]
    assert kinds == ["skip"] * 8 + ["confirm"]
    confused = GroundTruth(thin=3, thin_confusion=1.0, skips=1.0)
    kinds = [verdict.kind for verdict in confused(queries, truth, truth, ("ground", "leaf", "stone"), 0)]
    assert kinds == ["class"] * 8 + ["skip"]
    assert side_of(encode(truth == 0), 5) == 5 and side_of(queries[8].footprint, 9) == 3
    # Of several people all see thin regions as badly, apart; who answers without looking does so there too.
    people = [{"name": "ada"}, {"name": "ben"}, {"name": "cem", "spams": "confirm"}]
    crowd = GroundTruth(thin=3, thin_confusion=0.5, people=people)
    said = crowd.opinions(queries, truth, truth, ("ground", "leaf", "stone"), 0)
    by_name = {name: [dict(each)[name].kind for each in said] for name in ("ada", "ben", "cem")}
    assert by_name["cem"] == ["confirm"] * 9 and by_name["ada"][8] == "confirm" and by_name["ada"] != by_name["ben"]
    assert {*by_name["ada"][:8]} == {"class", "confirm"}
