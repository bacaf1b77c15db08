"""Text files as people and tools write them: UTF-8 with or without a mark, UTF-16 with one, and older encodings with a remark."""

from csv import DictReader
from io import StringIO
from pathlib import Path

from tasks.ingest.reading.context import notice

FALLBACK = "cp1252"  # Windows' western encoding; it agrees with Latin-1 on all letters


def read_text(path: Path) -> str:
    """The text of a file, its lines ended by \\n.

    Bytes that are not UTF-8 are read as Windows-1252, which is said in the notes of the data set. Raises ValueError for
    what is no text in either.
    """
    data = path.read_bytes()
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as trouble:
        try:
            text = data.decode(FALLBACK)
        except UnicodeDecodeError:
            raise ValueError(f"{path} is not text in UTF-8 (byte {trouble.start}): save it as UTF-8") from None
        notice(f"warning: {path.name} is not UTF-8 and is read as Windows-1252: check its letters, or save it as UTF-8")
    if "\0" in text:
        raise ValueError(f"{path} is not text (it holds zero bytes): save it as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_table(path: Path) -> "DictReader[str]":
    """The rows of a CSV file by column name; separated by commas, or by semicolons where the head has no comma."""
    text = read_text(path)
    head = text.split("\n", 1)[0]
    return DictReader(StringIO(text), delimiter=";" if ";" in head and "," not in head else ",")
