"""Run lengths of Label Studio's brush: RGBA pixels packed bit by bit (thi.ng's rle-pack), of which alpha is the mask.

Source: https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack, and label_studio_sdk/converter/brush.py, which
is not used since it comes with 22 packages (docs/dependencies.md).
"""

import numpy as np
from jaxtyping import Bool

CHANNELS = 4
HEAD = 32 + 5 + 4 * 4  # bits: number of values, bits a value, bits of the four kinds of run lengths
WORD = 8  # bits a value
SIZES = (3, 4, 8, 16)  # bits of the run lengths, as the converter chooses them


def packed_brush(mask: Bool[np.ndarray, "h w"]) -> list[int]:
    """The bytes of a mask as a brush stroke: white and opaque where it is true. `cover_brush` gives it back."""
    flat = mask.ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1, [flat.size]])
    values = [f"{255 if flat[start] else 0:0{WORD}b}" for start in starts[:-1]]
    bits = [f"{CHANNELS * flat.size:032b}{WORD - 1:05b}", *(f"{size - 1:04b}" for size in SIZES)]
    for length, value in zip((CHANNELS * np.diff(starts)).tolist(), values, strict=True):
        while length:
            part = min(length, 1 << SIZES[-1])
            kind = next(k for k, size in enumerate(SIZES) if part <= 1 << size)
            bits.append(f"1{kind:02b}{part - 1:0{SIZES[kind]}b}{value}")
            length -= part
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, "big"))


def cover_brush(data: bytes, rows: int, columns: int, height: int, width: int) -> Bool[np.ndarray, "h w"]:
    """The pixels of a brush stroke that was drawn on rows x columns pixels."""
    if (rows, columns) != (height, width):
        raise ValueError(
            f"it was brushed on {rows} x {columns} pixels, and the image is {height} x {width}: brush it again"
        )
    values = unpacked_values(data, CHANNELS * height * width)
    return values.reshape(height, width, CHANNELS)[..., 3] > 0


def unpacked_values(data: bytes, expected: int) -> np.ndarray:
    """uint8 (expected,). Raises ValueError for data that are cut off or hold another number of values."""
    bits = f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}" if data else ""
    if len(bits) < HEAD:
        raise ValueError("its run lengths are cut off: export it again")
    count, word = int(bits[:32], 2), int(bits[32:37], 2) + 1
    sizes = [int(bits[start : start + 4], 2) + 1 for start in range(37, HEAD, 4)]
    if count != expected:
        raise ValueError(f"its run lengths hold {count} values, not {expected} (4 a pixel): export it again")
    values = np.zeros(count, np.uint8)
    at, done = HEAD, 0
    try:
        while done < count:
            repeated, kind = bits[at] == "1", int(bits[at + 1 : at + 3], 2)
            length = int(bits[at + 3 : at + 3 + sizes[kind]], 2) + 1
            at += 3 + sizes[kind]
            number = 1 if repeated else length
            if at + number * word > len(bits):
                raise ValueError
            words = [int(bits[at + k * word : at + (k + 1) * word], 2) for k in range(number)]
            values[done : done + length] = np.array(words)[: count - done] if not repeated else words[0]
            at, done = at + number * word, done + length
    except (IndexError, ValueError):
        raise ValueError("its run lengths are cut off: export it again") from None
    return values
