"""The format that the data came in, where export writes it; else folders.

Idea: `export.format: same` becomes the format of that name (ingest.format.name); data drawn by the project itself (toy, brain) and
    formats that export does not write become `folders`, which loses nothing. The stage's record says which was taken.
Limits: what a format loses is what its own card says.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from segmend.images.dataset import Card
from tasks.export.formats._base import ExportFormat, Item


class Same(ExportFormat):
    name: Literal["same"] = "same"

    def among(self, formats: tuple[type[ExportFormat], ...], came_as: str) -> ExportFormat:
        """The format called `came_as` among `formats`, or folders."""
        table = {method.name: method for method in (kind() for kind in formats)}  # type: ignore[call-arg]
        return table.get(came_as, table["folders"])

    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        raise TypeError("`same` is replaced by a format before anything is written")
