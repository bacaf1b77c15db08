"""Run lengths of Label Studio's brush: RGBA pixels packed bit by bit (thi.ng's rle-pack), of which alpha is the mask.

Source: https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack, and label_studio_sdk/converter/brush.py, which
is not used since it comes with 22 packages (docs/dependencies.md).
"""

import numpy as np
from jaxtyping import Bool

CHANNELS = 4
HEAD = 32 + 5 + 4 * 4  # bits: number of values, bits a value, bits of the four kinds of run lengths


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
