"""What the page reads of a workspace: where things are (dvc.yaml says so), the images, the rounds and their label sets."""

from csv import DictReader
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from shlex import split
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from segmend.images.dataset import Dataset, Sample
from segmend.stage import params

WORK = Path(".work/annotate")  # what the page keeps for itself


class Picture(NamedTuple):
    """An image under the name that addresses use: hexadecimal digits, so that no id of an image is part of a path."""

    key: str
    sample: Sample


def key_of(identifier: str) -> str:
    """16 hexadecimal digits for an image id."""
    return sha256(identifier.encode()).hexdigest()[:16]


class Workspace:
    """Read access to the folder around dvc.yaml. Raises ValueError where it is not a workspace or nothing has run yet."""

    def __init__(self, root: Path):
        self.root = root
        if not (root / "dvc.yaml").is_file():
            raise ValueError(
                f"{root} is no workspace: dvc.yaml is missing; go to one, or make one with: segmend new DIR"
            )
        stages = YAML(typ="safe").load(root / "dvc.yaml")["stages"]
        self._correct = options(stages["correct"]["do"]["cmd"])
        self._evaluate = options(stages["evaluate"]["do"]["cmd"])
        self._params: tuple[tuple[int, int], dict[str, Any]] | None = None
        if not (self.path("dataset") / "dataset.json").is_file():
            raise ValueError("There is no dataset yet: run segmend run first; it stops where people are asked.")
        self.pictures  # noqa: B018  # read now, so that a broken list is seen at the start

    def path(self, option: str, round: str = "") -> Path:
        """The path that the stage correct is given as an option, of a round where it belongs to one."""
        word = self._correct[option].replace("${key}", round)
        return self.root / word.replace("${item.prev}", self.before(round) if "${item.prev}" in word else "")

    @cached_property
    def dataset(self) -> Dataset:
        return Dataset(self.path("dataset"), self.path("truth") if self.path("truth").is_dir() else None)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return self.dataset.classes

    @cached_property
    def pictures(self) -> dict[str, Picture]:
        """All images, by key."""
        return {key_of(sample.id): Picture(key_of(sample.id), sample) for sample in self.dataset.samples}

    @cached_property
    def sizes(self) -> dict[str, tuple[int, int]]:
        """Rows and columns of the images, by id; also of those in the test split, as answers may be older than the split."""
        return {s.id: (s.height, s.width) for s in self.dataset.samples}

    @property
    def params(self) -> dict[str, Any]:
        """params.yaml as it is now; parsed again only where the file changed, since every request asks for it several times."""
        path = self.root / "params.yaml"
        status = path.stat() if path.is_file() else None
        mark = (status.st_mtime_ns, status.st_size) if status else (0, 0)
        if self._params is None or self._params[0] != mark:
            self._params = mark, params.load(path)
        return self._params[1]

    @property
    def rounds(self) -> list[str]:
        """All rounds of params.yaml, in order."""
        return list(self.params.get("rounds") or {})

    def before(self, round: str) -> str:
        """The label set that a round's questions show."""
        return str(self.params["rounds"][round]["prev"])

    def newest_round(self) -> str | None:
        """The last round whose questions are there; None before the first."""
        asked = [name for name in self.rounds if (self.path("queries", name) / "queries.jsonl").is_file()]
        return asked[-1] if asked else None

    @property
    def held_out(self) -> list[Path]:
        """The answers files of held-out questions (segmend promote --labels --ask), which no round reads, oldest first."""
        found = [
            path
            for name in self.rounds[:1]
            for path in self.path("answers", name).parent.glob("held_out/*/answers.jsonl")
        ]
        return sorted(found, key=lambda path: (len(path.parent.name), path.parent.name))

    @property
    def label_sets(self) -> list[str]:
        """The label sets that are there, oldest first: r0, r1, ..."""
        names = [self.before(name) for name in self.rounds[:1]] + self.rounds
        return [name for name in names if (self.labels(name) / "history.parquet").is_file()]

    def labels(self, name: str) -> Path:
        """The folder of a label set."""
        return self.root / self._correct["out"].replace("${key}", name)

    def scores(self) -> dict[str, dict[str, str]]:
        """The newest row of every scored image, by id; empty before the first evaluation."""
        for name in reversed(self.label_sets):
            path = self.root / self._evaluate["out"].replace("${key}", name) / "per_image.csv"
            if path.is_file():
                with path.open(newline="") as file:
                    return {row["image"]: row for row in DictReader(file)}
        return {}


def options(command: str) -> dict[str, str]:
    """The options of a stage's command, by name."""
    words = split(command)
    return {word[2:]: value for word, value in zip(words, words[1:], strict=False) if word.startswith("--")}
