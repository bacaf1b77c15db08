"""What goes with the labels from round to round beside the maps: the objects a labeller drew, the trust of a consensus."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copytree

import numpy as np

from segmend.answers.answers import Answer
from segmend.answers.candidate_sets import places_of
from segmend.images.dataset import Labels, Sample
from segmend.images.rasters import is_class

SURE = 255


def carry_objects(first: Path, out: Path) -> None:
    if (first / "objects").is_dir():
        copytree(first / "objects", out / "objects", dirs_exist_ok=True)


def carry_trust(
    first: Path, out: Path, samples: Sequence[Sample], answers: Mapping[str, Sequence[Answer]], classes: Sequence[str]
) -> None:
    """The trust in each pixel of the new maps, which are written already.

    A pixel that carries what an answer of this project's own says of it is trusted fully. The annotators' trust was in their
    label: where another one came without an answer (an expansion), what they left for all others counts, one minus it, and that
    is everything where they said nothing.
    """
    start, end = Labels(first), Labels(out)
    for sample in samples:
        if start.trust_path(sample.id).is_file():
            trust = start.trust(sample.id, (sample.height, sample.width))
            was, now = start[sample.id], end[sample.id]
            said = np.zeros(now.size, bool)
            for answer in answers[sample.id]:
                if len(answer.classes) == 1:
                    places = places_of(answer)
                    said[places[now.ravel()[places] == classes.index(answer.classes[0])]] = True
            moved = (now != was) & is_class(now)
            trust[moved] = SURE - trust[moved]
            trust.reshape(-1)[said] = SURE
            end.write_trust(sample.id, trust)
