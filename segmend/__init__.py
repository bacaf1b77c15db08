"""Segmend as a library: what a workspace made, as numpy arrays.

    from segmend import Dataset, confusion, load_labels, load_network, predict

docs/library.md shows each name in use. A name is loaded when it is first used: `import segmend` costs nothing, and reading labels
does not load torch.
"""

from importlib import import_module
from typing import Any

PUBLIC = {
    "Dataset": "segmend.images.dataset",
    "UNLABELLED": "segmend.images.rasters",
    "VOID": "segmend.images.rasters",
    "confusion": "segmend.library",
    "load_labels": "segmend.library",
    "load_network": "segmend.library",
    "load_regions": "segmend.library",
    "predict": "segmend.library",
    "probabilities": "segmend.library",
}
__all__ = sorted(PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"segmend has no {name}; it has {', '.join(__all__)}")
    return getattr(import_module(PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
