"""The verdict as one HTML file: the measures as a table, and the new images that lie farthest from the promoted ones."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from segmend.images.overlays import shot, size_in
from tasks.drift.measures import Measured, Side
from tasks.drift.settings import Params

if TYPE_CHECKING:
    from tasks.drift.compare import Verdict

SHOWN = 12
BOX = 220  # pixels of a picture's longer side


def farthest(measured: Measured) -> list[tuple[int, float]]:
    """New images by their distance from the promoted mean, in standard deviations over all, root mean square over the columns."""
    pooled = np.concatenate([measured.new, measured.promoted])
    deviation = pooled.std(0)
    scaled = (measured.new - measured.promoted.mean(0)) / np.where(deviation > 0, deviation, 1)
    distances = np.sqrt((scaled**2).mean(1))
    return [(int(k), float(distances[k])) for k in np.argsort(-distances, kind="stable")[:SHOWN]]


def write_page(
    path: Path, found: "Verdict", sides: tuple[Side, Side], measured: list[Measured], settings: Params
) -> None:
    new, promoted = sides
    pictures: list[Any] = []
    by_features = next((m for m in measured if m.whole), None)  # one row for every new image that is looked at
    for k, distance in farthest(by_features) if by_features else []:
        sample = new.samples[k]
        picture = shot(
            new.data.image(sample.id),
            f"New image {sample.id}",
            size_in(BOX, (sample.height, sample.width)),
            smooth=True,
        )
        pictures.append((sample.id, distance, picture))
    usual = [
        (
            s.id,
            shot(promoted.data.image(s.id), f"Promoted image {s.id}", size_in(BOX, (s.height, s.width)), smooth=True),
        )
        for s in promoted.samples[:: max(1, len(promoted.samples) // SHOWN)][:SHOWN]
    ]
    template = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template("page.html.j2")  # fmt: skip
    text = template.render(found=found, pictures=pictures, usual=usual, settings=settings, notice=new.data.card.notice)
    path.write_text(text, encoding="utf-8")
