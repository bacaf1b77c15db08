"""A query about a mask, for tests."""

import numpy as np

from segmend.answers.answers import Query, encode


def question(mask: np.ndarray, **changes) -> Query:
    row, column = (int(v[0]) for v in np.nonzero(mask))
    known = {
        "query": "r1-00001", "image": "a/0", "region": 3, "rank": 0, "kind": "correction", "shown": "ground",
        "predicted": "leaf", "footprint": encode(mask), "area": int(mask.sum()), "row": row, "column": column, "utility": 1.5,
    }  # fmt: skip
    return Query(**known | changes)
