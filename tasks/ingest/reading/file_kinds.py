"""Suffixes of files that are read as pictures, and listing the files of a folder."""

from collections.abc import Iterator
from os import scandir
from pathlib import Path

from tasks.ingest.reading.context import listed_once

PICTURES = frozenset(
    {
        ".png",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".tif",
        ".tiff",
        ".bmp",
        ".gif",
        ".webp",
        ".pgm",
        ".ppm",
        ".pnm",
        ".jp2",
        ".npy",
    }
)
SYSTEM = frozenset({"__macosx", ".ds_store", "thumbs.db", "desktop.ini", ".git", ".ipynb_checkpoints", "@eadir"})


def pictures_in(folder: Path) -> list[Path]:
    """All picture files under a folder, sorted. What `walk` finds wrong is left out; checking/unused_files.py lists it."""
    return [path for path, trouble in walk(folder) if not trouble and path.suffix.lower() in PICTURES]


def walk(folder: Path) -> list[tuple[Path, str]]:
    """Every file under a folder, sorted, links followed, and what is wrong with its entry ('' if nothing).

    Hidden files and files that systems leave behind (.DS_Store, Thumbs.db, __MACOSX/) are passed over.
    """
    if not folder.is_dir():
        return []
    return listed_once(("walk", folder), lambda: sorted(entries_of(folder, (folder.resolve(),))))


def entries_of(folder: Path, above: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
    try:
        entries = sorted(scandir(folder), key=lambda entry: entry.name)
    except PermissionError:
        yield folder, "it cannot be opened: allow reading it"
        return
    for entry in entries:
        path = folder / entry.name
        if entry.name.lower() in SYSTEM or entry.name.startswith("."):
            continue
        if any("\ud800" <= sign <= "\udfff" for sign in entry.name):
            yield path, "its name is not UTF-8: rename it"
        elif entry.is_symlink() and not reachable(path):
            yield path, "it is a link that leads nowhere: remove it, or put the file in place"
        elif not entry.is_dir():
            yield path, "" if entry.is_file() else "it is no regular file: remove it"
        elif not entry.is_symlink():
            yield from entries_of(path, (*above, path.resolve()))
        elif any(folder.is_relative_to(path.resolve()) for folder in above):
            yield path, "it is a link to a folder that it lies in: remove it"
        else:
            yield from entries_of(path, (*above, path.resolve()))


def reachable(path: Path) -> bool:
    """Whether a link leads to something; a link to itself does not."""
    try:
        return path.exists()
    except OSError:
        return False
