"""What a caller in the same process hands to the flow and gets back, beside the parameters that Prefect stores and shows.

A module of its own: Prefect pickles the flow of a scheduled run with all it refers to, and these cannot be pickled.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

from flows.engine.fork_server import ForkServer
from flows.engine.runner import Listener, Outcome
from flows.tracking.tracker import Tracker


@dataclass
class Result:
    """`outcomes` by stage and the `link` of the MLflow run come back; a `tracker` that has begun to connect and a `server` that has begun
    to load are handed in."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    link: str = ""
    tracker: Tracker | None = None
    server: ForkServer | None = None


listeners: ContextVar[Sequence[Listener]] = ContextVar("listeners", default=())
result: ContextVar[Result | None] = ContextVar("result", default=None)
