"""labelme: one JSON file an image, with polygons and other shapes; drawn as labelme's own converter draws them.

Source: https://github.com/wkentaro/labelme (labelme/utils/shape.py and labelme2voc.py of 5.x and 6.x).
Idea: <name>.json beside its image, or anywhere under the folder; imagePath names the image, relative to the JSON file. An image
that is not there is taken from imageData. Shapes: polygon, rectangle, oriented_rectangle, circle, mask, line, linestrip, point.
Drawn with Pillow, borders included; lines 10 pixels wide and points of radius 5, as labelme2voc does.
Overlaps: `order`; by default later over earlier, as labelme2voc does.
Classes: labels.txt (a name a line, as for labelme2voc), else the labels found, sorted; background first. `__ignore__` is void,
`_background_` is background. EXIF: labelme turns images before people draw, so shapes lie on the upright image.
Splits: folders named train, val, test, else as ingest.splits says.
Limits: an image without a JSON file is kept without a mask; a JSON file without shapes is all background.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from functools import partial
from io import BytesIO
from math import hypot
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image, ImageDraw
from pydantic import Field

from segmend.images.rasters import VOID
from segmend.stage.params import Method
from tasks.ingest.formats._json_parts import objects_of, read_object, size_in
from tasks.ingest.formats._named_images import NamedImages
from tasks.ingest.formats._shapes import Order, Shape, drawn, drawn_on, extent_of, pasted, split_in, with_background
from tasks.ingest.reading.class_names import read_json
from tasks.ingest.reading.image_files import read_picture
from tasks.ingest.reading.opening import UNREADABLE
from tasks.ingest.reading.source import Hints, Problem, Record, Source, class_ids, identifier, relative
from tasks.ingest.reading.text_files import read_text

IGNORED = "__ignore__"
LINE_WIDTH, POINT_RADIUS = 10, 5  # labelme's own
CORNERS = {"circle": 2, "rectangle": 2, "mask": 2, "line": 2, "point": 1, "oriented_rectangle": 4}
LEAST = {"polygon": 3, "linestrip": 2}
LARGEST = 1 << 28  # bytes of a JSON file that is looked into
LOOKED_AT = 50  # JSON files that are opened to recognise the format


class Labelme(Method):
    name: Literal["labelme"] = "labelme"
    order: Order = Field("later_over_earlier", description="which of two overlapping shapes is seen")

    @staticmethod
    def sees(raw: Path) -> str:
        example = next((path for path in sorted(raw.rglob("*.json"))[:LOOKED_AT] if is_labelme(path)), None)
        return f"it has files of labelme: {relative(example, raw)}" if example else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        files = [path for path in sorted(raw.rglob("*.json")) if is_labelme(path)]
        if not files:
            raise ValueError(f"{raw} is not laid out as labelme: JSON files with shapes and imagePath are expected")
        contents = {path: read_object(path) for path in files}
        labels_used = {
            label_of(shape) for path, content in contents.items() for shape in objects_of(content, "shapes", path)
        }
        labels = list_of(raw)
        names = tuple(hints.classes) or named(labels) or tuple(sorted(labels_used - {IGNORED, "_background_", ""}))
        classes, index, base = with_background(names, Hints(), "labelme's labels")
        index |= {IGNORED: VOID, "_background_": base}
        images, records, problems = NamedImages(raw), [], []
        by_image: dict[Path, Path] = {}
        for path, content in contents.items():
            image = image_of(path, content, images)
            if image is None and not content.get("imageData"):
                reason = f"its image {content['imagePath']} is not there, and it holds no imageData: add the image"
                problems.append(Problem("", relative(path, raw), reason))
                continue
            if image is not None and by_image.setdefault(image, path) != path:
                reason = f"{relative(by_image[image], raw)} is about the same image {relative(image, raw)}: remove one of them"
                problems.append(Problem("", relative(path, raw), reason))
                continue
            name = identifier(image or path, raw)
            shapes, wrong = shapes_of(content, index)
            problems += [Problem(name, relative(path, raw), text) for text in wrong]
            declared = size_in(content, "imageHeight", "imageWidth")
            if image is not None:
                mask = partial(drawn_on, image, shapes, declared, base, self.order, "upright")
                picture = partial(read_picture, image, hints.image_range)
            else:
                picture, mask = partial(embedded, path), partial(draw_embedded, path, shapes, base, self.order)
            file = relative(image or path, raw)
            records.append(
                Record(name, split_in(Path(name).parts[:-1]), picture, mask, file=file, mask_file=relative(path, raw))
            )
        bare = [path for path in images.every if path not in by_image]
        records += [
            Record(
                identifier(path, raw), split_in(path.relative_to(raw).parts[:-1]), partial(read_picture, path, hints.image_range),
                file=relative(path, raw),
            )
            for path in bare
        ]  # fmt: skip
        notes = [
            f"overlaps: {self.order.replace('_', ' ')}, as {'labelme2voc draws' if self.order.startswith('later') else 'set'}"
        ]
        notes.append(
            f"classes named by {'ingest.classes' if hints.classes else 'labels.txt' if named(labels) else 'the labels found'}"
        )
        return Source(
            classes, class_ids(classes, (), "labelme"), records, (), tuple(problems), tuple(notes),
            used=frozenset(relative(path, raw) for path in (*files, *([labels] if labels else []))),
        )  # fmt: skip


def is_labelme(path: Path) -> bool:
    """Whether a JSON file has shapes and an imagePath, in whatever order; an embedded image or masks may lie between them."""
    if path.stat().st_size > LARGEST:
        return False
    data = path.read_bytes()
    return b'"shapes"' in data and b'"imagePath"' in data


def list_of(raw: Path) -> Path | None:
    """The file labels.txt, wherever it lies. Raises ValueError for two that differ."""
    files = sorted(raw.rglob("labels.txt"))
    if len({read_text(path) for path in files}) > 1:
        two = " and ".join(relative(path, raw) for path in files[:2])
        raise ValueError(f"{raw}: {two} name different labels: keep one of them")
    return files[0] if files else None


def named(path: Path | None) -> tuple[str, ...]:
    """The names in labels.txt, without those that labelme reserves."""
    lines = read_text(path).split("\n") if path else []
    return tuple(line.strip() for line in lines if line.strip() and line.strip() not in (IGNORED, "_background_"))


def image_of(json: Path, content: dict[str, Any], images: NamedImages) -> Path | None:
    """The image of a JSON file: what imagePath names, or the picture with the JSON file's own name."""
    named_path = str(content.get("imagePath") or "").replace("\\", "/")
    beside = (json.parent / named_path).resolve()
    if named_path and beside.is_file() and beside.is_relative_to(images.folder.resolve()):
        return images.folder / beside.relative_to(images.folder.resolve())
    same = [path for path in images.every if path.with_suffix("") == json.with_suffix("")]
    if same:
        return same[0]
    try:
        return images.find(named_path) if named_path else None
    except ValueError:
        return None


