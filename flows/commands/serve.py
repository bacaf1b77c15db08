"""`segmend serve`."""

import signal
from typing import Annotated

import typer

from flows.commands.entry import interrupt, workspace
from flows.commands.options import DEVICE, OFFLINE, PRECISION, TARGET, WORKERS
from flows.environment import UserError


def serve(
    cron: Annotated[str, typer.Option(help='When, as in "0 2 * * *": every night at two.')],
    target: TARGET = None,
    device: DEVICE = "auto",
    precision: PRECISION = "auto",
    workers: WORKERS = None,
    offline: OFFLINE = False,
    update: Annotated[
        bool, typer.Option("--update", help="Before each run: dvc update, for raw data that dvc import brought.")
    ] = False,
    settle: Annotated[
        float, typer.Option(min=0, help="Skip a run where a raw file changed less than so many seconds ago.")
    ] = 60,
    promote: Annotated[bool, typer.Option("--promote", help="After each run: promote what is better.")] = False,
    catch_up: Annotated[bool, typer.Option(help="Make up at once for a time that was missed.")] = True,
) -> None:
    """Run the flow on a schedule until stopped. One run at a time; the next one waits. A missed time is made up for once.

    With nothing new a run says so and ends. To watch a folder: --cron "*/5 * * * *".
    """
    from flows.commands.schedule import serve as serve_flow
    from flows.engine import raw_data

    signal.signal(signal.SIGTERM, interrupt)
    root = workspace()
    if update and raw_data.imported(root) is None:
        raise UserError("--update is for raw data that `dvc import` or `dvc import-url` brought to data/raw.")
    parameters = {"target": target, "device": device, "precision": precision, "workers": workers, "offline": offline}
    serve_flow(root, cron, parameters | {"promote": promote, "update": update, "settle": settle}, catch_up)
