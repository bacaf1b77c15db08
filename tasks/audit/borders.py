"""Where labels meet: the band around their borders, and whether a component is a whole piece of its label however near it lies."""

import numpy as np
from jaxtyping import Bool, Int64

from segmend.images.rasters import LabelMap

REACH = 12  # pixels to each side of a place within which a run of equal labels is looked for


def edges(labels: LabelMap) -> Bool[np.ndarray, "h w"]:
    """Pixels with another label beside them."""
    edge = np.zeros(labels.shape, bool)
    down, right = labels[:-1] != labels[1:], labels[:, :-1] != labels[:, 1:]
    edge[:-1] |= down
    edge[1:] |= down
    edge[:, :-1] |= right
    edge[:, 1:] |= right
    return edge


def border_band(labels: LabelMap, band: int) -> Bool[np.ndarray, "h w"]:
    """Pixels within `band` pixels of a border between labels; band 1 are the pixels that touch it, 0 is none."""
    if band < 1:
        return np.zeros(labels.shape, bool)
    import cv2

    square = np.ones((2 * band - 1, 2 * band - 1), np.uint8)
    return cv2.dilate(edges(labels).view(np.uint8), square).view(bool)


def whole_pieces(
    labels: LabelMap, places: Int64[np.ndarray, " n"], starts: Int64[np.ndarray, " c"], areas: Int64[np.ndarray, " c"]
) -> Bool[np.ndarray, " c"]:
    """Whether each component holds most of the piece of equal label in which its first pixel lies, and lies mostly in it.

    A piece is 4-connected. Most components lie at the edge of a large piece: only small ones are looked at, in a window around.
    """
    import cv2

    whole = np.zeros(len(starts), bool)
    rows, columns = np.divmod(places, labels.shape[1])
    for k in np.flatnonzero(
        run_lengths(labels, places[starts]) < 2 * areas
    ).tolist():  # else the piece is larger than 2 C
        start, area = int(starts[k]), int(areas[k])
        row, column = int(rows[start]), int(columns[start])
        top, left = (
            max(0, row - 2 * area),
            max(0, column - 2 * area),
        )  # a piece that reaches further has more than 2 C pixels
        part = labels[top : row + 2 * area + 1, left : column + 2 * area + 1].copy()
        piece = np.zeros(
            (part.shape[0] + 2, part.shape[1] + 2), np.uint8
        )  # with a margin of one pixel, as OpenCV wants it
        size = cv2.floodFill(part, piece, (column - left, row - top), 0, flags=4 | cv2.FLOODFILL_MASK_ONLY)[0]
        if size < 2 * area:
            inside = piece[rows[start : start + area] - top + 1, columns[start : start + area] - left + 1]
            whole[k] = 2 * np.count_nonzero(inside) > max(size, area)
    return whole


def run_lengths(labels: LabelMap, places: Int64[np.ndarray, " c"]) -> Int64[np.ndarray, " c"]:
    """How many pixels of equal label lie in one line with each place, along its row and its column, up to REACH to each side;
    itself counted once."""
    height, width = labels.shape
    rows, columns = np.divmod(places, width)
    steps, flat = np.arange(1, REACH + 1), labels.ravel()
    own, length = flat[places][:, None], np.ones(len(places), np.int64)
    for sign in (-1, 1):
        for line, size, stride in ((columns, width, 1), (rows, height, width)):
            along = line[:, None] + sign * steps
            inside = (along >= 0) & (along < size)
            same = inside & (flat[np.where(inside, places[:, None] + sign * stride * steps, 0)] == own)
            length += np.logical_and.accumulate(same, axis=1).sum(1)
    return length
