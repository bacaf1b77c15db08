"""results/crowd_loop.md from the rows of benchmarks.crowd_loop."""

from typing import Any


def write_page(rows: list[dict[str, Any]]) -> None:
    print(len(rows), "rows")
