"""When a workspace's flow last began, so that a schedule knows at its start whether a time was missed while nothing served it."""

import time
from datetime import datetime
from pathlib import Path

RECORD = Path(".work/last-start")


def started(root: Path) -> None:
    (root / RECORD).parent.mkdir(exist_ok=True)
    (root / RECORD).touch()


def missed(root: Path, cron: str, now: float | None = None) -> datetime | None:
    """The last time of `cron` before now, if the flow ran before it but not since. None for a workspace that never ran."""
    from prefect._vendor.croniter import croniter

    record = root / RECORD
    if not record.is_file():
        return None
    due = float(croniter(cron, datetime.fromtimestamp(now or time.time()).astimezone()).get_prev(float))
    return datetime.fromtimestamp(due) if record.stat().st_mtime < due else None
