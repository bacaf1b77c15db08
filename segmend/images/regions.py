"""Statistics of regions, streamed over one image at a time, and the finishing step that every superpixel method shares.

A region map is int32 (h, w) with ids 0..k-1 and NO_REGION outside the valid area; k is `count(regions)`, and pixels of
NO_REGION are ignored everywhere. Everything is a bincount over pixels: no loop over regions, cost O(pixels) per
channel. A label map is uint8 (h, w); class counts have K + 2 columns: the K classes, then unlabelled, then void.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64, Shaped, UInt8
from skimage.measure import label as connected_pieces

from segmend.images.rasters import NO_REGION, UNLABELLED, VOID, LabelMap, RegionMap


def count(regions: RegionMap) -> int:
    """How many regions the map has, k."""
    return int(regions.max(initial=NO_REGION)) + 1


def areas(regions: RegionMap) -> Int64[np.ndarray, " k"]:
    """Pixels per region."""
    return np.bincount(regions.ravel() + 1, minlength=count(regions) + 1)[1:]


def sum_by_region(
    values: Shaped[np.ndarray, "*channels h w"], regions: RegionMap
) -> Float64[np.ndarray, " k *channels"]:
    """Sum of the values over each region: (c, h, w) gives (k, c), (h, w) gives (k,)."""
    # NO_REGION falls into bin 0, which is cut off; bincount would turn other integers into intp once per channel
    ids, k = regions.ravel().astype(np.intp) + 1, count(regions)
    if values.ndim == regions.ndim:
        return np.bincount(ids, values.ravel(), k + 1)[1:].astype(np.float64, copy=False)  # of no pixels it is integer
    sums = np.zeros((k, len(values)))
    for column, channel in zip(sums.T, values, strict=True):
        column[:] = np.bincount(ids, channel.ravel(), k + 1)[1:]
    return sums


def mean_by_region(
    values: Shaped[np.ndarray, "*channels h w"], regions: RegionMap
) -> Float64[np.ndarray, " k *channels"]:
    """Mean of the values over each region (0 for an id that no pixel carries)."""
    sizes = np.maximum(areas(regions), 1)
    sums = sum_by_region(values, regions)
    return sums / (sizes if sums.ndim == 1 else sizes[:, None])


def columns_of(labels: LabelMap, classes: int) -> UInt8[np.ndarray, "h w"]:
    """The column of each pixel in a table of class counts; raises ValueError for an id that is no class, 254 or 255."""
    table = np.full(256, 255, np.uint8)
    table[:classes] = np.arange(classes)
    table[UNLABELLED], table[VOID] = classes % 256, (classes + 1) % 256
    strange = np.bincount(labels.ravel(), minlength=256)[classes:UNLABELLED]
    if strange.any():
        wrong = classes + int(strange.argmax())
        raise ValueError(
            f"a label map holds id {wrong} ({strange.max()} pixels): "
            f"0..{classes - 1}, {UNLABELLED} and {VOID} are allowed"
        )
    return table[labels]


def class_counts(labels: LabelMap, regions: RegionMap, classes: int) -> Int64[np.ndarray, "k columns"]:
    """Pixels per region and class, (k, K + 2): columns 0..K-1 the classes, K unlabelled, K + 1 void."""
    k, width = count(regions), classes + 2
    cells = (regions.ravel().astype(np.int64) + 1) * width + columns_of(labels, classes).ravel()
    return np.bincount(cells, minlength=(k + 1) * width).reshape(k + 1, width)[1:]


def sum_by_class(
    values: Shaped[np.ndarray, "h w"], labels: LabelMap, regions: RegionMap, classes: int
) -> Float64[np.ndarray, "k classes"]:
    """Sum of the values over each region's pixels of each class, (k, K); unlabelled and void pixels are left out."""
    k, width = count(regions), classes + 2
    cells = (regions.ravel().astype(np.int64) + 1) * width + columns_of(labels, classes).ravel()
    return np.bincount(cells, values.ravel(), (k + 1) * width).reshape(k + 1, width)[1:, :classes]


def majority(
    counts: Int64[np.ndarray, "k columns"],
) -> tuple[UInt8[np.ndarray, " k"], Float64[np.ndarray, " k"]]:
    """The label most pixels of a region carry, and the share that carries it.

    UNLABELLED or VOID where those are the most; of equal counts the lower column wins; an empty region is unlabelled
    with share 0.
    """
    classes = counts.shape[1] - 2
    names = np.concatenate([np.arange(classes), [UNLABELLED, VOID]]).astype(np.uint8)
    best = counts.argmax(axis=1)
    total = counts.sum(axis=1)
    share = counts[np.arange(len(counts)), best] / np.maximum(total, 1)
    return np.where(total == 0, np.uint8(UNLABELLED), names[best]), share


