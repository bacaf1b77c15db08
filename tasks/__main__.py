"""Check params.yaml, and say what it may hold.

python -m tasks               check the whole file (--file NAME: another one; --any-rounds: but for the chain of rounds)
python -m tasks --schema      the JSON schema of every section
python -m tasks --table       the table of methods, in Markdown
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Collection
from importlib import import_module
from itertools import pairwise
from json import dumps
from pathlib import Path
from re import fullmatch
from sys import modules
from typing import Any, get_args

from pydantic import Field

from segmend.answers.answers import RoundBudget
from segmend.stage.command import user_mistakes
from segmend.stage.mistakes import line_of, nearest, short
from segmend.stage.params import Method, Settings, check, load, read, seed

STAGES = (
    "ingest",
    "superpixelize",
    "pseudo_label",
    "pretrain",
    "train",
    "query",
    "correct",
    "evaluate",
    "export",
    "report",
)
CHAMPION = "champion"  # of data/weights: the promoted network (segmend promote)
OPTIONAL = ("gate", "drift")  # sections of commands beside the stages; one that is left out means its defaults


class Round(Settings):
    """One round of questions."""

    prev: str = Field(description="the round whose network and labels this one starts from")
    budget: RoundBudget = Field(
        description="a count (of query.unit), or a share of all regions of the train split, as '5%'; 0: nothing is asked"
    )


class Model(Settings):
    """One training: which round's scores it continues."""

    prev: str


def check_chain(content: dict[str, Any], path: Path | str) -> list[str]:
    """What is wrong with the rounds: r1, r2, ... follow one another, each has a model, and `last` is the newest."""
    rounds, models, name = content.get("rounds") or {}, content.get("models") or {}, Path(path).name
    mistakes = []
    for section, entries, kind in (("rounds", rounds, Round), ("models", models, Model)):
        if not isinstance(entries, dict):
            return [f"{name}{line_of(path, section)}: {section} must hold one line a round, as r1: {{prev: r0}}"]
        for key, entry in entries.items():
            try:
                check(kind, entry, f"{section}.{key}", path)
            except ValueError as error:
                mistakes.append(str(error))
    if mistakes:
        return mistakes
    names = [f"r{k}" for k in range(1, len(rounds) + 1)]
    expected = {
        f"{section}.{key}.prev": prev for section in ("rounds", "models") for prev, key in pairwise(["r0", *names])
    }
    expected |= {"models.r0.prev": "start", "last": names[-1] if names else "r0"}
    given = {f"rounds.{key}.prev": entry["prev"] for key, entry in rounds.items()}
    given |= {f"models.{key}.prev": entry["prev"] for key, entry in models.items()} | {"last": content.get("last")}
    for setting in sorted({*expected, *given}, key=lambda setting: (setting == "last", setting)):
        if expected.get(setting) != given.get(setting):
            where, remedy = f"{name}{line_of(path, setting)}: {setting}", f"mend it with: segmend rounds {len(rounds)}"
            if setting not in expected:
                return [f"{where} belongs to no round of the chain r0 to {expected['last']}; {remedy}"]
            return [f"{where} must be '{expected[setting]}' (it is {short(given.get(setting))}); {remedy}"]
    return []


def check_start(content: dict[str, Any], path: Path | str) -> list[str]:
    """The weights that training begins with are none, a folder of data/weights, or made by a pretraining."""
    train, named, name = content.get("train"), content.get("pretraining") or {}, Path(path).name
    if not isinstance(named, dict):
        return [f"{name}{line_of(path, 'pretraining')}: pretraining must hold names, as contrastive: {{}}"]
    mistakes = [
        f"{name}{line_of(path, f'pretraining.{key}')}: pretraining.{key}: a name has letters, digits, _ and - only"
        for key in named
        if not fullmatch(r"[A-Za-z0-9_-]+", str(key))
    ]
    start = train.get("start", "none") if isinstance(train, dict) else "none"
    if start == CHAMPION and not Path("data/weights", CHAMPION, "config.json").is_file():
        mistakes.append(
            f"{name}{line_of(path, 'train.start')}: train.start is '{CHAMPION}', but no network was promoted here; run: segmend promote"
        )
    if isinstance(start, str) and start not in ("none", CHAMPION) and start not in named:
        mistakes.append(
            f"{name}{line_of(path, 'train.start')}: train.start is '{start}', but the section pretraining has no such name"
            f"{nearest(start, named)}; write there {start}: {{}}, or set train.start to none"
        )
    return mistakes


