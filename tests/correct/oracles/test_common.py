"""Every oracle: a verdict or nothing per query, input unchanged; without truth nothing; no queries, no waiting."""

import numpy as np
import pytest

from segmend.answers.answers import KINDS
from segmend.stage.params import methods_of
from tasks.correct.oracles import Oracle
from tests.query.questions import question
from tests.toys import leaf_mask, leaf_truth

METHODS = [method() for method in methods_of(Oracle)]
NAMES = ("ground", "leaf", "stone")
MASKS = [np.pad(np.ones((9, 9), bool), ((r, 31 - r), (c, 39 - c))) for r in (0, 12, 25) for c in (0, 15, 35)]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("kind", ["correction", "dominant", "multiclass"])
def test_contract(method, kind):
    queries = [question(mask, query=f"r1-{k}", rank=k, kind=kind) for k, mask in enumerate(MASKS)]
    labels, truth = leaf_mask(leaf_truth(0)), leaf_truth(0)
    before = labels.copy(), truth.copy()
    verdicts = method(queries, labels, truth, NAMES, 0)
    assert len(verdicts) == len(queries) and verdicts == method(queries, labels, truth, NAMES, 0)
    for verdict in verdicts:
        assert verdict is None or (verdict.kind in KINDS and all(0 <= c < 3 for c in verdict.classes))
    assert (labels == before[0]).all() and (truth == before[1]).all()
    assert method.simulated == any(verdict is not None for verdict in verdicts)
    assert method(queries, labels, None, NAMES, 0) == [None] * len(queries)
    assert method([], labels, truth, NAMES, 0) == []


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_waiting(method):
    assert method.waiting(0, 0, "answers.jsonl", "queries") is None
    assert method.waiting(0, 9, "answers.jsonl", "queries") is None
    sentence = method.waiting(9, 9, "answers.jsonl", "queries")
    assert "9" in sentence and "answers.jsonl" in sentence and "queries" in sentence
