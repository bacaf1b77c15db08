"""The image files of a folder, found by the names that annotation files give them."""

from pathlib import Path, PurePosixPath

from tasks.ingest.reading.file_kinds import PICTURES, pictures_in


class NamedImages:
    """Pictures under a folder. Names may have another folder, a leading slash, backslashes, or be addresses."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.every = pictures_in(folder)
        self.by_name: dict[str, list[Path]] = {}
        self.by_stem: dict[str, list[Path]] = {}
        for path in self.every:
            self.by_name.setdefault(path.name, []).append(path)
            self.by_stem.setdefault(path.stem.casefold(), []).append(path)

    def find(self, name: str, places: tuple[Path, ...] = ()) -> Path:
        """The file that `name` means: in one of `places`, else the one whose last folders are those of the name.

        Raises ValueError, a sentence that goes on after "it lists ...,".
        """
        wanted = PurePosixPath(str(name).replace("\\", "/").split("?")[0])
        for folder in places:
            path = folder / wanted
            if not wanted.is_absolute() and ".." not in wanted.parts and path.is_file():
                return path
        candidates = self.by_name.get(wanted.name, [])
        if not candidates:  # other capitals (.JPG), or no suffix, as CVAT names the frames of a film
            bare = wanted.suffix.lower() not in PICTURES
            alike = self.by_stem.get((wanted.name if bare else wanted.stem).casefold(), [])
            candidates = [path for path in alike if bare or path.name.casefold() == wanted.name.casefold()]
        if not candidates:
            raise ValueError("which is not there: put it into images/ or remove the entry")
        best = max(shared(path, wanted) for path in candidates)
        closest = [path for path in candidates if shared(path, wanted) == best]
        if len(closest) > 1:
            two = " and ".join(path.relative_to(self.folder).as_posix() for path in closest[:2])
            raise ValueError(f"and there are {two}: write the folder into the entry, or remove one of them")
        return closest[0]


def shared(path: Path, wanted: PurePosixPath) -> int:
    """How many of the last parts of two paths are the same."""
    count = 0
    for own, theirs in zip(reversed(path.parts), reversed(wanted.parts), strict=False):
        if own != theirs:
            break
        count += 1
    return count
