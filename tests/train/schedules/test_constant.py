"""The constant schedule."""

from tasks.train.schedules.constant import Constant
from tasks.train.schedules.cosine import Cosine
from tasks.train.schedules.polynomial import Polynomial


def test_equals_the_limits_of_the_others():
    for progress in (0.0, 0.4, 0.99):
        assert Constant()(progress) == Polynomial(power=0)(progress) == Cosine(floor=1)(progress) == 1
