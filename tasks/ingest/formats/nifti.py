"""NIfTI volumes, cut into slices: imagesTr/ and labelsTr/ (Medical Segmentation Decathlon, nnU-Net), images/ and masks/, or a
folder a case with <case>_seg.nii.gz (BraTS).

Source: https://nifti.nimh.nih.gov/nifti-1; nibabel. Layouts: M. Antonelli et al., Nature Communications 13, 2022; F. Isensee et
al., nnU-Net, Nature Methods 18, 2021.
Idea: volumes are turned to the nearest right-anterior-superior order (nibabel's as_closest_canonical: axes are swapped and
flipped, nothing is interpolated) and cut along `axis`: auto is the axis of the widest spacing of the first volume where it is
a fifth wider than the others, else axial. Rows run from front to back (axial) or from top to bottom, columns from left to right.
Values: 8 bits as they are; others from the 0.5th to the 99.5th percentile of their volume, or ingest.image_range.
Channels: of several files of a case (_0000, _0001, ...; _flair, _t1, ...) or of a fourth axis, number `channel` is read.
Kept: dataset/volumes.json: files, shape, affine as in the file and after turning, axis and number of slices of every volume; slice k
of id <case>/<axis>_<k> is plane k of the turned volume.
Splits: volumes stay whole (ingest.splits deals them out); of a single volume, blocks of ten neighbouring slices.
Classes: dataset.json's labels (`ignore` is void), else classes.json or classes.txt.
Limits: image and label must have one shape and place; imagesTs without labels is left out, which is said.
"""

from functools import partial
from json import dumps
from pathlib import Path
from re import sub
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from segmend.images.rasters import VOID
from segmend.stage.params import Method
from tasks.ingest.formats._json_parts import read_object
from tasks.ingest.formats._volumes import head_of, off_place, read_label_slice, read_slice
from tasks.ingest.reading.class_names import VOID_NAMES, naming
from tasks.ingest.reading.file_kinds import walk
from tasks.ingest.reading.source import Hints, Problem, Record, Source, Unused, class_ids, relative
from tasks.ingest.reading.splits import by_blocks

SUFFIXES = (".nii.gz", ".nii")
LABELS = {"labelstr": "imagesTr", "labelsts": "imagesTs", "labels": "images", "masks": "images", "label": "image", "mask": "image",
          "segmentations": "images"}  # fmt: skip
ENDING = r"(?i)[_-](seg|segmentation|mask|label|labels|gt)$"
CHANNEL = r"_\d{4}$"
AXES = ("sagittal", "coronal", "axial")
WIDER = 1.2  # times the next spacing, for an axis to be taken as the one that slices were made along
BLOCK = 10


class Case(NamedTuple):
    """A volume: its images (channels) and its label."""

    name: str
    images: tuple[Path, ...]
    label: Path | None


