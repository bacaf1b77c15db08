"""Results kept under what they depend on, in .work/: a killed stage goes on where it was, an unchanged image costs a file read.

The key of a result is all that it depends on: settings, code (`code_digest`), library versions, machine, and the content of the
image. A reader sees all of a result or nothing. The results used longest ago are removed where a folder grows beyond its limit.
"""

import ast
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from os import getpid
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

WORK = Path(".work")
LIMIT = 2 * 1024**3  # bytes that one stage's results may take
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("flows", "tasks", "segmend", "annotate")

Part = bytes | str | np.ndarray | None


def digest_of(parts: Iterable[Part]) -> str:
    """32 hex digits that tell any two lists of parts apart: bytes, text, arrays (with shape and type), or None."""
    digest = sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            part = repr((part.shape, part.dtype)).encode() + part.tobytes()
        data = b"none" if part is None else part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + type(part).__name__.encode() + data)
    return digest.hexdigest()[:32]


def write_whole(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Write a file in one stroke: `write` fills a file beside it, which then takes its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{getpid()}.half")
    with half.open("wb") as file:
        write(file)
    half.replace(path)


class Cache:
    """The results of one method with one set of settings: .work/<stage>/<digest of key>/<digest of content>.npz."""

    def __init__(self, stage: str, key: Iterable[Part]):
        self.stage = WORK / stage
        self.folder = self.stage / digest_of(key)

    def path(self, content: Iterable[Part]) -> Path:
        """Where the result for this content is kept."""
        return self.folder / f"{digest_of(content)}.npz"

    def read(self, path: Path) -> dict[str, Any]:
        """The arrays kept there; this use makes it the last to be removed."""
        path.touch()
        with np.load(path) as file:
            return dict(file)

    def write(self, path: Path, arrays: dict[str, Any]) -> None:
        """Keep named arrays; those that are None are left out."""
        write_whole(path, lambda file: np.savez_compressed(file, **{k: v for k, v in arrays.items() if v is not None}))

    def get(self, content: Iterable[Part], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The result for this content, made and kept if it is new."""
        path = self.path(content)
        if path.is_file():
            return self.read(path)
        arrays = make()
        self.write(path, arrays)
        return arrays

    def trim(self, limit: int = LIMIT) -> None:
        """Remove the results of this stage used longest ago, whatever their key, until at most `limit` bytes are left."""
        paths = [path for path in self.stage.rglob("*") if path.suffix != ".half" and path.is_file()]
        kept = sorted((about.st_mtime, about.st_size, path) for path in paths for about in [path.stat()])
        excess = sum(size for _, size, _ in kept) - limit
        for _, size, path in kept:
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size


def code_digest(module: str, root: Path = ROOT) -> str:
    """A digest of the code of a module and of all modules of this project that it imports, directly or through others.

    Read off the files, not off the modules that happen to be loaded: so a stage, a resumed stage and a test agree.
    """
    files = sorted(reached(files_of([module], root), root))
    return digest_of(part for path in files for part in (str(path.relative_to(root)), path.read_bytes()))


def reached(files: Iterable[Path], root: Path = ROOT) -> set[Path]:
    """These files, and every file of the project that they import, directly or through others."""
    todo, seen = list(files), set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += files_of(imports_of(path), root)
    return seen


def files_of(modules: Iterable[str], root: Path = ROOT) -> set[Path]:
    """The files of this project behind module names."""
    stems = (root / Path(*module.split(".")) for module in modules if module.split(".")[0] in PACKAGES)
    return {path for stem in stems for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()}


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Every module that a file imports, also inside functions."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: relative import; write the whole name"
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(modules)
