"""The list as one HTML file: what is wrong, how often, where, with pictures of the first findings."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from segmend.answers.answers import Footprint, pixels
from segmend.images.dataset import Dataset
from segmend.images.overlays import Shot, overlaid, shot, size_in
from segmend.images.rasters import LabelMap, read_labels
from tasks.audit.findings import LARGE, SURE
from tasks.audit.tables import Finding, Result, summary

BOX = 240  # pixels of a picture's longer side on the page
AROUND = 24  # pixels of the image that are shown around a finding, at least
ROWS = 50
OUTLINE = (255, 221, 0)


class Card(NamedTuple):
    """A finding on the page."""

    rank: int
    finding: Finding
    label: str
    proposed: str
    shots: list[Shot]


def window(finding: Finding, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The part of the image that is shown: the finding in the middle third, where the image is large enough."""
    top, left, height, width = finding.box
    side = max(height, width)
    margin = max(AROUND, side)
    middle, half = (top + height // 2, left + width // 2), side // 2 + margin
    found = []
    for centre, length in zip(middle, shape[:2], strict=True):
        begin = max(0, min(centre - half, length - 2 * half))
        found.append(slice(begin, min(length, begin + 2 * half)))
    return found[0], found[1]


def outlined(picture: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The picture with the outline of the pixels around it."""
    grown = inside.copy()
    grown[1:] |= inside[:-1]
    grown[:-1] |= inside[1:]
    grown[:, 1:] |= inside[:, :-1]
    grown[:, :-1] |= inside[:, 1:]
    picture = picture.copy()
    picture[grown & ~inside] = OUTLINE
    return picture


def pictures(dataset: Dataset, labels: LabelMap, finding: Finding, footprint: Footprint) -> list[Shot]:
    """The image, the labels and the proposed labels around a finding, each with its outline."""
    image = dataset.image(finding.image)
    flat = np.zeros(labels.size, bool)
    flat[pixels(footprint)] = True
    inside: Bool[np.ndarray, "h w"] = flat.reshape(labels.shape)
    part = window(finding, labels.shape)
    proposed = np.where(inside, np.uint8(finding.proposed), labels)
    image, inside = image[part], inside[part]
    size = size_in(BOX, inside.shape)
    place = f"around row {finding.row}, column {finding.column} of {finding.image}"
    return [
        shot(outlined(image, inside), f"Image {place}, the finding outlined", size, smooth=True),
        shot(outlined(overlaid(image, labels[part], dataset.card), inside), f"Labels {place}", size),
        shot(outlined(overlaid(image, proposed[part], dataset.card), inside), f"What is proposed {place}", size),
    ]


def write_page(
    out: Path,
    name: str,
    result: Result,
    dataset: Dataset,
    files: dict[str, Path],
    band: int,
    temperature: float,
    shown: int,
) -> None:
    """index.html."""
    cards = []
    for rank, finding in enumerate(result.findings[:shown], 1):
        footprint = result.shapes[finding.image, finding.number]
        shots = pictures(dataset, read_labels(files[finding.image]), finding, footprint)
        cards.append(Card(rank, finding, result.classes[finding.label], result.classes[finding.proposed], shots))
    content: dict[str, Any] = summary(name, result, band, temperature)
    legend = [
        (label, f"rgb{tuple(colour)}") for label, colour in zip(dataset.classes, dataset.card.colours, strict=True)
    ]
    template = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template("page.html.j2")  # fmt: skip
    text = template.render(
        content, cards=cards, rows=result.images[:ROWS], systematic=[pair for pair in result.pairs if pair.systematic],
        all_pairs=result.pairs[:ROWS], twins=result.duplicates[:ROWS], legend=legend, sure=SURE, large=LARGE,
        notice=dataset.card.notice,
    )  # fmt: skip
    (out / "index.html").write_text(text, encoding="utf-8")
