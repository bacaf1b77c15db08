"""Predict a folder of images with a trained network, for `segmend predict`.

python -m tasks.predict.run --network data/models/r3 --images FOLDER --out FOLDER [--probabilities] [--tile 1024 --overlap 128]

An image gives one file of the same name below <out>: a palette PNG with the data set's class ids and colours; of a GeoTIFF a GeoTIFF
on the same place of the map, of a NIfTI volume a volume with the same affine. classes.json names the ids. --probabilities adds
<name>.npy, float16 (classes, h, w). What cannot be read is named at the end and left out; the exit code is then 2.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from json import dumps
from pathlib import Path
from sys import exit as leave
from sys import stderr

import numpy as np

from segmend.images.rasters import write_labels
from segmend.network.inference import Predictor
from segmend.stage.command import USER_MISTAKE, user_mistakes
from segmend.stage.events import progress
from tasks.predict import deep, geotiff, nifti, pictures
from tasks.predict.tiling import Prediction, of_array, predict

VOLUMES = (".nii", ".nii.gz")


def images_in(folder: Path) -> list[Path]:
    """The images below a folder, or the one file. ValueError where there is none."""
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder or file")
    known = (*pictures.SUFFIXES, *VOLUMES)
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name.lower().endswith(known))
    if not found:
        raise ValueError(f"{folder} holds no image; these are read: {', '.join(known)}")
    return found


class Writer:
    """One network, one folder of results."""

    def __init__(
        self,
        network: Path,
        out: Path,
        tile: int,
        overlap: int,
        probabilities: bool,
        axis: int,
        between: deep.Range | None = None,
    ):
        self.predictor, self.out, self.axis, self.between = Predictor(network), out, axis, between
        self.tile, self.overlap, self.probabilities = tile, overlap, probabilities

    def of(self, read: geotiff.Read, height: int, width: int) -> Prediction:
        return predict(self.predictor, read, height, width, self.tile, self.overlap, self.probabilities)

    def image(self, path: Path, name: str) -> None:
        """Predict one file; `name` is its path below the results, without suffix."""
        card = self.predictor.card
        if path.name.lower().endswith(VOLUMES):
            volume = nifti.opened(path)
            found = [self.of(of_array(plane), *plane.shape[:2]) for plane in nifti.slices(volume, self.axis)]
            nifti.write(self.out / f"{name}.nii.gz", volume, self.axis, [prediction.classes for prediction in found])
            for k, prediction in enumerate(found):
                self.keep(prediction, f"{name}_{k:04d}")
            return
        if (file := geotiff.opened(path)) is not None:
            with file:
                prediction = self.of(geotiff.reader(file, self.between), file.height, file.width)
                geotiff.write(self.out / f"{name}.tif", file, prediction.classes, card)
        else:
            picture = pictures.read(path, self.between)
            prediction = self.of(of_array(picture), *picture.shape[:2])
            write_labels(self.out / f"{name}.png", prediction.classes, card.palette)
        self.keep(prediction, name)

    def keep(self, prediction: Prediction, name: str) -> None:
        if prediction.probabilities is not None:
            np.save(self.out / f"{name}.npy", prediction.probabilities)


def name_of(path: Path, folder: Path) -> str:
    """The path below the folder without suffix."""
    relative = path.name if folder.is_file() else path.relative_to(folder).as_posix()
    return relative[:-7] if relative.lower().endswith(".nii.gz") else relative.rpartition(".")[0]


def run(images: Path, writer: Writer) -> list[str]:
    """Predict all; sentences about what could not be read. ValueError for two images of one name."""
    paths = images_in(images)
    names = [name_of(path, images) for path in paths]
    if doubled := {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set():
        raise ValueError(
            f"several images are called {min(doubled)} but for their suffix: their results would be one file"
        )
    card, mistakes = writer.predictor.card, []
    writer.out.mkdir(parents=True, exist_ok=True)
    ids = {name: k for k, name in enumerate(card.classes)}
    (writer.out / "classes.json").write_text(dumps({"classes": ids, "colours": card.palette}, indent=2) + "\n")
    for path, name in progress(zip(paths, names, strict=True), len(paths), "prediction"):
        try:
            writer.image(path, name)
        except ValueError as mistake:
            mistakes.append(str(mistake))
    return mistakes


@user_mistakes
def main() -> int:
    parser = ArgumentParser(
        "python -m tasks.predict.run", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", type=Path, required=True, help="a folder that the stage train wrote")
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--dataset", type=Path, default=Path("data/dataset"), help="whose volumes say how slices lie")
    parser.add_argument("--tile", type=int, default=1024, help="pixels of a tile's side; larger images are cut")
    parser.add_argument("--overlap", type=int, default=128, help="pixels that neighbouring tiles share")
    parser.add_argument("--probabilities", action="store_true")
    parser.add_argument(
        "--range",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="values of images of more than 8 bits that are black and white",
    )
    given = parser.parse_args()
    if given.tile < 32 or not 0 <= 2 * given.overlap <= given.tile:
        raise ValueError(
            f"--tile {given.tile} --overlap {given.overlap}: a tile has 32 pixels or more, an overlap up to half of it"
        )
    if given.range and not given.range[0] < given.range[1]:
        raise ValueError(
            f"--range {given.range[0]:g} {given.range[1]:g}: the first value is black and must be below the second"
        )
    axis, between = nifti.axis_of(given.dataset), tuple(given.range) if given.range else None
    writer = Writer(given.network, given.out, given.tile, given.overlap, given.probabilities, axis, between)
    mistakes = run(given.images, writer)
    for mistake in mistakes:
        print(mistake, file=stderr)
    return USER_MISTAKE if mistakes else 0


if __name__ == "__main__":
    leave(main())
