"""Label maps and region maps as arrays and as files; the two ids that are not classes.

A label map is uint8 (h, w): class ids 0..K-1, VOID and UNLABELLED. A region map is int32 (h, w): 0..k-1, and NO_REGION
outside the valid area. Class ids are names: they are never averaged, interpolated or rounded.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo
from zlib import DEFLATED, compressobj, crc32

import numpy as np
from jaxtyping import Bool, Int32, UInt8
from PIL import Image

VOID = 255  # never trained, never scored, never pseudo-labelled
UNLABELLED = 254  # not labelled yet: may be filled
NO_REGION = -1  # outside the valid area of a region map
MAX_CLASSES = 254

LabelMap = UInt8[np.ndarray, "h w"]
RegionMap = Int32[np.ndarray, "h w"]


def is_class(labels: UInt8[np.ndarray, "*shape"]) -> Bool[np.ndarray, "*shape"]:
    """True where a label is a class, False where it is void or unlabelled."""
    return labels < UNLABELLED


def palette(colours: list[list[int]]) -> list[int]:
    """The 768 numbers of a PNG palette: the classes' colours, grey for unlabelled, near-white for void."""
    table = np.zeros((256, 3), np.uint8)
    table[: len(colours)] = colours
    table[UNLABELLED], table[VOID] = (128, 128, 128), (224, 224, 192)
    return table.ravel().tolist()


def default_colours(count: int) -> list[list[int]]:
    """Colours as PASCAL VOC numbers them: bit k of the id sets high bits of red, green, blue in turn."""
    ids = np.arange(count)
    colours = np.zeros((count, 3), np.int64)
    for bit in range(8):
        for channel in range(3):
            colours[:, channel] |= ((ids >> (3 * bit + channel)) & 1) << (7 - bit)
    return colours.tolist()


def write_labels(path: Path, labels: LabelMap, colours: list[list[int]]) -> None:
    """Write a label map as a palette PNG; equal maps give equal bytes."""
    picture = Image.fromarray(labels)
    picture.putpalette(palette(colours))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, format="PNG", compress_level=6)


def read_labels(path: Path) -> LabelMap:
    """Read a label map written by `write_labels`."""
    with Image.open(path) as picture:
        if picture.mode not in ("P", "L"):
            raise ValueError(f"{path} is not a label map: its mode is {picture.mode}, an index PNG is expected")
        return np.array(picture, dtype=np.uint8)


def write_grey(path: Path, values: UInt8[np.ndarray, "h w"]) -> None:
    """Write a map of 0..255 as a grey PNG; `read_labels` reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path, format="PNG", compress_level=6)


def read_image(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """Read an image of our dataset: 8-bit RGB."""
    with Image.open(path) as picture:
        return np.array(picture.convert("RGB"))


def shard_of(identifier: str, shards: int) -> int:
    """The shard that holds an image: by hash of its id, so that a new image touches one shard only."""
    return int.from_bytes(sha256(identifier.encode()).digest()[:4], "big") % shards


def shard_count(images: int) -> int:
    """How many shards a set of this size has: a power of two, about 32 images in each."""
    return 1 << max(0, (images // 32).bit_length())


class Packed(NamedTuple):
    """A map as a member of a shard: deflated, with the checksum (CRC-32) and the size of what was deflated."""

    data: bytes
    checksum: int
    size: int


def pack(array: np.ndarray) -> Packed:
    buffer = BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    content = buffer.getvalue()
    packer = compressobj(4, DEFLATED, -15)
    return Packed(packer.compress(content) + packer.flush(), crc32(content), len(content))


def add_packed(shard: ZipFile, name: str, packed: Packed) -> None:
    """Add a member that is deflated already, as `ZipFile.writestr` would."""
    member = ZipInfo(name)  # its date stays 1980: no time stamps in outputs
    member.compress_type, member.external_attr = ZIP_DEFLATED, 0o600 << 16
    member.CRC, member.compress_size, member.file_size = packed.checksum, len(packed.data), packed.size
    file = shard.fp
    assert file is not None
    member.header_offset = file.tell()
    file.write(member.FileHeader(zip64=False) + packed.data)
    shard.filelist.append(member)
    shard.NameToInfo[member.filename] = member
    shard.start_dir, shard._didModify = file.tell(), True  # type: ignore[attr-defined]  # the list of members follows here


def write_maps(folder: Path, maps: Iterable[tuple[str, np.ndarray | Packed]], images: int) -> None:
    """Write integer maps (region maps) by image id into packed shards, streaming; equal input gives equal bytes.

    A shard is a zip archive of .npy members, so `numpy.load` opens it like any .npz.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = shard_count(images)
    width = len(str(count - 1))
    shards = [ZipFile(folder / f"{k:0{width}d}.npz", "w", ZIP_DEFLATED, compresslevel=4) for k in range(count)]
    for identifier, content in maps:
        packed = content if isinstance(content, Packed) else pack(content)
        add_packed(shards[shard_of(identifier, count)], f"{identifier}.npy", packed)
    for shard in shards:
        shard.close()


LOCAL_HEADER = 30  # bytes before a member's name; ours have no extra field


class Maps:
    """Read access by image id to what `write_maps` wrote."""

    def __init__(self, folder: Path):
        self.shards = sorted(folder.glob("*.npz"))
        if not self.shards:
            raise ValueError(f"{folder} holds no packed maps (*.npz): run the stage that makes them")

    def __getitem__(self, identifier: str) -> np.ndarray:
        with np.load(self.shards[shard_of(identifier, len(self.shards))]) as shard:
            return shard[identifier]

    def digests(self) -> dict[str, str]:
        """By image id a digest of its map as it is packed; nothing is unpacked."""
        found = {}
        for path in self.shards:
            content = path.read_bytes()
            with ZipFile(BytesIO(content)) as shard:
                for member in shard.infolist():
                    begin = member.header_offset + LOCAL_HEADER + len(member.filename.encode())
                    packed = content[begin : begin + member.compress_size]
                    found[member.filename.removesuffix(".npy")] = sha256(packed).hexdigest()[:32]
        return found

    def __iter__(self) -> Iterator[str]:
        for path in self.shards:
            with ZipFile(path) as shard:
                yield from (name.removesuffix(".npy") for name in shard.namelist())
