"""Label Studio's JSON exports: tasks, their images and annotations, in the full form and the short one (JSON-MIN)."""

from pathlib import Path
from re import match, search, sub
from typing import Any, NamedTuple
from urllib.parse import unquote

from segmend.images.dataset import GOLD
from tasks.ingest.formats._json_parts import objects_of
from tasks.ingest.formats._named_images import NamedImages
from tasks.ingest.reading.class_names import read_json

KINDS = ("brushlabels", "polygonlabels", "rectanglelabels", "ellipselabels", "labels", "keypointlabels")
PICTURE = r".*\.(png|jpe?g|tiff?|bmp|gif|webp)$"


class Task(NamedTuple):
    """An image to be labelled, and what people made of it: annotator -> their results."""

    id: str
    image: str  # as the export names it
    annotations: dict[str, list[dict[str, Any]]]
    cancelled: int = 0
    doubled: str = ""  # an annotator with two annotations


def is_export(path: Path) -> bool:
    """Whether a JSON file begins like a list of tasks. A brush stroke may fill all that is looked at."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    full = any(key in head for key in (b'"annotations"', b'"completions"')) and any(
        key in head for key in (b'"data"', b'"result"', b'"completed_by"')
    )
    short = any(f'"{kind}"'.encode() in head for kind in KINDS) or search(rb'"format":\s*"rle"', head) is not None
    return head.lstrip(b"\xef\xbb\xbf \n\r\t").startswith(b"[") and (full or short)


def tasks_of(path: Path) -> list[Task]:
    content = read_json(path)
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        raise ValueError(f"{path} is no export of Label Studio: a list of tasks is expected (JSON or JSON-MIN)")
    return [full_task(entry, path) if isinstance(entry.get("data"), dict) else short_task(entry) for entry in content]


def full_task(entry: dict[str, Any], path: Path) -> Task:
    by_annotator: dict[str, list[dict[str, Any]]] = {}
    cancelled, doubled = 0, ""
    for annotation in objects_of(entry, "annotations", path) or objects_of(entry, "completions", path):
        if annotation.get("was_cancelled"):
            cancelled += 1
            continue
        who = GOLD if annotation.get("ground_truth") else annotator(annotation.get("completed_by"))
        doubled = who if who in by_annotator else doubled
        by_annotator[who] = objects_of(annotation, "result", path)
    return Task(str(entry.get("id")), image_name(entry["data"]), by_annotator, cancelled, doubled)


def short_task(entry: dict[str, Any]) -> Task:
    """JSON-MIN: one annotation, its results by the name of their control."""
    results = []
    for value in entry.values():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            sides = ("original_width", "original_height")
            results += [{"value": item, **{side: item.get(side) for side in sides}} for item in value]
    strings = {key: value for key, value in entry.items() if isinstance(value, str)}
    given = "annotation_id" in entry or bool(results)
    return Task(
        str(entry.get("id")), image_name(strings), {annotator(entry.get("annotator")): results} if given else {}
    )


def annotator(who: object) -> str:
    """A folder name for a person: an e-mail address, or user<number>."""
    if isinstance(who, dict):
        who = who.get("email") or who.get("id")
    return sub(r"[^\w.@+-]", "_", str(who)) if isinstance(who, str) and not who.isdigit() else f"user{who}"


def image_name(data: dict[str, Any]) -> str:
    """What names the image among a task's data: `image`, or the first text that ends like a picture file."""
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    pictures = [value for value in texts.values() if match(PICTURE, unquote(value).split("&")[0].lower())]
    return texts.get("image") or (pictures[0] if pictures else "")


def find_image(images: NamedImages, name: str) -> Path:
    """The file of a task: its name as exported, or as it was before it was uploaded (eight signs in front are taken off)."""
    plain = unquote(name).split("?d=")[-1].split("&")[0]
    try:
        return images.find(plain)
    except ValueError:
        folder, _, last = plain.rpartition("/")
        bare = sub(r"^[0-9a-f]{8}-", "", last)
        if bare == last:
            raise
        return images.find(f"{folder}/{bare}")
