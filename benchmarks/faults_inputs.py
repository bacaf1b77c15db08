"""Bad settings and bad answers: the sentence, the exit code, and that the file is left as it was."""

from collections.abc import Iterator
from contextlib import redirect_stderr
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from ruamel.yaml import YAML

from segmend.answers.answers import read
from tasks.__main__ import main as check_settings
from tasks.__main__ import sections
from tests.segmend.answers.bad_answers import REFUSED
from tests.test_tasks import MISTAKES, NOT_SETTINGS, SHIPPED

JARGON = ("Traceback", "pydantic", "constrained", "Errno")
CLASSES, SIZES = ("leaf", "bark"), {"a/0": (2, 4)}


def inputs() -> Iterator[tuple[str, str, bytes]]:
    """Kind, name and content of every bad file."""
    for old, new, _ in MISTAKES:
        yield "settings", f"{old.strip()} -> {new.strip() or 'nothing'}", SHIPPED.replace(old, new, 1).encode()
    for content in NOT_SETTINGS:
        data = content if isinstance(content, bytes) else content.encode()
        yield "settings", repr(data[:30])[1:], data
    for stage, kind in sections().items():
        for name in kind.model_fields:
            content = YAML(typ="safe").load(SHIPPED)
            content.setdefault(stage, {})[name] = {"nonsense": 1}
            text = BytesIO()
            YAML(typ="safe").dump(content, text)
            yield "settings", f"{stage}.{name}: {{nonsense: 1}}", text.getvalue()
    for case in REFUSED:
        yield "answers", case.name, case.content


def settings_exit(path: Path) -> tuple[int, str]:
    """`python -m tasks --file PATH`: exit code and sentence."""
    printed = StringIO()
    with patch("sys.argv", ["tasks", "--file", str(path)]), redirect_stderr(printed):
        return check_settings(), printed.getvalue().strip()


def answers_exit(path: Path) -> tuple[int, str]:
    """What a stage that reads the file ends with: 2 for a ValueError, as segmend/stage/command.py does."""
    try:
        read(path, CLASSES, SIZES, {"a/0": "ff" * 32})
    except ValueError as error:
        return 2, str(error)
    return 0, ""


def outcome(kind: str, content: bytes) -> dict[str, Any]:
    """One bad file given to the code that reads it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / ("params.yaml" if kind == "settings" else "r1.jsonl")
        path.write_bytes(content)
        code, sentence = (settings_exit if kind == "settings" else answers_exit)(path)
        shown = sentence.replace(f"{folder}/", "")
        equal = path.read_bytes() == content
    return {
        "exit": code,
        "sentence": shown.splitlines()[0][:240] if shown else "",
        "equal": equal,
        "passed": code == 2 and equal and path.name in shown and not [word for word in JARGON if word in shown],
    }
