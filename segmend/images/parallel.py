"""Map a function over images: on this machine's cores, or on the existing Dask cluster that SEGMEND_CLUSTER names.

Results come back in the order of the items, one at a time, so nothing holds all images in memory; the number of workers
never changes them.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from os import environ
from time import monotonic
from typing import TypeVar

from segmend.stage.events import progress

Item = TypeVar("Item")
Result = TypeVar("Result")

ALONE = 1.0  # seconds


def workers() -> int:
    """How many processes work on images: SEGMEND_WORKERS, or every core this process may use."""
    asked = environ.get("SEGMEND_WORKERS", "").strip()
    if asked and not (asked.isdigit() and int(asked) >= 1):
        raise ValueError(f"SEGMEND_WORKERS is '{asked}': a whole number from 1 is allowed")
    if asked:
        return int(asked)
    from joblib import cpu_count  # here: a stage that finds all results kept needs no processes

    return int(cpu_count())


def map_images(function: Callable[[Item], Result], items: list[Item], what: str = "images") -> Iterator[Result]:
    """`function(item)` for every item, in order, with a progress bar named `what`."""
    yield from progress(results(function, items), len(items), what)


def results(function: Callable[[Item], Result], items: list[Item]) -> Iterator[Result]:
    """Work alone for the first second: starting processes costs more than a small set does; then share the rest."""
    begin, address = monotonic(), environ.get("SEGMEND_CLUSTER")
    count = min(workers(), max(1, len(items)))
    done = 0
    while done < len(items) and (count == 1 or monotonic() - begin < ALONE) and not address:
        yield function(items[done])
        done += 1
    if done == len(items):
        return
    from joblib import Parallel, delayed, parallel_config

    if address:
        from dask.distributed import Client

        client: object = Client(address)  # joblib finds the newest client by itself
        backend = parallel_config(backend="dask")
    else:
        client, backend = None, nullcontext()
    with backend:
        pool = Parallel(n_jobs=-1 if client else count, return_as="generator", pre_dispatch=f"{4 * count}")
        yield from pool(delayed(function)(item) for item in items[done:])
