"""Words for classes: several per class, and words that stand for none of them."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from jaxtyping import Float32, Int64
from pydantic import Field

Synonyms = Annotated[
    dict[str, tuple[str, ...]],
    Field(description="class -> words for it; a class that is not listed is asked by its own name"),
]
Negative = Annotated[
    tuple[str, ...], Field(description="words for look-alikes: what one of them wins stays unlabelled")
]
Background = Annotated[
    str, Field(description="class of pixels that no prompt claims, never asked for; empty: they stay unlabelled")
]


def listed(
    synonyms: dict[str, tuple[str, ...]],
    negative: Sequence[str],
    background: str,
    classes: Sequence[str],
    where: str,
) -> tuple[list[str], Int64[np.ndarray, " p"]]:
    """All prompts, and for each its column: the class's id, or len(classes) for a negative one."""
    for name in [*synonyms, *([background] if background else [])]:
        if name not in classes:
            raise ValueError(
                f"{where} names the class '{name}', which the data set does not have: allowed are {', '.join(classes)}"
            )
    texts: list[str] = []
    columns: list[int] = []
    for k, name in enumerate(classes):
        words = () if name == background else synonyms.get(name, (name.replace("_", " "),))
        texts += map(clean, words)
        columns += [k] * len(words)
    if not texts:
        raise ValueError(f"{where}: no class is left to ask for; list words for one class at least in synonyms")
    if not all([*texts, *map(clean, negative)]):
        raise ValueError(f"{where}: a prompt is empty; give each at least one word")
    columns += [len(classes)] * len(negative)
    return [*texts, *map(clean, negative)], np.array(columns, np.int64)


def clean(word: str) -> str:
    """Lower case, no full stops: they part the prompts of a caption."""
    return " ".join(word.lower().replace(".", " ").split())


def best(scores: Float32[np.ndarray, " p *rest"], columns: Int64[np.ndarray, " p"], width: int) -> np.ndarray:
    """The best score over each column's prompts, (width, ...); 0 for a column without prompts."""
    best_scores = np.zeros((width, *scores.shape[1:]), np.float32)
    np.maximum.at(best_scores, columns, scores)
    return best_scores
