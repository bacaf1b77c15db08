"""How much of a training goes by waiting for data: with enough readers nearly none."""

from collections.abc import Iterator
from time import perf_counter

from tasks.train.api.distributed import Alone, Several, readers
from tasks.train.engine.dataloader import Batch

HIGH, WORTH = 0.2, 5.0  # share of the time, and seconds, from which on it is worth a word


class DataStall:
    """A clock. It starts when the first batch is there: starting the readers is not a question of their number.

    On a GPU, which works on while the next batch is fetched, the share is an upper bound of the time it stands idle.
    """

    def __init__(self) -> None:
        self.waited, self.begin = 0.0, 0.0

    def next(self, batches: Iterator[Batch]) -> Batch:
        asked = perf_counter()
        batch = next(batches)
        here = perf_counter()
        if self.begin:
            self.waited += here - asked
        else:
            self.begin = here
        return batch

    def share(self) -> float:
        """Of the time since the first batch, 0..1."""
        return self.waited / (perf_counter() - self.begin) if self.begin else 0.0

    def hint(self, here: Alone | Several) -> str:
        """What to raise, where much time was lost; else nothing."""
        if self.waited < WORTH or self.share() <= HIGH:
            return ""
        return (
            f"{self.share():.0%} of the time went by waiting for data: raise SEGMEND_WORKERS ({readers(here)} now read for each "
            "process), or use fewer augmentations"
        )
