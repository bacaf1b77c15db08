"""A time that was missed while nothing served it."""

import os
from datetime import datetime
from pathlib import Path

from flows.orchestration.schedule_record import RECORD, missed, started

NOON = datetime(2026, 3, 4, 12, 0).timestamp()


def test_a_time_is_missed_if_the_flow_ran_before_it_and_not_since(tmp_path: Path):
    assert missed(tmp_path, "0 2 * * *", NOON) is None  # it never ran: nothing to make up for
    started(tmp_path)
    for began, wanted in (
        ("2026-03-04T02:01", None),
        ("2026-03-03T02:01", "2026-03-04T02:00"),
        ("2026-02-01T02:01", "2026-03-04T02:00"),
    ):
        moment = datetime.fromisoformat(began).timestamp()
        os.utime(tmp_path / RECORD, (moment, moment))
        assert missed(tmp_path, "0 2 * * *", NOON) == (wanted and datetime.fromisoformat(wanted))