def label_of(shape: dict[str, Any]) -> str:
    """The label of a shape; "" where it has none."""
    label = shape.get("label")
    return "" if label is None else str(label)


def shapes_of(content: dict[str, Any], index: dict[str, int]) -> tuple[tuple[Shape, ...], list[str]]:
    """The shapes of one file, and what is wrong with them."""
    shapes, wrong = [], []
    for number, shape in enumerate(content.get("shapes") or [], 1):
        label, kind, points = label_of(shape), str(shape.get("shape_type") or "polygon"), shape.get("points")
        name = f"shape {number} ({label})"
        if not label:
            wrong.append(f"shape {number} has no label: give it one, or remove it")
            continue
        try:
            corners = [(float(x), float(y)) for x, y in points]
        except (TypeError, ValueError):
            wrong.append(f"{name}: its points are no pairs of numbers: correct or remove it")
            continue
        if label not in index:
            wrong.append(
                f"{name}: labels.txt (or ingest.classes) does not have this label: add it, or correct the shape"
            )
        elif kind not in CORNERS and kind not in LEAST:
            wrong.append(f"{name}: a shape of the type '{kind}' cannot be drawn: outline it by a polygon, or remove it")
        elif len(corners) != CORNERS.get(kind, len(corners)) or len(corners) < LEAST.get(kind, 1):
            needed = CORNERS.get(kind) or f"{LEAST[kind]} or more"
            wrong.append(f"{name}: a {kind} has {needed} points, and this has {len(corners)}: correct or remove it")
        else:
            extent = extent_of([[value for corner in corners for value in corner]]) if kind == "polygon" else None
            cover = partial(cover_shape, kind, tuple(corners), shape.get("mask") if kind == "mask" else None)
            shapes.append(Shape(index[label], cover, name, extent))
    return tuple(shapes), wrong


def cover_shape(
    kind: str, points: tuple[tuple[float, float], ...], mask: str | None, height: int, width: int
) -> Bool[np.ndarray, "h w"]:
    """The pixels of a shape, as labelme.utils.shape_to_mask draws them."""
    (x, y), (right, bottom) = points[0], points[-1]
    if kind == "mask":
        bitmap = decoded(mask) > 0
        if bitmap.shape != (int(bottom) - int(y) + 1, int(right) - int(x) + 1):
            raise ValueError(
                f"its mask has {bitmap.shape[0]} x {bitmap.shape[1]} pixels, and its box another size: draw it again"
            )
        return pasted(bitmap, int(y), int(x), height, width)
    picture = Image.new("1", (width, height))
    draw = ImageDraw.Draw(picture)
    if kind in ("circle", "point"):
        radius = hypot(right - x, bottom - y) if kind == "circle" else POINT_RADIUS
        draw.ellipse(((x - radius, y - radius), (x + radius, y + radius)), outline=1, fill=1)
    elif kind == "rectangle":
        draw.rectangle(((min(x, right), min(y, bottom)), (max(x, right), max(y, bottom))), outline=1, fill=1)
    elif kind in ("line", "linestrip"):
        draw.line(list(points), fill=1, width=LINE_WIDTH)
    else:
        draw.polygon(list(points), outline=1, fill=1)
    return np.array(picture, dtype=bool)


def decoded(text: str | None) -> UInt8[np.ndarray, "r c"]:
    """A picture that JSON holds as base64, as grey values."""
    try:
        with Image.open(BytesIO(b64decode(text or ""))) as picture:
            return np.asarray(picture.convert("L"))
    except (*UNREADABLE, Base64Error):
        raise ValueError("its mask cannot be read as a picture: draw it again or remove it") from None


def embedded(json: Path) -> UInt8[np.ndarray, "h w 3"]:
    """The image that a file of labelme carries."""
    try:
        with Image.open(BytesIO(b64decode(str(read_json(json)["imageData"])))) as picture:
            return np.ascontiguousarray(np.asarray(picture.convert("RGB")))
    except (*UNREADABLE, Base64Error):
        raise ValueError("its imageData cannot be read as a picture: add the image file") from None


def draw_embedded(json: Path, shapes: tuple[Shape, ...], base: int, order: Order) -> np.ndarray:
    height, width = embedded(json).shape[:2]
    return drawn(shapes, height, width, base, order)
