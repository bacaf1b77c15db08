"""What holds for every schedule of the table."""

import pytest

from tasks.train.schedules import SCHEDULES


@pytest.mark.parametrize("kind", SCHEDULES, ids=lambda kind: kind.__name__)
def test_starts_at_one_never_rises_and_stays_above_zero(kind):
    factors = [kind()(step / 100) for step in range(100)]
    assert factors[0] == 1
    assert all(before >= after > 0 for before, after in zip(factors, factors[1:], strict=False))
