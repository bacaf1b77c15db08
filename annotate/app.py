"""The web application: the gate, the pages, the questions and answers, the tiles, the run."""

from json import loads
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from annotate import answering, pages, running, serving
from annotate.access import Access, Gate
from annotate.retrain import Run
from annotate.review import Review
from annotate.tiles import Tiles

HERE = Path(__file__).parent
TEXTS: dict[str, Any] = loads((HERE / "texts.json").read_text())


def make_app(review: Review, access: Access, run: Run | None = None) -> FastAPI:
    """The application for a workspace that is being answered."""
    app = FastAPI(title="segmend annotate", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.review, app.state.tiles = review, Tiles(review.workspace)
    app.state.run = run or Run(review.workspace.root)
    templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    templates.trim_blocks = templates.lstrip_blocks = True
    templates.globals["t"] = TEXTS
    app.state.templates = templates
    for part in (pages, answering, serving, running):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_middleware(Gate, access=access)

    @app.exception_handler(ValueError)
    async def refused(request: Request, trouble: ValueError) -> Response:
        if request.url.path.startswith(("/api", "/tiles")):
            return JSONResponse({"error": str(trouble)}, 400)
        return pages.page(request, "message.html.j2", message=str(trouble))

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, trouble: RequestValidationError) -> JSONResponse:
        first = trouble.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        return JSONResponse({"error": f"{where}: {first['msg']}"}, 422)

    return app
