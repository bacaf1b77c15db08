"""JSON lines that people and other programs wrote: every mistake is one sentence that names file and line."""

from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder, dumps
from pathlib import Path
from typing import Any, NoReturn

BOM = b"\xef\xbb\xbf"
LONGEST = 500  # characters of a sentence; what it quotes may be megabytes


def json_lines(path: Path, what: str = "answers") -> Iterator[tuple[int, dict[str, Any]]]:
    """The number and the object of each line that is not empty, one at a time. Raises ValueError.

    Lines end with LF, CRLF or CR; other separators (U+2028) belong to the line. A byte order mark is skipped.
    """
    if path.is_dir():
        raise ValueError(f"{path} is a folder; the {what} must be a file with one JSON object a line")
    try:
        file = path.open("rb")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    with file:
        if file.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise ValueError(f"{path}, line 1: the file is UTF-16; save it as UTF-8")
        number = 0
        for ended_by_lf in file:
            for line in ended_by_lf.splitlines():
                number += 1
                line = line.removeprefix(BOM).strip()
                if line:
                    try:
                        yield number, parsed(line)
                    except ValueError as error:
                        raise ValueError(short(f"{path}, line {number}: {error}")) from None


def parsed(line: bytes) -> dict[str, Any]:
    """One line's object; ValueError in one sentence."""
    if b"\0" in line:
        raise ValueError("there are NUL bytes: the file is UTF-16 (save it as UTF-8) or damaged (remove the line)")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"not UTF-8 (byte 0x{line[error.start]:02x} at column {error.start + 1}); save the file as UTF-8"
        ) from None
    try:
        content = DECODER.decode(text)
    except JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            raise ValueError("not a JSON object (the line ends too early): complete the line or remove it") from None
        raise ValueError(f"not a JSON object ({error.msg} at column {error.colno})") from None
    except RecursionError:
        raise ValueError("not a JSON object (its brackets are nested too deeply)") from None
    if not isinstance(content, dict):
        raise ValueError(f"not a JSON object (it is {JSON_NAMES.get(type(content), 'a number')})")
    if "\\u" in text:
        try:
            dumps(content, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("a lone surrogate (\\ud800 to \\udfff) stands for no character") from None
    return content


JSON_NAMES = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different."""
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key '{next(name for name in names if names.count(name) > 1)}' is given twice")
    return content


def no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


DECODER = JSONDecoder(object_pairs_hook=unique, parse_constant=no_number)


def short(text: str) -> str:
    """A sentence without the middle of what it quotes where that is long."""
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]} ... {text[-half:]}"
