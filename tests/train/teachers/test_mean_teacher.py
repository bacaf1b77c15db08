"""Mean teacher: numbers by hand, and the card's limits."""

from math import log

import pytest
import torch

from tasks.train.teachers.mean_teacher import MeanTeacher
from tasks.train.teachers.none import Nothing
from tests.toys import shapes
from tests.train.runs import bytes_of, quick, run
from tests.train.teachers.contexts import constant, context

SURE = (log(3.0), 0.0)


def bias(network) -> float:
    return network.body.head.bias[0].item()


def test_the_value_by_hand():
    # CE of label 0: 0.287682; KL((1/2, 1/2) || (3/4, 1/4)) = 0.143841; weight 0.5 and T^2 = 4, with logits doubled
    teacher = MeanTeacher(weight=0.5, temperature=2).build(lambda: constant(0.0, 0.0))
    network = constant(2 * SURE[0], 0.0)
    values, seen = teacher(context(network, [0, 255]))
    ce = -log(0.9)  # softmax of (2 log 3, 0) is (9/10, 1/10)
    assert values.ravel().tolist() == pytest.approx([ce + 0.5 * 4 * 0.143841, 0], abs=1e-5)
    values.sum().backward()
    # T^2 * weight * (q - p) / T = 4 * 0.5 * (3/4 - 1/2) / 2 = 1/4, and cross entropy's 9/10 - 1
    assert network.body.head.bias.grad.tolist() == pytest.approx([0.15, -0.15], abs=1e-5)
    assert not [p for p in teacher.parameters() if p.requires_grad or p.grad is not None]


def test_the_mean_of_weights_by_hand():
    for decay, expected in ((0.9, [1, 2, 3]), (0.25, [1, 2.5, 4.375]), (0.0, [1, 3, 5])):
        teacher = MeanTeacher(decay=decay).build(lambda: constant(9.0, 9.0))
        found = []
        for value in (1.0, 3.0, 5.0):
            teacher.after_step(constant(value, 0.0), 0.0)
            found.append(bias(teacher.mean))
        assert found == pytest.approx(expected)


def test_it_speaks_from_start_on_but_never_in_the_first_step():
    plain = Nothing().build(constant)(context(constant(*SURE), [0]))[0]
    for start, progress, speaks in ((0.5, 0.49, False), (0.5, 0.5, True), (0.0, 0.0, False), (0.0, 0.01, True)):
        teacher = MeanTeacher(start=start).build(lambda: constant(0.0, 0.0))
        values = teacher(context(constant(*SURE), [0], progress=progress))[0]
        assert torch.equal(values, plain) != speaks


def test_without_memory_the_teacher_is_the_network_itself():
    """Batch norms too take the same statistics; and none of the copies is trained."""
    from segmend.network.segmenter import build

    torch.manual_seed(0)
    network, other = (build(quick().network, 3).train() for _ in range(2))
    teacher = MeanTeacher(decay=0).build(lambda: other)
    images, labels = torch.randn(2, 3, 9, 11), torch.randint(0, 3, (2, 9, 11))
    now = context(constant(0.0, 0.0, 0.0), labels, images)._replace(network=network, inner=network)
    network(images + 1)  # so that running statistics are not the first ones
    teacher.after_step(network, 0.0)
    assert all(torch.equal(a, b) for a, b in zip(network.buffers(), other.buffers(), strict=True))
    values = teacher(now)[0]
    assert torch.allclose(values, Nothing().build(constant)(now)[0], atol=1e-6)
    assert not torch.allclose(MeanTeacher().build(lambda: build(quick().network, 3).train())(now)[0], values)


def test_weight_zero_gives_the_bytes_of_the_labels_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(shapes(tmp_path, train=4, val=1, test=0))
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    run(tmp_path, quick(), "plain")
    run(tmp_path, quick(teacher={"name": "mean_teacher", "mean_teacher": {"weight": 0}}), "zero")
    assert bytes_of(tmp_path, "plain") == bytes_of(tmp_path, "zero")
