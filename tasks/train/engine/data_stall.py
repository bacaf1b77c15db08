"""Share of the training time that is spent waiting for data: with enough loading processes nearly none."""

from collections.abc import Iterator
from time import perf_counter

from tasks.train.api.distributed import loader_workers
from tasks.train.engine.dataloader import Batch

HIGH, WORTH = 0.2, 5.0  # share of the time, and seconds, above which a hint is given


class DataStall:
    """A clock. It starts with the first batch: the start of the loading processes does not depend on their number.

    On a GPU, which computes while the next batch is fetched, the share is an upper bound of its idle time.
    """

    def __init__(self) -> None:
        self.waited, self.begin = 0.0, 0.0

    def next(self, batches: Iterator[Batch]) -> Batch:
        requested = perf_counter()
        batch = next(batches)
        arrived = perf_counter()
        if self.begin:
            self.waited += arrived - requested
        else:
            self.begin = arrived
        return batch

    def share(self) -> float:
        """Of the time since the first batch, 0..1."""
        return self.waited / (perf_counter() - self.begin) if self.begin else 0.0

    def hint(self) -> str:
        """What to raise, where much time was lost; else nothing."""
        if self.waited < WORTH or self.share() <= HIGH:
            return ""
        return (
            f"{self.share():.0%} of the time was spent waiting for data: raise SEGMEND_WORKERS ({loader_workers()} now load data "
            "for each process), or use fewer augmentations"
        )
