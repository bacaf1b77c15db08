"""Pictures for the canvas. Addresses hold keys, numbers and the names of label sets; each is looked up, none is part of a path."""

from typing import cast

from fastapi import APIRouter, HTTPException, Request, Response

from annotate.answering import person, review_of
from annotate.tiles import Tiles
from annotate.workspace import Picture

router = APIRouter(prefix="/tiles")
FOR_A_DAY = {"Cache-Control": "private, max-age=86400"}


def tiles_of(request: Request) -> Tiles:
    return cast(Tiles, request.app.state.tiles)


def picture_of(request: Request, key: str) -> Picture:
    person(request)
    found = review_of(request).workspace.pictures.get(key)
    if found is None:
        raise HTTPException(404, "There is no such image.")
    return found


@router.get("/image/{key}/{level}/{column}/{row}")
def image(key: str, level: int, column: int, row: int, request: Request) -> Response:
    data = tiles_of(request).image(picture_of(request, key), level, column, row)
    return Response(data, media_type="image/png", headers=FOR_A_DAY)


@router.get("/cells/{key}/{level}/{column}/{row}")
def cells(key: str, level: int, column: int, row: int, request: Request) -> Response:
    data = tiles_of(request).cells(picture_of(request, key), level, column, row)
    return Response(data, media_type="image/png", headers=FOR_A_DAY)


@router.get("/labels/{name}/{key}/{level}/{column}/{row}")
def labels(name: str, key: str, level: int, column: int, row: int, request: Request) -> Response:
    """A label set may be made anew under its name: its time of writing is part of what is cached, here and in the browser."""
    space, picture = review_of(request).workspace, picture_of(request, key)
    if name not in space.label_sets:
        raise HTTPException(404, "There is no such label set.")
    version = str((space.labels(name) / "history.parquet").stat().st_mtime_ns)
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{version}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    data = tiles_of(request).labels(picture, name, version, level, column, row)
    return Response(data, media_type="image/png", headers=headers)
