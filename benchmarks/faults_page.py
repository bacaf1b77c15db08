"""docs/faults.md from the rows of benchmarks/results/faults.jsonl."""

from collections import Counter
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "faults.md"
HEAD = """# Kills, faults and bad inputs

Made by `python -m benchmarks.faults` from the rows in benchmarks/results/faults.jsonl, on toy data with 12 epochs and a checkpoint every second,
on a machine that did other work too.

## Random kills

A stage is taken out of dvc.lock and of the run cache, begun, and something of it is killed at a random moment, five times in a row; then a run
must end with everything fresh and with the same bytes of all data, metrics and dvc.lock as before. Begun by `segmend run --no-prefect`, by its
runner alone, or by plain `dvc repro`; killed: the process of the flow, of DVC, or of the stage; half of the signals are SIGKILL, the others
SIGTERM and SIGINT. "Met": the process still ran when the signal came. "Left behind": kills after which a process of the workspace lived on.

| stage | kills | met | flow, dvc, stage | left behind | equal bytes |
|---|---|---|---|---|---|
"""


def page(rows: list[dict[str, Any]]) -> str:
    kills = [row for row in rows if row["kind"] == "kill"]
    lines = []
    for stage in [*dict.fromkeys(row["stage"] for row in kills), "all"]:
        of = [row for row in kills if stage in (row["stage"], "all")]
        victims = Counter(row["victim"] for row in of)
        lines.append(
            f"| {stage} | {len(of)} | {sum(row['met'] for row in of)} | {victims['flow']}, {victims['dvc']}, {victims['stage']} "
            f"| {sum(row['left'] > 0 for row in of)} | {sum(row['equal'] for row in of)} of {len(of)} |"
        )
    bad = [row for row in rows if row["kind"] == "input"]
    passed = sum(row["passed"] for row in bad)
    text = HEAD + "\n".join(lines)
    text += f"\n\n## Bad settings and answers\n\n{passed} of {len(bad)} end with exit code 2, one sentence that names the file, and the file as it was.\n\n"
    text += "| of | what | sentence | exit | unchanged |\n|---|---|---|---|---|\n"
    for row in bad:
        cells = [str(row[key]).replace("|", "\\|").replace("\n", " ") for key in ("of", "name", "sentence")]
        text += (
            f"| {cells[0]} | `` {cells[1]} `` | {cells[2]} | {row['exit']} | {'yes' if row['equal'] else '**no**'} |\n"
        )
    return text


def write(rows: list[dict[str, Any]]) -> None:
    PAGE.write_text(page(rows))
