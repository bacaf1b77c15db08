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
    text = HEAD + "\n".join(lines) + "\n"
    text += answer_writers([row for row in rows if row["kind"] == "writer"])
    text += fault_kinds([row for row in rows if row["kind"] == "fault"])
    bad = [row for row in rows if row["kind"] == "input"]
    passed = sum(row["passed"] for row in bad)
    text += f"\n## Bad settings and answers\n\n{passed} of {len(bad)} end with exit code 2, one sentence that names the file, and the file as it was.\n\n"
    text += "| of | what | sentence | exit | unchanged |\n|---|---|---|---|---|\n"
    for row in bad:
        cells = [str(row[key]).replace("|", "\\|").replace("\n", " ") for key in ("of", "name", "sentence")]
        text += (
            f"| {cells[0]} | `` {cells[1]} `` | {cells[2]} | {row['exit']} | {'yes' if row['equal'] else '**no**'} |\n"
        )
    return text


def answer_writers(rows: list[dict[str, Any]]) -> str:
    kept, acknowledged = sum(row["kept"] for row in rows), sum(row["acknowledged"] for row in rows)
    return (
        "\n## Writers of answers\n\nTwo processes append answers to one file as the page does, and each is killed (SIGKILL) at a random moment. "
        "Every answer that was acknowledged must be in the file, once and in order, and every line whole.\n\n"
        f"{2 * len(rows)} kills, {acknowledged:,} answers acknowledged, {kept:,} in the files (one that was written may not have been acknowledged "
        f"yet); {sum(row['torn'] for row in rows)} files ended within a line. Passed: {sum(row['passed'] for row in rows)} of {len(rows)} files.\n"
    )


def fault_kinds(rows: list[dict[str, Any]]) -> str:
    text = (
        "\n## Kinds of fault\n\nA workspace in which everything ran; the report is made stale, something is broken, a run begins. Exit code 0: the "
        "run did its work in spite of the fault; 2: it said what a person must mend. Then (the fault taken back where only a person can) "
        f"a last run must leave the same bytes as before.\n\nPassed: {sum(row['passed'] for row in rows)} of {len(rows)}.\n\n"
        "| fault | exit | what the run said last, or of it | seconds | equal bytes | passed |\n|---|---|---|---|---|---|\n"
    )
    for row in rows:
        sentence = row["sentence"].replace("|", "\\|")
        marks = ["yes" if row[key] else "**no**" for key in ("equal", "passed")]
        text += f"| {row['name']} | {row['exit']} | {sentence} | {row['seconds']:.0f} | {' | '.join(marks)} |\n"
    return text


def write(rows: list[dict[str, Any]]) -> None:
    PAGE.write_text(page(rows))