class Nifti(Method):
    name: Literal["nifti"] = "nifti"
    axis: Literal["auto", "sagittal", "coronal", "axial"] = Field("auto", description="the axis that slices lie across")
    channel: int = Field(0, ge=0, description="which of several channels of a volume is read, from 0")

    @staticmethod
    def sees(raw: Path) -> str:
        example = next(iter(volumes_near(raw)), None)
        return f"it has NIfTI volumes: {relative(example, raw)}" if example else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        cases, unused, problems = cases_of(raw)
        if not cases:
            raise ValueError(
                f"{raw} is not laid out as nifti: .nii or .nii.gz files in imagesTr/ and labelsTr/ are expected"
            )
        classes, ids, where = named(raw, hints)
        axis, note = self.chosen(cases)
        records: list[Record] = []
        about: dict[str, Any] = {}
        for case in cases:
            several = len(case.images) > 1
            if several and self.channel >= len(case.images):
                reason = f"{case.name} has {len(case.images)} channels, and ingest.format.nifti.channel is {self.channel} (they count from 0)"
                problems.append(Problem("", relative(case.images[0], raw), reason))
                continue
            image, label = case.images[self.channel if several else 0], case.label
            try:
                shape, affine, own = head_of(image)
                trouble = off_place(shape, affine, *head_of(label)[:2]) if label else ""
            except ValueError as wrong:
                problems.append(Problem(case.name, relative(image, raw), str(wrong)))
                continue
            if trouble:
                problems.append(Problem(case.name, relative(label or image, raw), trouble))
            number = AXES.index(axis)
            count = shape[number]
            splits = by_blocks(count, BLOCK, (0.6, 0.2, 0.2)) if len(cases) == 1 else [None] * count
            for k in range(count):
                picture = partial(read_slice, image, number, k, self.channel, len(case.images), hints.image_range)
                mask = partial(read_label_slice, label, number, k) if label else None
                slice_name = f"#{axis}_{k}"
                records.append(
                    Record(
                        f"{case.name}/{axis}_{k:04d}",
                        splits[k],
                        picture,
                        mask,
                        file=relative(image, raw) + slice_name,
                        mask_file=relative(label, raw) + slice_name if label else "",
                        group=case.name,
                    )  # fmt: skip
                )
            about[case.name] = {
                "image": relative(image, raw), "label": relative(label, raw) if label else None, "shape": list(shape),
                "affine": own.tolist(), "affine_turned": affine.tolist(), "axis": axis, "slices": count,
            }  # fmt: skip
        notes = [f"classes named by {where}", note, self.channels_note(cases)]
        if len(cases) == 1:
            notes.append(f"splits: blocks of {BLOCK} neighbouring slices")
        used = {relative(path, raw) for case in cases for path in (*case.images, *([case.label] if case.label else []))}
        return Source(
            classes, ids, records, (), tuple(problems), tuple(note for note in notes if note),
            used=frozenset(used | {where}), unused=tuple(unused), kept=(("volumes.json", dumps(about, indent=1) + "\n"),),
        )  # fmt: skip

    def chosen(self, cases: list[Case]) -> tuple[str, str]:
        """The axis, and the sentence that says it."""
        if self.axis != "auto":
            return self.axis, f"{self.axis} slices (ingest.format.nifti.axis)"
        for case in cases:
            try:
                _, affine, _ = head_of(case.images[0])
            except ValueError:
                continue
            spacing = np.linalg.norm(affine[:3, :3], axis=0)
            widest = int(np.argmax(spacing))
            clear = spacing[widest] > WIDER * np.sort(spacing)[1]
            axis = AXES[widest] if clear else "axial"
            sizes = " x ".join(f"{size:g}" for size in np.round(spacing, 3))
            return axis, f"{axis} slices (voxels of {sizes} in {case.name}; ingest.format.nifti.axis changes it)"
        return "axial", ""

    def channels_note(self, cases: list[Case]) -> str:
        most = max(cases, key=lambda case: len(case.images))
        if len(most.images) == 1:
            return ""
        read = most.images[min(self.channel, len(most.images) - 1)].name
        return f"of {len(most.images)} channels, as of {most.name}, {read} is read (ingest.format.nifti.channel)"


def volumes_near(raw: Path) -> list[Path]:
    """Volumes of this folder, not of one that it wraps: at the top, in folders of known names, in two or more cases' folders."""
    known = {name.casefold() for pair in LABELS.items() for name in pair}
    folders = [path for path in sorted(raw.iterdir()) if path.is_dir()]
    tops = [raw, *(path for path in folders if path.name.casefold() in known)]
    near = [path for top in tops for path in sorted(top.iterdir()) if path.name.lower().endswith(SUFFIXES)]
    cases = [
        next(
            (
                path
                for path in sorted(top.iterdir())
                if path.name.lower().endswith(SUFFIXES) and sub(ENDING, "", stem(path)) != stem(path)
            ),
            None,
        )
        for top in folders
        if top not in tops
    ]
    labelled = [path for path in cases if path]
    named = any((raw / name).is_file() for name in ("classes.json", "classes.txt", "dataset.json"))
    return near or (labelled if len(labelled) > 1 or named else [])


def volumes_in(raw: Path) -> list[Path]:
    return [path for path, trouble in walk(raw) if not trouble and path.name.lower().endswith(SUFFIXES)]


