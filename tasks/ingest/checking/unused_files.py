"""Files under the folder that no record uses: each is listed with the reason, grouped by folder and suffix."""

from pathlib import Path
from typing import NamedTuple

from tasks.ingest.reading.file_kinds import PICTURES, walk
from tasks.ingest.reading.source import Problem, Source, Unused

ABOUT = frozenset({".md", ".pdf", ".html", ".dvc", ".gitignore", ".url"})  # text for people, of no use to ingest
NAMES_SHOWN = 3


class Group(NamedTuple):
    """Unused files of one suffix in one folder."""

    folder: str
    suffix: str
    reason: str


def unused_files(raw: Path, source: Source) -> tuple[list[str], list[Problem]]:
    """Sentences about files that nothing uses, and problems: broken links, names that are not UTF-8, most pictures unused."""
    used = set(source.used)
    for record in source.records:
        used |= {record.file, record.mask_file, record.truth_file, *(entry.file for entry in record.annotations)}
    groups: dict[Group, list[str]] = {}
    problems: list[Problem] = []
    unexplained: list[str] = []
    for path, trouble in walk(raw):
        name = path.relative_to(raw).as_posix()
        if trouble:
            problems.append(Problem("", printable(name), trouble))
            continue
        if name in used or path.suffix.lower() in ABOUT or path.stem.lower() in ("readme", "license", "licence"):
            continue
        reason = why(name, source.unused)
        picture = path.suffix.lower() in PICTURES
        if picture and not reason:
            unexplained.append(name)
        folder = name.rsplit("/", 1)[0] + "/" if "/" in name else "./"
        groups.setdefault(Group(folder, path.suffix.lower(), reason or fallback(picture, source)), []).append(name)
    if len(unexplained) > len(source.records):
        reason = (
            f"{len(unexplained)} pictures would stay unused, more than the {len(source.records)} images that are read, as "
            f"{', '.join(unexplained[:NAMES_SHOWN])}: {source.reads or 'name the right format'}; move what is not needed elsewhere"
        )
        problems.append(Problem("", "", reason))
    return [sentence(group, names) for group, names in sorted(groups.items())], problems


def why(name: str, unused: tuple[Unused, ...]) -> str:
    """The reason that a format gives for a file, of the longest entry that covers it."""
    covering = [
        entry for entry in unused if name == entry.path or (entry.path.endswith("/") and name.startswith(entry.path))
    ]
    return max(covering, key=lambda entry: len(entry.path)).reason if covering else ""


def fallback(picture: bool, source: Source) -> str:
    if not picture:
        return "files of this kind are not read"
    return source.reads or "the format has no use for it"


def sentence(group: Group, names: list[str]) -> str:
    which = f"{names[0]}" if len(names) == 1 else f"{len(names)} files {group.folder}*{group.suffix}"
    return f"not used: {printable(which)}: {group.reason}"


def printable(name: str) -> str:
    """A file name for a message, whatever its bytes."""
    return name.encode("utf-8", "backslashreplace").decode()
