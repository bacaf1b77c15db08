"""Results per image, by content, so that a killed labelling goes on where it was; bounded in size.

.work/pseudo_label/<hash of settings, weights, code, machine>/<hash of image, mask, regions>.npz
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from os import getpid
from pathlib import Path
from typing import Any

import numpy as np

WORK = Path(".work/pseudo_label")
KEPT_BYTES = 2 * 1024**3  # the results used longest ago go when there are more


class Kept:
    """The results of one model with one set of settings."""

    def __init__(self, key: Iterable[bytes]):
        self.folder = WORK / hashed(key)

    def path(self, item: Iterable[np.ndarray | None]) -> Path:
        return self.folder / f"{hashed(parts(item))}.npz"

    def read(self, path: Path) -> dict[str, Any]:
        path.touch()  # the newest use decides what is thrown out last
        with np.load(path) as file:
            return dict(file)

    def write(self, path: Path, found: Any) -> None:
        """A reader sees all of a result or nothing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{getpid()}.half")
        with half.open("wb") as file:
            np.savez_compressed(file, **{name: one for name, one in found._asdict().items() if one is not None})
        half.replace(path)

    def trim(self, limit: int = KEPT_BYTES) -> None:
        """Throw out the results used longest ago, of all models, until at most `limit` bytes are left."""
        files = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in WORK.rglob("*.npz"))
        excess = sum(size for _, size, _ in files) - limit
        for _, size, path in files:
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size


def hashed(key: Iterable[bytes]) -> str:
    digest = sha256()
    for part in key:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:32]


def parts(arrays: Iterable[np.ndarray | None]) -> Iterator[bytes]:
    for array in arrays:
        yield b"none" if array is None else str((array.shape, array.dtype)).encode()
        yield b"" if array is None else array.tobytes()
