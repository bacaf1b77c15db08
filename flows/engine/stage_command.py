"""The commands of dvc.yaml, read for what is started beside DVC's graph. The only reader of them: nobody else knows a stage's options.

A command is one line of words, `python -m tasks.train --dataset data/dataset ... --out data/models/${key}`; the variables in it
are filled in here as DVC fills them in.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.environment import UserError
from flows.files.yaml_file import read_mapping

VARIABLE = re.compile(r"\$\{([\w.-]+)\}")


@dataclass(frozen=True)
class StageCommand:
    """One stage's command: `module` and its options by name (`--out` is "out")."""

    module: str
    options: dict[str, str]

    def start(self, root: Path, **changed: str | None) -> int:
        """Run it in the workspace with some options changed, or left out where None is given; its exit code."""
        options = {**self.options, **changed}
        words = [word for name, value in options.items() if value is not None for word in (f"--{name}", value)]
        return subprocess.run([sys.executable, "-m", self.module, *words], cwd=root, check=False).returncode


def stage_command(root: Path, stage: str, variables: Mapping[str, Any]) -> StageCommand:
    """The command of `stage` (its name without the round) as dvc.yaml has it.

    Args:
        variables: values of what stands in ${...}, by dotted name: `key`, `item.prev`; others keep their ${...}.
    """
    stages = read_mapping(root / "dvc.yaml").get("stages") or {}
    if stage not in stages:
        raise UserError(f"dvc.yaml has no stage '{stage}'; it has: {', '.join(stages)}.")
    template = str(stages[stage].get("do", stages[stage]).get("cmd", ""))
    text = VARIABLE.sub(lambda match: str(variables.get(match[1], match[0])), template)
    words = shlex.split(text)
    module = words[words.index("-m") + 1] if "-m" in words else ""
    options = {
        name.removeprefix("--"): value
        for name, value in zip(words, words[1:], strict=False)
        if name.startswith("--") and not value.startswith("--")
    }
    return StageCommand(module, options)


def trained_rounds(root: Path) -> list[str]:
    """The rounds whose network is there, oldest first."""
    models = read_mapping(root / "params.yaml").get("models") or {}
    return [name for name in models if (root / network_of(root, name)).exists()]


def network_of(root: Path, name: str) -> Path:
    """Where the stage train writes the network of a round, relative to the workspace."""
    return Path(stage_command(root, "train", {"key": name}).options["out"])
