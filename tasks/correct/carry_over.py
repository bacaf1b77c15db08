"""What is carried with the label maps from round to round: the objects a labeller drew, the trust of a consensus."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copytree

import numpy as np

from segmend.answers.answers import Answer
from segmend.answers.candidate_sets import answered_pixels
from segmend.images.dataset import Labels, Sample
from segmend.images.rasters import is_class

SURE = 255


def carry_objects(first: Path, out: Path) -> None:
    """Copy the objects of the first labels, where there are any."""
    if (first / "objects").is_dir():
        copytree(first / "objects", out / "objects", dirs_exist_ok=True)


def carry_trust(
    first: Path, out: Path, samples: Sequence[Sample], answers: Mapping[str, Sequence[Answer]], classes: Sequence[str]
) -> None:
    """Write the trust in each pixel of the new maps, which are written already.

    A pixel that carries the class of an answer of this project's own is trusted fully. The annotators' trust was in their
    label: a pixel that got another one without an answer (by an expansion) has the trust they left for all other classes, 255
    minus theirs; that is 255 where they had no label (trust 0).
    """
    start, end = Labels(first), Labels(out)
    for sample in samples:
        if start.trust_path(sample.id).is_file():
            trust = start.trust(sample.id, (sample.height, sample.width))
            was, now = start[sample.id], end[sample.id]
            answered = np.zeros(now.size, bool)
            for answer in answers[sample.id]:
                if len(answer.classes) == 1:
                    inside = answered_pixels(answer)
                    answered[inside[now.ravel()[inside] == classes.index(answer.classes[0])]] = True
            moved = (now != was) & is_class(now)
            trust[moved] = SURE - trust[moved]
            trust.reshape(-1)[answered] = SURE
            end.write_trust(sample.id, trust)
