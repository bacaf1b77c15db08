"""Several people's answers as one: skips, ties, masks, sets, an expert, a network, and what nobody said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmend.aggregators import Aggregator
from segmend.aggregators.belief_propagation import BeliefPropagation
from segmend.aggregators.dawid_skene import DawidSkene
from segmend.aggregators.majority import Majority
from segmend.answers.answers import Answer, encode, encode_pixels
from segmend.answers.candidate_sets import answered_pixels
from segmend.answers.consensus import Question, consensus
from segmend.stage.params import methods_of

CLASSES = ("ground", "leaf", "stone")
SIZE = (4, 6)
MAJORITY = Majority()
METHODS = [
    method() for method in methods_of(Aggregator) if not method().wants_pixels and not method().wants_gold
]  # those that need no gold masks


def answer(who, kind="class", *classes, region=0, pixels=None, **more) -> Answer:
    """An answer about one row of the image; of a mask the pixels given."""
    footprint = encode(np.arange(SIZE[0])[:, None] * np.ones(SIZE[1], int) == region)
    mask = encode_pixels(np.array(pixels), SIZE) if pixels is not None else None
    return Answer(
        query=f"r1-{region}", image="a", footprint=footprint, kind=kind, classes=classes, who=who, mask=mask, **more
    )


def decide(*answers, aggregator=MAJORITY, network=0.0, **known):
    question = Question(tuple(answers), **known)
    return consensus([question], CLASSES, aggregator, network).decisions[0]


def test_one_persons_answer_stays_the_same_object():
    only = answer("ada", "class", "leaf", comment="a")
    assert decide(only).answer is only


def test_a_skip_outvotes_nothing():
    said = answer("ada", "class", "leaf")
    skips = [answer(who, "skip") for who in ("ben", "cem", "dan")]
    assert decide(said, *skips).answer is said
    assert decide(*skips).answer is skips[-1] and decide(*skips).doubt == 1.0


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_two_against_one(method):
    others = answer("ada", "class", "leaf"), answer("ben", "confirm", "leaf"), answer("cem", "class", "stone")
    made = decide(*others, aggregator=method)
    assert made.answer.classes == ("leaf",) and made.answer.who == "ada, ben" and made.answer.kind == "confirm"
    assert made.doubt < 0.5


def test_of_two_that_disagree_the_later_counts():
    first, second = answer("ada", "class", "leaf"), answer("ben", "class", "ground")
    assert decide(first, second).answer is second and decide(second, first).answer is first


def test_an_expert_settles():
    people = [answer(who, "class", "leaf") for who in ("ada", "ben")]
    expert = answer("eva", "class", "stone", settles=True)
    made = decide(expert, *people)
    assert made.answer is expert and made.doubt == 0.0


def test_of_masks_the_pixels_that_most_gave_the_class():
    masks = [
        answer(who, "mask", "leaf", pixels=each)
        for who, each in (("ada", [0, 1, 2]), ("ben", [1, 2, 3]), ("cem", [2, 3, 4]))
    ]
    made = decide(*masks, answer("dan", "class", "stone"))
    assert answered_pixels(made.answer).tolist() == [1, 2, 3] and made.masks == {"ada", "ben", "cem"}
    whole = decide(masks[0], answer("ben", "class", "leaf"), answer("cem", "class", "leaf"))
    assert whole.answer.kind == "class" and not whole.masks  # most of them say that all of the region is leaf
    mixed = decide(masks[0], masks[1], answer("cem", "class", "leaf"))
    assert mixed.answer.kind == "mask" and answered_pixels(mixed.answer).tolist() == [0, 1, 2, 3]

    whole_first = decide(answer("ben", "class", "leaf"), masks[0])  # two who disagree about the pixels: the later
    assert answered_pixels(whole_first.answer).tolist() == [0, 1, 2]
    assert decide(masks[0], answer("ben", "class", "leaf")).answer.kind == "class"


def test_sets_are_decided_class_by_class():
    sets = answer("ada", "class_set", "ground", "leaf"), answer("ben", "class_set", "leaf", "stone")
    made = decide(*sets, answer("cem", "class_set", "leaf", "ground"))
    assert set(made.answer.classes) == {"ground", "leaf"} and made.answer.kind == "class_set"
    one = decide(
        answer("ada", "class_set", "ground", "leaf"), answer("ben", "class", "leaf"), answer("cem", "class", "leaf")
    )
    assert one.answer.classes == ("leaf",) and one.answer.kind == "class"


def test_the_network_weighs_but_names_no_class_that_nobody_named():
    said = answer("ada", "class", "leaf"), answer("ben", "class", "ground")
    known = {"predicted": 1, "confidence": 0.95, "aggregator": BeliefPropagation()}
    assert decide(*said, **known).answer.classes == ("ground",)  # a tie: the later
    assert decide(*said, network=0.9, **known).answer.classes == ("leaf",)
    known["predicted"] = 2
    assert decide(*said, network=0.9, **known).answer.classes == ("ground",)


def test_doubt_of_one_answer_follows_the_person_and_the_network():
    """Ada is always right where she was compared, Cem seldom: a single answer of hers is doubted less."""
    rng, questions = np.random.default_rng(0), []
    for k in range(200):
        truth = CLASSES[int(rng.integers(3))]
        row = k % 4
        questions.append(
            Question(
                tuple(
                    answer(who, "class", truth if right else CLASSES[int(rng.integers(3))], region=row)
                    for who, right in (("ada", True), ("ben", rng.random() < 0.7), ("cem", rng.random() < 0.4))
                )
            )
        )
    single = [
        Question((answer(who, "class", "leaf"),), None, predicted, 0.9)
        for who in ("ada", "cem", "new")
        for predicted in (1, 2)
    ]
    made = consensus([*questions, *single], CLASSES, BeliefPropagation(), 0.9)
    ada, ada_alone, cem, cem_alone, new, new_alone = (decision.doubt for decision in made.decisions[200:])
    assert ada < ada_alone < cem_alone and ada < cem < cem_alone and new < new_alone
    reliability = dict(zip(made.people, made.reliability, strict=True))
    assert reliability["ada"] > 0.95 > reliability["ben"] > 0.7 > reliability["cem"]
    assert 0.5 < reliability["new"] < 0.8  # compared with the network twice: near the prior


def test_gold_measures_a_person_who_answered_alone():
    questions = [Question((answer("ada", "class", "leaf"),), gold=int(k % 4 == 0) + 1) for k in range(40)]
    made = consensus(questions, CLASSES, DawidSkene())
    assert made.compared.all() and made.reliability[0] == pytest.approx(
        32 / 43
    )  # 30 of 40 right, with the prior 2 and 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(["confirm", "class", "skip", "class_set"]), st.integers(0, 2)),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(METHODS),
    st.sampled_from([0.0, 0.8]),
)
def test_any_answers_are_decided_by_what_people_named(drawn, method, network):
    questions = []
    for row, each in enumerate(drawn):
        people = []
        for k, (kind, label) in enumerate(each):
            classes = () if kind == "skip" else (CLASSES[label],)
            if kind == "class_set":
                classes = tuple({CLASSES[label], CLASSES[(label + 1) % 3]})
            people.append(answer(f"p{k}", kind, *sorted(classes), region=row % 4))
        questions.append(Question(tuple(people), None, row % 3, 0.7))
    if network and not method.reads_network:
        network = 0.0
    made = consensus(questions, CLASSES, method, network)
    for question, decision in zip(questions, made.decisions, strict=True):
        named = {name for one in question.definite for name in one.classes}
        assert set(decision.answer.classes) <= named and bool(decision.answer.classes) == bool(named)
        assert decision.answer.kind != "skip" or not named
        assert 0 <= decision.doubt <= 1
    again = consensus(questions, CLASSES, method, network)
    assert again.decisions == made.decisions
