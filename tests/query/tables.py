"""Region tables written down by hand."""

import numpy as np

from segmend.images.region_table import RegionTable


def table(area, predicted=None, margin=None, asked=None, **columns) -> RegionTable:
    area = np.array(list(area), np.int64)
    n = len(area)
    zeros = np.zeros(n, np.int32)
    return RegionTable(
        images=("a",), image=zeros, region=np.arange(n, dtype=np.int32), area=area, means=np.full((n, 2), 0.5, np.float32),
        margin=np.array(margin if margin is not None else zeros, np.float32), shown=zeros.astype(np.uint8),
        predicted=np.array(predicted if predicted is not None else zeros, np.uint8), row=zeros, column=zeros,
        asked=np.array(asked if asked is not None else zeros, np.int32),
        columns={name: np.array(values) for name, values in columns.items()},
    )  # fmt: skip
