"""Schedules: the flow run every night on this machine, or by workers from prefect.yaml.

One run per workspace: the limit holds the next one back, and the workspace's own lock would too. A time that was missed while
nothing served it is made up for by one run when serving begins, however many times were missed.
"""

import asyncio
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from flows.environment import UserError, without_secrets
from flows.orchestration import prefect_server

HEARTBEAT = "Segmend: close runs whose process is gone"
RETRY = 10.0  # seconds between two looks for a server that is away
SIGNS_OF_LIFE = (
    "heartbeat",
    "Completed",
    "Cached",
    "Waiting",
    "Drifted",
    "Skipped",
    "Failed",
    "Cancelled",
    "Crashed",
)  # our own names too


def serve(root: Path, cron: str, parameters: dict[str, Any], catch_up: bool = True) -> None:
    """Serve the flow until stopped, at the times of `cron`. Starts a server with a dashboard if none is up."""
    wait_for_server()
    with prefect_server.at_hand(root, prefect_server.free_port(4200), quiet=False) as api:
        from prefect.client.schemas.schedules import CronSchedule

        from flows.orchestration import schedule_record
        from flows.orchestration.retrain import retrain

        try:
            CronSchedule(cron=cron)
        except ValueError as error:
            raise UserError(
                f"'{cron}' is no cron line; it has five fields, as '0 2 * * *' (every night at two)."
            ) from error

        install_heartbeat()
        print(
            f"Serving the flow on schedule '{cron}'; dashboard: {api.removesuffix('/api')}  (stop with Ctrl-C)",
            flush=True,
        )
        if catch_up and (missed := schedule_record.missed(root, cron)):
            print(f"The run of {missed:%Y-%m-%d %H:%M} was missed; it is made up for now.", flush=True)
            retrain(**parameters, root=str(root), return_state=True)
        retrain.serve(
            name=root.name,
            cron=cron,
            limit=1,
            global_limit=1,
            parameters={**parameters, "root": str(root)},
            pause_on_shutdown=True,
            print_starting_message=False,
        )


def wait_for_server() -> None:
    """A schedule outlives a server that is away for a while: wait until the one that is named answers."""
    api, waiting = os.environ.get("PREFECT_API_URL"), False
    while api and not prefect_server.answers(api):
        if not waiting:
            print(
                f"No Prefect server answers at {without_secrets(api)} (PREFECT_API_URL); trying every {RETRY} s.",
                flush=True,
            )
        waiting = True
        time.sleep(RETRY)


def install_heartbeat() -> None:
    """Once per server: a run that has not said for 90 s that it lives is marked Crashed. Killed runs stay Running else."""
    from prefect.automations import Automation
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import EventTrigger, Posture
    from prefect.events.schemas.events import ResourceSpecification

    async def install() -> None:
        try:
            await Automation.aread(name=HEARTBEAT)
        except ValueError:  # not known on this server
            await Automation(
                name=HEARTBEAT,
                trigger=EventTrigger(
                    after={"prefect.flow-run.heartbeat"},
                    expect={f"prefect.flow-run.{what}" for what in SIGNS_OF_LIFE},
                    match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
                    for_each={"prefect.resource.id"},
                    posture=Posture.Proactive,
                    threshold=1,
                    within=timedelta(seconds=90),
                ),
                actions=[
                    ChangeFlowRunState(
                        name="Crashed",
                        state=StateType.CRASHED,
                        force=False,
                        message="Its process is gone: no heartbeat for 90 s.",
                    )
                ],
            ).acreate()

    asyncio.run(install())