def stem(path: Path) -> str:
    return next(path.name[: -len(end)] for end in SUFFIXES if path.name.lower().endswith(end))


def cases_of(raw: Path) -> tuple[list[Case], list[Unused], list[Problem]]:
    """The volumes of a folder by case; labels without an image are problems."""
    labels: dict[tuple[Path, str], Path] = {}
    images: dict[tuple[Path, str], list[Path]] = {}
    unused: dict[str, Unused] = {}
    for path in volumes_in(raw):
        folder = LABELS.get(path.parent.name.lower())
        if folder:
            key = (path.parent.parent / folder.casefold(), sub(ENDING, "", stem(path)))
            labels[key] = path
        elif sub(ENDING, "", stem(path)) != stem(path):
            labels[path.parent, sub(ENDING, "", stem(path))] = path
        else:
            in_images = path.parent.name.casefold() in {name.casefold() for name in LABELS.values()}
            folder_key = path.parent.parent / path.parent.name.casefold() if in_images else path.parent
            images.setdefault((folder_key, stem(path)), []).append(path)
    cases, taken = [], set()
    problems = []
    for (folder_key, name), label in sorted(labels.items()):
        same = {key: paths for key, paths in images.items() if key[0] == folder_key}
        parts = same.get((folder_key, name)) or [
            paths[0] for key, paths in sorted(same.items()) if sub(CHANNEL, "", key[1]) == name
        ]
        parts = parts or [
            paths[0] for key, paths in sorted(same.items()) if key[1].startswith((f"{name}_", f"{name}-"))
        ]
        if not parts:
            problems.append(
                Problem("", relative(label, raw), f"it has no image {name}.nii.gz: add it or remove the label")
            )
            continue
        taken |= set(parts)
        cases.append(Case(name, tuple(parts), label))
    bare: dict[tuple[Path, str], list[Path]] = {}
    for (folder_key, name), paths in images.items():
        if paths[0] in taken:
            continue
        if paths[0].parent.name.casefold() == "imagests":
            folder = relative(paths[0].parent, raw) + "/"
            unused[folder] = Unused(folder, "test volumes without labels are left out")
        else:
            bare.setdefault((folder_key, sub(CHANNEL, "", name)), []).extend(paths)
    cases += [Case(name, tuple(sorted(paths)), None) for (_, name), paths in sorted(bare.items())]
    names = [case.name for case in cases]
    double = [case for case in cases if names.count(case.name) > 1]
    if double:  # the same case name in several folders: the folder tells them apart
        cases = [
            case._replace(name=relative(case.images[0].parent, raw) + "/" + case.name) if case in double else case
            for case in cases
        ]
    return cases, list(unused.values()), problems


def named(raw: Path, hints: Hints) -> tuple[tuple[str, ...], dict[int, int], str]:
    """Classes, ids and where they are named."""
    path = raw / "dataset.json"
    listed = read_object(path).get("labels") if path.is_file() and not hints.classes else None
    if not listed:
        own = naming(raw, hints)
        if not own.classes:
            raise ValueError(
                f'{raw}: nothing names the classes: add classes.json, {{"classes": ["name of id 0", ...]}}'
            )
        return own.classes, own.ids, own.where
    if not isinstance(listed, dict):
        raise ValueError(f'{path}: expected {{"labels": {{"0": "background", "1": "first class", ...}}}}')
    pairs = list(listed.items())
    if all(str(key).isdigit() for key, _ in pairs):
        pairs = [(str(name), int(key)) for key, name in pairs]  # {"0": "background"}: the Decathlon's form
    if not all(isinstance(number, int) for _, number in pairs):
        raise ValueError(
            f"{path}: its labels are regions of several ids: name the ids one by one in classes.json, and move it away"
        )
    kept = sorted((number, name) for name, number in pairs if name.lower() not in VOID_NAMES)
    classes = tuple(name for _, name in kept)
    class_ids(classes, (), "dataset.json")
    ids = {254: 254, VOID: VOID} | {number: k for k, (number, _) in enumerate(kept)}
    ids |= {number: VOID for name, number in pairs if name.lower() in VOID_NAMES}
    return classes, ids, "dataset.json"
