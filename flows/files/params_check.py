"""params.yaml is checked before anything runs or is written, by `python -m tasks`: the settings classes belong to the stages.

That module imports every method (3 s), so the result is kept in .work until the text or the code changes.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from flows.environment import UserError
from flows.files.yaml_file import as_mapping, read_mapping

CHECKED = Path(".work/params.checked")  # digests of what is in order: whole files and sections, newest last
REMEMBERED = 200


def check_params(root: Path, text: str | None = None, any_rounds: bool = False) -> None:
    """Raise a UserError that lists every mistake, one sentence each. Only sections that were not checked before cost an import.

    Args:
        text: what is to be written to params.yaml; what stands there if left out.
        any_rounds: accept a broken chain of rounds, which `segmend rounds` mends.
    """
    if not (
        root / "tasks" / "__main__.py"
    ).is_file():  # a DVC repository of other stages: nothing is known of its settings
        return
    content = read_mapping(root / "params.yaml") if text is None else as_mapping(text, "params.yaml")
    code = _digest_of_code(root)
    digests = {str(name): sha256(f"{code}{name}{block!r}".encode()).hexdigest() for name, block in content.items()}
    whole = sha256("".join(digests.values()).encode()).hexdigest()
    kept = root / CHECKED
    known = kept.read_text().split() if kept.is_file() else []
    if whole in known:
        return
    kept.parent.mkdir(exist_ok=True)
    words = ["--any-rounds"] if any_rounds else []
    if text is not None:
        file = root / ".work" / "new" / "params.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        words += ["--file", str(file.relative_to(root))]
    words += ["--sections", *(name for name, digest in digests.items() if digest not in known)]
    done = subprocess.run(
        [sys.executable, "-m", "tasks", *words], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode == 2:
        raise UserError(done.stderr.strip())
    if done.returncode:
        raise RuntimeError(f"python -m tasks failed in {root}:\n{done.stderr}")
    learnt = [digest for digest in [*digests.values(), *([] if any_rounds else [whole])] if digest not in known]
    kept.write_text("\n".join([*known[-REMEMBERED:], *learnt]) + "\n")


def _digest_of_code(root: Path) -> str:
    """Of name, size and time of every file of code that the check may import."""
    digest = sha256(sys.version.encode())
    for top in ("tasks", "segmend"):
        for path, size, moment in sorted(_files(root / top)):
            digest.update(f"{path}\0{size}\0{moment}\0".encode())
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir() and entry.name != "__pycache__":
                yield from _files(Path(entry.path))
            elif entry.name.endswith(".py"):
                status = entry.stat()
                yield entry.path, status.st_size, status.st_mtime_ns
