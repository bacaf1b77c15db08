"""Where labels meet: the band around their borders, and whether a component is a whole piece of its label however near it lies."""

import numpy as np
from jaxtyping import Bool, Int64

from segmend.images.rasters import LabelMap


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
    first = places[starts]
    width = labels.shape[1]
    for k in np.flatnonzero(run_lengths(labels, first) < 2 * areas).tolist():  # else the piece is larger than 2 C
        row, column = divmod(int(first[k]), width)
        reach = 2 * int(areas[k])  # a piece that reaches further has more pixels than that
        top, left = max(0, row - reach), max(0, column - reach)
        part = labels[top : row + reach + 1, left : column + reach + 1]
        _, numbered = cv2.connectedComponents(
            (part == labels[row, column]).view(np.uint8), connectivity=4, ltype=cv2.CV_32S
        )
        piece = numbered == numbered[row - top, column - left]
        rows, columns = np.divmod(places[starts[k] : starts[k] + areas[k]], width)
        inside = np.count_nonzero(piece[rows - top, columns - left])
        whole[k] = 2 * inside > max(np.count_nonzero(piece), int(areas[k]))
    return whole


def run_lengths(labels: LabelMap, places: Int64[np.ndarray, " c"]) -> Int64[np.ndarray, " c"]:
    """How many pixels of equal label lie in one line with each place, along its row and its column, itself counted once."""
    height, width = labels.shape
    rows, columns = np.divmod(places, width)
    return along_rows(labels, places) + along_rows(np.ascontiguousarray(labels.T), columns * height + rows) - 1


def along_rows(labels: LabelMap, places: Int64[np.ndarray, " c"]) -> Int64[np.ndarray, " c"]:
    """The length of the run of equal labels in a row that holds each place."""
    new = np.ones(labels.shape, bool)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=new[:, 1:])
    begins = np.append(np.flatnonzero(new), labels.size)
    after = np.searchsorted(begins, places, side="right")
    return begins[after] - begins[after - 1]