def sections() -> dict[str, type[Settings]]:
    """The settings class of every section, looked up by its name."""
    return {name: settings_of(name) for name in (*STAGES, *OPTIONAL)}


def settings_of(stage: str) -> type[Settings]:
    return import_module(f"tasks.{stage}.settings").Params


def check_file(
    path: Path | str = "params.yaml", chain: bool = True, only: Collection[str] = STAGES
) -> dict[str, Settings]:
    """Check every section of a stage, or those of `only`, and what binds them; raise one ValueError that lists all mistakes.

    `chain`: whether the rounds must form a chain.
    """
    content, made = load(path), {}
    known = ["seed", "rounds", "models", "last", "pretraining", *STAGES, *OPTIONAL]
    mistakes = [
        f"{Path(path).name}{line_of(path, str(name))}: unknown section '{name}'{nearest(name, known)}; known: {', '.join(known)}"
        for name in content
        if name not in known
    ]
    optional = [name for name in OPTIONAL if name in content]
    for name in [*(name for name in STAGES if name in only or name not in content), *optional]:
        try:
            made[name] = read(name, settings_of(name), path)
        except ValueError as error:
            mistakes.append(str(error))
    try:
        seed(path)
    except ValueError as error:
        mistakes.append(str(error))
    mistakes += check_start(content, path)
    if chain:
        mistakes += check_chain(content, path)
    if mistakes:
        raise ValueError("\n".join(mistakes))
    return made


def method_table() -> str:
    """All methods of all stages as a Markdown table: where, name, idea (the first line of the method's file)."""
    rows = ["| stage | setting | name | idea |", "|---|---|---|---|"]
    for stage, kind in sections().items():
        for setting, methods in choices(kind):
            for method in methods:
                name = get_args(method.model_fields["name"].annotation)[0]
                idea = (modules[method.__module__].__doc__ or "").strip().splitlines()[0].rstrip(".")
                rows.append(f"| {stage} | `{stage}.{setting}` | `{name}` | {idea} |")
    return "\n".join(rows)


def choices(kind: type[Settings], prefix: str = "") -> list[tuple[str, list[type[Method]]]]:
    """The settings that choose a method (also those inside other settings, with dotted names), with the methods."""
    chosen = []
    for name, field in kind.model_fields.items():
        classes = classes_in(field.annotation)
        methods = [inner for inner in classes if issubclass(inner, Method)]
        if methods:
            chosen.append((prefix + name, methods))
        for inner in classes:
            if not issubclass(inner, Method):
                chosen += choices(inner, f"{prefix}{name}.")
    return chosen


def classes_in(annotation: Any) -> list[type[Settings]]:
    """The settings classes that an annotation speaks of, through unions, lists and Annotated."""
    if isinstance(annotation, type) and not get_args(annotation):
        return [annotation] if issubclass(annotation, Settings) else []
    return [inner for part in get_args(annotation) for inner in classes_in(part)]


@user_mistakes
def main() -> int:
    parser = ArgumentParser("python -m tasks", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--schema", action="store_true", help="print the JSON schema of every section")
    group.add_argument("--table", action="store_true", help="print the table of methods in Markdown")
    parser.add_argument("--file", type=Path, default=Path("params.yaml"), metavar="PATH", help="the file to check")
    parser.add_argument(
        "--any-rounds", action="store_true", help="accept a broken chain of rounds, which segmend rounds mends"
    )
    parser.add_argument(
        "--sections", nargs="*", default=STAGES, metavar="NAME", help="check these alone, and what binds them"
    )
    chosen = parser.parse_args()
    if chosen.schema:
        print(dumps({name: kind.model_json_schema() for name, kind in sections().items()}, indent=2))
        return 0
    if chosen.table:
        print(method_table())
        return 0
    check_file(chosen.file, not chosen.any_rounds, chosen.sections)
    print("params.yaml is in order")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
