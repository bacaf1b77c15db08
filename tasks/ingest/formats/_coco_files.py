"""COCO's JSON files: which there are, and their images, categories and annotations, checked entry by entry."""

from pathlib import Path
from re import IGNORECASE, search
from typing import Any, NamedTuple

from tasks.ingest.formats._named_images import NamedImages
from tasks.ingest.reading.class_names import read_json
from tasks.ingest.reading.source import SPLIT_NAMES, Problem, relative

OTHER_KINDS = ("captions", "person_keypoints", "panoptic", "image_info")
OWN_FILES = ("source.json", "classes.json", "palette.json")
PATTERNS = ("annotations/*.json", "*.json")  # at the top, and in the folders of splits


class CocoImage(NamedTuple):
    """An image entry and the annotations of all files about it."""

    split: str | None
    size: tuple[int, int] | None  # (height, width); None where the entry does not give it
    annotations: list[dict[str, Any]]


def listed(raw: Path) -> tuple[list[Path], list[Path]]:
    """The annotation files that are read, and those of other kinds."""
    tops = [raw, *(path for path in raw.iterdir() if path.is_dir() and path.name.lower() in SPLIT_NAMES)]
    named = {path for top in tops for pattern in PATTERNS for path in top.glob(pattern) if path.name not in OWN_FILES}
    other = sorted(path for path in named if path.name.startswith(OTHER_KINDS))
    sure = {path for path in named if path.name.startswith(("instances", "stuff")) or path.name.endswith(".coco.json")}
    return sorted(sure | {path for path in named - sure - set(other) if is_coco(path)}), other


def is_coco(path: Path) -> bool:
    """Whether two of COCO's three lists are in the file's beginning and end; large files are not read whole for it."""
    with path.open("rb") as file:
        text = file.read(1 << 20)
        file.seek(0, 2)
        file.seek(max(0, file.tell() - (1 << 16)))
        text += file.read()
    lists = sum(key in text for key in (b'"images"', b'"annotations"', b'"categories"'))
    return text.lstrip(b"\xef\xbb\xbf \n\r\t").startswith(b"{") and lists >= 2


def content_of(path: Path) -> dict[str, Any]:
    content = read_json(path)
    keys = ("images", "annotations", "categories")
    lacking = [key for key in keys if not isinstance(content, dict) or not isinstance(content.get(key), list)]
    if lacking:
        raise ValueError(
            f"{path} is not a COCO file: it needs the lists images, annotations and categories; no {lacking[0]}"
        )
    return content


def key_of(value: object) -> str:
    """Ids as text: some tools write 7 in one place and "7" in another."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def number_first(key: str) -> tuple[bool, int, str]:
    """Sort key of ids: numbers by size, then words."""
    return (False, int(key), "") if key.lstrip("-").isdigit() else (True, 0, key)


def all_categories(contents: dict[Path, dict[str, Any]]) -> tuple[dict[str, str], list[str]]:
    """id -> name over all files, in the order of the ids, and the names of parent classes that nothing uses.

    Roboflow puts a class in front that has no annotations and is the parent (supercategory) of all others: left out.
    Raises ValueError for one id with two names, and for an entry without an id or a name.
    """
    names: dict[str, str] = {}
    parents: dict[str, str] = {}
    used: set[str] = set()
    for path, content in contents.items():
        for number, entry in enumerate(content["categories"], 1):
            if not isinstance(entry, dict) or "id" not in entry or not str(entry.get("name", "")).strip():
                raise ValueError(f"{path}: category {number} of the list has no id or no name: give it both")
            key, name = key_of(entry["id"]), str(entry["name"]).strip()
            if names.setdefault(key, name) != name:
                raise ValueError(
                    f"{path}: the category {key} is '{name}' here and '{names[key]}' in another file: number the categories "
                    "alike in all files"
                )
            parents[key] = str(entry.get("supercategory") or "none")
        used |= {key_of(entry.get("category_id")) for entry in content["annotations"] if isinstance(entry, dict)}
    unused = {
        key
        for key, name in names.items()
        if key not in used and parents[key] == "none" and any(parents[k] == name for k in names if k != key)
    }
    kept = {key: names[key] for key in sorted(names.keys() - unused, key=number_first)}
    return kept, [names[key] for key in sorted(unused, key=number_first)]


def gathered(raw: Path, contents: dict[Path, dict[str, Any]]) -> tuple[dict[Path, CocoImage], list[Problem]]:
    """image file -> its split, size and annotations over all files; entries that fit nothing as problems."""
    images: dict[Path, CocoImage] = {}
    problems: list[Problem] = []
    files = NamedImages(raw)
    for json, content in contents.items():
        split, places = split_of(raw, json), folders_of(raw, json)
        by_key: dict[str, list[dict[str, Any]]] = {}
        missing: set[str] = set()
        for number, entry in enumerate(content["images"], 1):
            if not isinstance(entry, dict) or "id" not in entry or not entry.get("file_name"):
                problems.append(
                    Problem("", relative(json, raw), f"image {number} of the list has no id or no file_name")
                )
                continue
            key = key_of(entry["id"])
            try:
                path = files.find(str(entry["file_name"]), places)
            except ValueError as trouble:
                problems.append(Problem("", relative(json, raw), f"it lists {entry['file_name']}, {trouble}"))
                missing.add(key)
                continue
            if key in by_key:
                problems.append(
                    Problem("", relative(json, raw), f"two images have the id {key}: export the file again")
                )
            image = images.setdefault(path, CocoImage(split, size_of(entry), []))
            by_key[key] = image.annotations
        for number, entry in enumerate(content["annotations"], 1):
            key = key_of(entry.get("image_id")) if isinstance(entry, dict) else ""
            if key in by_key:
                by_key[key].append(entry)
            elif key not in missing:
                name = f"annotation {entry.get('id', number)}" if isinstance(entry, dict) else f"entry {number}"
                reason = f"{name} is about the image {key}, which the file does not list: correct or remove it"
                problems.append(Problem("", relative(json, raw), reason))
    return dict(sorted(images.items())), problems


def size_of(entry: dict[str, Any]) -> tuple[int, int] | None:
    height, width = entry.get("height"), entry.get("width")
    return (
        (int(height), int(width)) if isinstance(height, int) and isinstance(width, int) and height and width else None
    )


def split_of(raw: Path, json: Path) -> str | None:
    """The split in a file's name or that of a folder of it: instances_train2017.json, valid/_annotations.coco.json."""
    for name in (json.stem, *reversed(json.relative_to(raw).parts[:-1])):
        word = search(r"(?<![a-z])(train(?:ing)?|valid(?:ation)?|val|test(?:ing)?)(?![a-z])", name, IGNORECASE)
        if word:
            return SPLIT_NAMES[word.group().lower()]
    return None


def folders_of(raw: Path, json: Path) -> tuple[Path, ...]:
    """Where the images of an annotation file may be: train2017 for instances_train2017.json, and the usual places."""
    root = json.parent.parent if json.parent.name == "annotations" else json.parent
    last = json.stem.split("_")[-1]
    plain = last.rstrip("0123456789")
    names = (last, f"images/{last}", "images", f"images/{plain}", plain, "data", "")
    return (*(root / name for name in names), raw)
