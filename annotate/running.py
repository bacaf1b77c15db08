"""Retrain now: start `segmend run`, stop it, and follow its lines as server-sent events."""

from collections.abc import Iterator
from json import dumps
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from annotate.answering import person
from annotate.retrain import Run

router = APIRouter(prefix="/api/run")


def run_of(request: Request) -> Run:
    return cast(Run, request.app.state.run)


@router.post("/start")
def start(request: Request) -> dict[str, Any]:
    person(request)
    return {"started": run_of(request).start(), "state": run_of(request).state}


@router.post("/stop")
def stop(request: Request) -> dict[str, Any]:
    person(request)
    run_of(request).stop()
    return {"state": run_of(request).state}


@router.get("/lines")
def lines(request: Request) -> StreamingResponse:
    """Every line of the run as an event, and a last event `end` with how it ended; a reader that comes again goes on where it was."""
    person(request)
    run, place = run_of(request), request.headers.get("last-event-id", "0")
    begin = int(place[:12]) if place.isdecimal() else 0

    def events() -> Iterator[str]:
        for offset, line in run.follow(begin):
            yield f"id: {offset}\ndata: {dumps(line)}\n\n" if line else ": alive\n\n"
        yield f"event: end\ndata: {dumps(run.state)}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