def borders(regions: RegionMap) -> tuple[Int32[np.ndarray, "e 2"], Int64[np.ndarray, " e"]]:
    """Pairs a < b of regions that touch (4-neighbours), sorted, and over how many pixel sides they do."""
    k, flat, width = max(count(regions), 1), regions.ravel(), regions.shape[1]
    codes = []
    for step, wraps in ((1, True), (width, False)):  # to the right, down
        places = np.flatnonzero(flat[:-step] != flat[step:])  # what follows works on the borders alone
        if wraps:
            places = places[(places + 1) % width != 0]  # the next in memory begins another row
        first, second = flat[places], flat[places + step]
        low, high = np.minimum(first, second), np.maximum(first, second)
        codes.append(low[low != NO_REGION].astype(np.int64) * k + high[low != NO_REGION])
    pairs, lengths = np.unique(np.concatenate(codes), return_counts=True)
    return np.stack([pairs // k, pairs % k], axis=1).astype(np.int32), lengths.astype(np.int64)


def neighbours(regions: RegionMap) -> Int32[np.ndarray, "e 2"]:
    """Unique pairs a < b of regions that touch (4-neighbours)."""
    return borders(regions)[0]


def boxes(regions: RegionMap) -> Int64[np.ndarray, "k 4"]:
    """Bounding boxes: rows top, left, bottom, right (the last two exclusive); zeros for an id no pixel carries."""
    k = count(regions)
    rows, columns = np.nonzero(regions != NO_REGION)
    ids = regions[rows, columns]
    rectangles = np.zeros((k, 4), np.int64)
    rectangles[:, :2] = np.iinfo(np.int64).max
    np.minimum.at(rectangles[:, 0], ids, rows)
    np.minimum.at(rectangles[:, 1], ids, columns)
    np.maximum.at(rectangles[:, 2], ids, rows + 1)
    np.maximum.at(rectangles[:, 3], ids, columns + 1)
    rectangles[rectangles[:, 2] == 0] = 0
    return rectangles


def thickness(regions: RegionMap, most: int) -> Int64[np.ndarray, " k"]:
    """The side of the largest square of pixels inside each region, in pixels, `most` at most; 0 for an id no pixel carries."""
    widest = np.minimum(areas(regions), 1)
    square = regions != NO_REGION  # the lower right corners of the squares of this side
    same_row, same_column = regions[:, 1:] == regions[:, :-1], regions[1:] == regions[:-1]
    for side in range(2, most + 1):
        larger = np.zeros(regions.shape, bool)
        larger[1:, 1:] = square[1:, 1:] & square[:-1, 1:] & square[1:, :-1] & square[:-1, :-1]
        larger[1:, 1:] &= same_row[1:] & same_column[:, 1:] & same_row[:-1]
        square = larger
        if not square.any():
            break
        widest[regions[square]] = side
    return widest


def outline(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """The pixels of a mask that have a 4-neighbour outside it (the image's border counts as outside)."""
    inside = np.pad(mask, 1)
    whole = inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    return mask & ~whole


def edges(ids: Shaped[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """The pixels whose right or lower neighbour carries another id: one-pixel-wide borders between segments."""
    edge = np.zeros(ids.shape, bool)
    edge[:, :-1] |= ids[:, :-1] != ids[:, 1:]
    edge[:-1] |= ids[:-1] != ids[1:]
    return edge


def relabel_connected(
    pieces: Shaped[np.ndarray, "h w"], valid: Bool[np.ndarray, "h w"], smallest: int = 1
) -> RegionMap:
    """A proper region map from any integer map: each region 4-connected, ids dense in reading order, valid area only.

    A piece below `smallest` pixels joins the neighbour it shares the longest border with (the lower id of equals),
    again and again until none is left but islands without neighbours. Two pieces that are large enough never join.
    """
    from scipy.sparse import coo_array  # here, as few stages make regions and these imports take 0.2 s
    from scipy.sparse.csgraph import connected_components

    regions = in_pieces(pieces, valid)
    while True:
        sizes = areas(regions)
        small = sizes < smallest
        pairs, lengths = borders(regions)
        # Each border from its small side: the small piece, the neighbour it could join, the number of shared pixel sides.
        start = np.concatenate([pairs[:, 0], pairs[:, 1]])
        goal = np.concatenate([pairs[:, 1], pairs[:, 0]])
        sides = np.concatenate([lengths, lengths])
        joins = small[start]
        if not joins.any():
            return regions
        start, goal, sides = start[joins], goal[joins], sides[joins]
        order = np.lexsort((goal, -sides, start))
        start, goal = start[order], goal[order]
        first = np.concatenate([[True], start[1:] != start[:-1]])
        start, goal = start[first], goal[first]
        # Every small piece joins one neighbour, so a component holds at most one piece that is large enough.
        graph = coo_array((np.ones(len(start), np.int8), (start, goal)), shape=(len(sizes), len(sizes)))
        _, group = connected_components(graph, directed=False)
        regions = in_pieces(np.where(valid, group[regions], 0), valid)


def in_pieces(pieces: Shaped[np.ndarray, "h w"], valid: Bool[np.ndarray, "h w"]) -> RegionMap:
    """The 4-connected pieces of equal id inside the valid area, numbered in reading order."""
    shifted = np.where(valid, pieces.astype(np.int64) - int(pieces.min(initial=0)) + 1, 0)
    return (connected_pieces(shifted, background=0, connectivity=1) - 1).astype(np.int32)
