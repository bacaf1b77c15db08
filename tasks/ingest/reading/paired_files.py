"""Images and masks in two folders under equal names: which folders, which pairs, which suffix mask names have.

Layouts: images/ and masks/ at the top, or in each of train/, val/ and test/, or both; train_images/ and train_masks/ (or images_train/);
capitals do not matter; sub-folders of any depth below them.
"""

from os import scandir
from pathlib import Path
from re import split
from typing import NamedTuple

from tasks.ingest.reading.context import listed_once
from tasks.ingest.reading.file_kinds import PICTURES, pictures_in, walk
from tasks.ingest.reading.source import SPLIT_NAMES, Problem, identifier, relative

OTHER_NAMES = {  # what people call these folders, where the usual name is not there
    "images": ("images", "image", "imgs", "img"),
    "masks": ("masks", "mask", "labels", "label", "annotations", "segmentations", "gt", "ground_truth", "groundtruth"),
}
Files = dict[str, list[Path]]  # id -> files of that id


AS_PNG = "save masks as PNG whose values are class ids (NumPy arrays are read as .npy, one array a file)"


class Pairs(NamedTuple):
    """The picture files of a data set by id; an id begins with its split where folders name splits."""

    images: Files
    masks: Files  # under the ids of their images, where these are known
    truths: Files
    folders: tuple[str, str, str]  # names of the three kinds of folders
    suffix: str  # what mask names have behind the image's

    @property
    def reads(self) -> str:
        images, masks, truth = self.folders
        return f"pictures are read in {images}/, {masks}/ and {truth}/, at the top, in train/, val/ and test/, or as train_{images}/"


def tops(root: Path, kind: str) -> list[tuple[Path, str]]:
    """The folders of one kind, and what ids under them begin with: images/, train/images/, train_images/ and images_train/."""
    folders = [(folder, "") for folder in named(root, kind)]
    for path in folders_in(root):
        words = split(r"[_-]", path.name.lower())
        if words[0] in SPLIT_NAMES and len(words) == 1:
            folders += [(folder, f"{path.name}/") for folder in named(path, kind)]
        elif len(words) == 2 and kind.lower() in words:
            other = words[1 - words.index(kind.lower())]
            folders += [(path, f"{other}/")] if other in SPLIT_NAMES else []
    return folders


def named(root: Path, kind: str) -> list[Path]:
    """The folder of this name; where there is none, those whose names differ in capitals only."""
    folders = folders_in(root)
    exact = [folder for folder in folders if folder.name == kind]
    return exact or [folder for folder in folders if folder.name.lower() == kind.lower()]


def folders_in(root: Path) -> list[Path]:
    return listed_once(
        ("folders", root), lambda: sorted(root / entry.name for entry in scandir(root) if entry.is_dir())
    )


def folder_of(root: Path, kind: str) -> str:
    """The folder name of images or masks: the given one, or where it is not there another usual one that holds pictures."""
    if tops(root, kind):
        return kind
    for name in OTHER_NAMES.get(kind, ()):
        if any(pictures_in(top) for top, _ in tops(root, name)):
            return name
    return kind


def files_of(root: Path, kind: str) -> Files:
    """id -> picture files of one kind."""
    return listed_once(("files", root, kind), lambda: files_below(root, kind))


def files_below(root: Path, kind: str) -> Files:
    files: Files = {}
    for top, before in tops(root, kind):
        for path in pictures_in(top):
            files.setdefault(before + identifier(path, top), []).append(path)
    return dict(sorted(files.items()))


def paired(root: Path, images: str, masks: str, truth: str, suffix: str) -> Pairs:
    """All pictures of a folder. A suffix that every mask name has, and no mask matches without it, is found by itself."""
    names = folder_of(root, images), folder_of(root, masks), truth
    pictures, given, truths = (files_of(root, name) for name in names)
    suffix = suffix or shared_suffix(pictures, given) or shared_suffix(pictures, truths)
    if suffix:
        given = {name.removesuffix(suffix): paths for name, paths in given.items()}
        truths = {name.removesuffix(suffix): paths for name, paths in truths.items()}
    return Pairs(pictures, given, truths, names, suffix)


def shared_suffix(images: Files, masks: Files) -> str:
    """What every mask's name has behind its image's ('_segmentation'); '' where a mask matches as it is, or none is shared."""
    if not masks or any(name in images for name in masks):
        return ""
    first = next(iter(masks))
    for cut in range(len(first) - 1, 0, -1):
        rest = first[cut:]
        if first[:cut] in images and all(name.endswith(rest) and name.removesuffix(rest) in images for name in masks):
            return rest
    return ""


def pairing_problems(raw: Path, pairs: Pairs) -> list[Problem]:
    """Files that would have one id, and masks without an image; annotators' masks are not among them."""
    problems = [problem for table in (pairs.images, pairs.masks, pairs.truths) for problem in same_id(raw, table)]
    images, masks, _ = pairs.folders
    for table in (pairs.masks, pairs.truths):
        lonely = [paths[0] for name, paths in table.items() if name not in pairs.images]
        hint = ""
        if len(lonely) == len(table) and table:
            hint = "; no mask has the name of an image: where all names have the same ending, set mask_suffix"
        problems += [
            Problem("", relative(path, raw), f"it has no image: add {images}/{path.stem}.* or remove it{hint}")
            for path in lonely
        ]
    return problems


def same_id(raw: Path, table: Files) -> list[Problem]:
    return [
        Problem(
            name,
            relative(paths[1], raw),
            f"it has the same id '{name}' as {relative(paths[0], raw)}: rename one of them",
        )
        for name, paths in table.items()
        if len(paths) > 1
    ]


def unread_masks(raw: Path, root: Path, pairs: Pairs) -> list[Problem]:
    """The problem of mask folders that hold files and no picture that can be read, or of images whose only mask is such a file."""
    others = [
        (before + identifier(path, top), path)
        for top, before in tops(root, pairs.folders[1])
        for path, trouble in walk(top)
        if not trouble and path.suffix.lower() not in PICTURES
    ]
    if pairs.masks:
        return [
            Problem(
                name,
                relative(path, raw),
                f"masks of the kind {path.suffix} are not read, and its image has no other: {AS_PNG}",
            )
            for name, path in others
            if name in pairs.images and name not in pairs.masks
        ]
    if not others:
        return []
    kinds: dict[str, int] = {}
    for _, path in others:
        kinds[path.suffix.lower()] = kinds.get(path.suffix.lower(), 0) + 1
    counts = ", ".join(f"{count} {suffix or 'files without a suffix'}" for suffix, count in sorted(kinds.items()))
    reason = f"{pairs.folders[1]}/ holds {counts}, and none of them is read as a mask: {AS_PNG}"
    return [Problem("", "", reason)]


def split_of(name: str) -> str | None:
    """The split that the first folder of an id names."""
    return SPLIT_NAMES.get(name.split("/")[0].lower()) if "/" in name else None
