"""Models of the transformers library: looked up in the local cache first, fetched only if that is allowed, and named.

SEGMEND_OFFLINE=1 (or the library's own HF_HUB_OFFLINE=1) forbids fetching: it is a matter of the machine.
"""

from hashlib import sha256
from os import environ
from pathlib import Path
from typing import Any


def offline() -> bool:
    return any(environ.get(name, "").strip().lower() in ("1", "true", "yes") for name in SWITCHES)


SWITCHES = ("SEGMEND_OFFLINE", "HF_HUB_OFFLINE")


def pretrained(kind: Any, source: str, revision: str | None, field: str) -> Any:
    """`kind.from_pretrained` from a folder or the local cache, else from the hub; or one sentence that says what to do.

    `field` is the setting or option that names the model.
    """
    try:
        return kind.from_pretrained(source, revision=revision, local_files_only=True)
    except OSError:  # what the library raises for a missing folder and an id that is not in the cache
        if offline() or Path(source).is_absolute() or source.startswith("."):
            raise ValueError(missing(source, revision, field, "fetching is switched off or it is a folder")) from None
    except ValueError as trouble:  # it is there, and the library does not know what it is
        reason = str(trouble).partition("\n")[0].rstrip(" .:")
        raise ValueError(
            f"{field}: {kind.__name__} cannot load what '{source}' holds ({reason}); name another"
        ) from None
    try:
        return kind.from_pretrained(source, revision=revision)
    except OSError as trouble:  # an unknown id, or a failed download
        raise ValueError(missing(source, revision, field, f"fetching it failed ({type(trouble).__name__})")) from None


def missing(source: str, revision: str | None, field: str, why: str) -> str:
    chosen = f" --revision {revision}" if revision else ""
    return (
        f"{field}: '{source}' is no folder of a saved model with its processor and is not complete in "
        f"the local cache, and {why}; where there is a network, run `hf download {source}{chosen}` and copy the cache "
        f"(HF_HOME, by default ~/.cache/huggingface) to this machine, or set {field} to the folder of a saved model"
    )


def card(source: str, revision: str | None) -> dict[str, Any]:
    """What identifies a loaded model: its id, the hub's commit, the sha256 of its files (weights, configuration, processor)."""
    from transformers.utils import cached_file

    folder, commit = Path(source), revision
    if not folder.is_dir():
        folder = Path(str(cached_file(source, "config.json", revision=revision, local_files_only=True))).parent
        commit = folder.name  # the cache keeps every commit in a folder of its own
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix in SUFFIXES)
    return {
        "id": source,
        "revision": commit,
        "sha256": {path.name: digest(path) for path in files},
    }


SUFFIXES = (".safetensors", ".bin", ".json", ".txt", ".model")


def digest(path: Path) -> str:
    """sha256 of a file, read in pieces: weights are large."""
    made = sha256()
    with path.open("rb") as file:
        while piece := file.read(2**20):
            made.update(piece)
    return made.hexdigest()
