"""Write the generated documentation: the table of methods, every setting, every command's help.

python -m docs.generate            write docs/methods.md, docs/params.md and docs/cli.md
python -m docs.generate --check    say which of them are out of date; exit code 1 if any is
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, get_args

from pydantic_core import PydanticUndefined
from typer.testing import CliRunner

from flows.cli import app
from segmend.stage.params import Method, Settings
from tasks.__main__ import choices, method_table, sections

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = (
    "", "run", "status", "next", "recommend", "rounds", "inspect", "annotate", "export", "diff", "revert", "audit", "questions",
    "answers", "new", "gc", "ui", "serve", "predict", "export-model", "promote", "rollback", "drift", "methods"
)  # fmt: skip
PLAIN = {"TERM": "dumb", "NO_COLOR": "1"}


def methods_page() -> str:
    """The table of all methods."""
    head = (
        "# Every method\n\nMade by `make docs` from the cards at the heads of the methods' files. A method is chosen by name in "
        "params.yaml ([params.md](params.md) lists its settings); its file tells idea, paper, formula, limits and differences.\n\n"
    )
    return head + method_table() + "\n"


def rows_of(kind: type[Settings], prefix: str) -> list[str]:
    """One table row per setting; settings inside settings follow with dotted names."""
    properties = kind.model_json_schema().get("properties", {})
    chosen = {name for name, _ in choices(kind)}
    rows = []
    for name, field in kind.model_fields.items():
        nested = field.annotation
        if issubclass(kind, Method) and name == "name":
            continue
        if isinstance(nested, type) and issubclass(nested, Settings) and name not in chosen:
            rows += rows_of(nested, f"{prefix}{name}.")
            continue
        default = field.get_default(call_default_factory=True)
        shown = "required" if default is PydanticUndefined else default.name if isinstance(default, Method) else default
        allowed = "a method, see below" if name in chosen else range_of(properties.get(name, {}))
        text = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{prefix}{name}` | {allowed} | `{shown}` | {text} |")
    return rows


def range_of(schema: dict[str, Any]) -> str:
    """The allowed values of one setting, in words."""
    if "anyOf" in schema:
        return " or ".join(range_of(part) for part in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    bounds = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    limits = [f"{sign} {schema[key]}" for key, sign in bounds.items() if key in schema]
    kind = {"array": "list", "object": "mapping", "null": "nothing"}.get(
        schema.get("type", ""), schema.get("type", "any")
    )
    return " ".join([kind, *limits])


def params_page() -> str:
    head = (
        "# Every setting\n\nMade by `make docs` from the settings classes; params.yaml need name departures from the defaults "
        "only. A method is chosen as `{name: NAME, NAME: {setting: value}}`.\n"
    )
    table = "| setting | allowed | default | meaning |\n|---|---|---|---|\n"
    parts = [head]
    for section, kind in sections().items():
        parts.append(
            f"## {section}\n\n"
            + (table + "\n".join(rows_of(kind, "")) + "\n" if kind.model_fields else "No settings.\n")
        )
        for setting, methods in choices(kind):
            for method in methods:
                name = get_args(method.model_fields["name"].annotation)[0]
                rows = rows_of(method, "")
                body = table + "\n".join(rows) + "\n" if rows else "No settings.\n"
                parts.append(f"### {section}.{setting}: `{name}`\n\n{body}")
    return "\n".join(parts)


def cli_page() -> str:
    """The help of every command, as a terminal of 100 columns shows it; asked in this process, since each start takes a second."""
    parts = ["# The segmend command\n\nMade by `make docs`.\n"]
    for command in COMMANDS:
        words = [*([command] if command else []), "--help"]
        asked = {"prog_name": "segmend", "terminal_width": 98, "env": PLAIN, "catch_exceptions": False}
        text = CliRunner().invoke(app, words, **asked).output
        lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
        parts.append(f"## segmend {command}".rstrip() + f"\n\n```\n{lines}\n```\n")
    return "\n".join(parts)


def main() -> int:
    parser = ArgumentParser("docs.generate", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a page is out of date")
    check = parser.parse_args().check
    pages = {"docs/methods.md": methods_page(), "docs/params.md": params_page(), "docs/cli.md": cli_page()}
    stale = [name for name, text in pages.items() if not (ROOT / name).is_file() or (ROOT / name).read_text() != text]
    for name in stale:
        if check:
            print(f"{name} is out of date: make docs")
        else:
            (ROOT / name).write_text(pages[name])
            print(f"wrote {name}")
    return int(check and bool(stale))


if __name__ == "__main__":
    raise SystemExit(main())
