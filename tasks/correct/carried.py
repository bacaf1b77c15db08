"""What goes with the labels from round to round beside the maps: the objects a labeller drew, the trust of a consensus."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copytree

from tasks.answers import Answer, pixels
from tasks.dataset import Labels, Sample

SURE = 255


def carry_objects(first: Path, out: Path) -> None:
    if (first / "objects").is_dir():
        copytree(first / "objects", out / "objects", dirs_exist_ok=True)


def carry_trust(first: Path, out: Path, samples: Sequence[Sample], answers: Mapping[str, Sequence[Answer]]) -> None:
    """The annotators' trust in each pixel, and full trust where an answer of this project's own names one class."""
    start, end = Labels(first), Labels(out)
    for sample in samples:
        if start.trust_path(sample.id).is_file():
            trust = start.trust(sample.id, (sample.height, sample.width))
            for answer in answers[sample.id]:
                if len(answer.classes) == 1:
                    trust.reshape(-1)[pixels(answer.mask or answer.footprint)] = SURE
            end.write_trust(sample.id, trust)
