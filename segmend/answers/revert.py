"""Take answers back: a line of kind `revert` is added for each, none is removed, and the labels are made as if they had never been given.

python -m segmend.answers.revert data/answers/r1.jsonl data/answers/r2.jsonl --who ada --by ben --lock .work/annotate --write
"""

from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import UTC, datetime
from json import dumps
from os import fsync
from pathlib import Path

from filelock import FileLock

from segmend.answers.answers import Answer, read, standing
from segmend.stage.command import user_mistakes


def matching(answers: Iterable[Answer], image: str | None, who: str | None, kind: str | None) -> list[Answer]:
    """The answers that stand and fit all that is given."""
    return [
        answer
        for answer in standing(answers)
        if image in (None, answer.image) and who in (None, answer.who) and kind in (None, answer.kind)
    ]


def reverted(answers: Iterable[Answer], by: str, when: str) -> list[Answer]:
    """The lines that take these answers back; `when` is a time in UTC as answers hold it."""
    return [
        Answer(
            query=answer.query,
            image=answer.image,
            footprint=answer.footprint,
            kind="revert",
            who=answer.who,
            when=when,
            by=None if by == answer.who else by,
        )
        for answer in answers
    ]


@user_mistakes
def main() -> int:
    parser = ArgumentParser("python -m segmend.answers.revert", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+", help="answers files, of rounds or of held-out questions")
    parser.add_argument("--image", help="only answers about this image")
    parser.add_argument("--who", help="only this person's answers")
    parser.add_argument("--kind", help="only answers of this kind")
    parser.add_argument("--by", default="unknown", help="who takes them back")
    parser.add_argument(
        "--lock", type=Path, required=True, help="folder of the locks that other writers of these files use"
    )
    parser.add_argument("--write", action="store_true", help="without it, only their number is said")
    chosen = parser.parse_args()
    when = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    total = 0
    for path in chosen.files:
        if not path.is_file():
            continue
        chosen.lock.mkdir(parents=True, exist_ok=True)
        with FileLock(chosen.lock / f"{path.name}.lock"):
            matches = matching(read(path), chosen.image, chosen.who, chosen.kind)
            lines = reverted(matches, chosen.by, when)
            if chosen.write and lines:
                append(path, lines)
        total += len(matches)
        if matches:
            print(f"{path}: {len(matches)} answers{' taken back' if chosen.write else ''}")
    if not total:
        print("No answer fits: nothing was changed.")
    elif not chosen.write:
        print(f"{total} answers fit; nothing was changed yet: add --write to take them back.")
    return 0


def append(path: Path, answers: Iterable[Answer]) -> None:
    """Add lines at the end of an answers file; they are on the disk when this returns."""
    text = "".join(dumps(answer.model_dump(exclude_none=True), sort_keys=True) + "\n" for answer in answers)
    with path.open("r+b", buffering=0) as file:
        end = file.seek(0, 2)
        if end and (file.seek(end - 1), file.read(1))[1] != b"\n":
            file.write(b"\n")
        file.write(text.encode())
        fsync(file.fileno())


if __name__ == "__main__":
    raise SystemExit(main())
