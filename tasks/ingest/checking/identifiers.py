"""Which ids images may have: they become file names in the data set, on any system. Checked for every format, in one place."""

from pathlib import Path
from re import fullmatch, match
from unicodedata import normalize

from tasks.ingest.reading.source import Problem, Record

RESERVED = r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?"  # names that Windows keeps for devices
LONGEST = 200  # bytes of one part; file systems allow 255 with the suffix


def check_identifiers(records: list[Record]) -> list[Problem]:
    """Problems of ids that are no safe file names, and of those that two images share, also where capitals do not count."""
    problems = []
    seen: dict[str, Record] = {}
    tiles = [record._replace(id=tile.id) for record in records for tile in record.tiles]
    for record in [*records, *tiles]:
        reason = unsafe(record.id)
        if reason:
            problems.append(
                Problem(record.id, record.file, f"its id {record.id!r} {reason}: rename the file or its entry")
            )
            continue
        other = seen.setdefault(normalize("NFC", record.id).casefold(), record)
        if other is not record:
            reason_of_two = f"its id '{record.id}' is also that of {other.file} ('{other.id}'): rename one of them"
            problems.append(Problem(record.id, record.file, reason_of_two))
    return problems


def unsafe(identifier: str) -> str:
    """Why an id cannot be a file's path under a folder, as a clause; empty where it can."""
    if not identifier:
        return "is empty"
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in identifier):
        return "has control characters"
    if any("\ud800" <= sign <= "\udfff" for sign in identifier):
        return "is not UTF-8"
    if identifier.startswith("/"):
        return "is an absolute path"
    if match("[A-Za-z]:", identifier):
        return "begins with a drive letter"
    if "\\" in identifier:
        return "has a backslash, which is a folder on some systems"
    *folders, _ = identifier.split("/")
    for part in identifier.split("/"):
        if part in ("", ".", ".."):
            return f"has the part '{part}'" if part else "has an empty part"
        if fullmatch(RESERVED, part.lower()):
            return f"has the part '{part}', a name that Windows reserves"
        if part in folders and part.endswith((" ", ".")):
            return f"has the folder '{part}', which ends with a blank or a dot"
        if len(part.encode()) > LONGEST:
            return f"has a part of {len(part.encode())} bytes, and {LONGEST} are allowed"
    return ""


def inside(folder: Path, identifier: str, suffix: str = ".png") -> Path:
    """The path of an image's file under `folder`; ValueError for an id that could lead elsewhere."""
    reason = unsafe(identifier)
    if reason:
        raise ValueError(f"the id {identifier!r} {reason}: nothing is written")
    return folder / f"{identifier}{suffix}"
