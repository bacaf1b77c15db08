"""The pages: review, browse, one image, people, disputed questions, the run."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from annotate import people
from annotate.answering import review_of
from annotate.browse import LABELLED, image_history, listing
from annotate.running import run_of
from annotate.tiles import SIDE, levels

router = APIRouter(default_response_class=HTMLResponse)


def page(request: Request, template: str, **content: Any) -> HTMLResponse:
    """A page for a person who has a name; who has none is asked first."""
    review = review_of(request)
    who = request.scope.get("person")
    space = review.workspace
    shared = {
        "who": who,
        "fixed": request.scope.get("fixed", False),
        "here": template,
        "dataset": space.dataset.card.name,
        "notice": space.dataset.card.notice,
        "config": {
            "who": who,
            "classes": [
                {"name": name, "colour": colour} for name, colour in zip(space.classes, review.colours, strict=True)
            ],
            "side": SIDE,
        },
    }
    if who is None:
        template = "name.html.j2"
    made = request.app.state.templates.get_template(template)
    return HTMLResponse(made.render(**shared, **content), headers={"Cache-Control": "no-store"})


@router.get("/")
def index(request: Request) -> HTMLResponse:
    return page(request, "review.html.j2")


@router.get("/browse")
def browse(
    request: Request, sort: str = "", find: str = "", named: str = "", who: str = "", round: str = "", start: int = 0
) -> Any:
    content = listing(review_of(request), sort, find[:200], named[:200], who[:80], round[:20], max(0, start))
    return page(request, "browse.html.j2", **content)


@router.get("/image/{key}")
def image(request: Request, key: str) -> HTMLResponse:
    review = review_of(request)
    found = review.workspace.pictures.get(key)
    if found is None:
        raise HTTPException(404, "There is no such image.")
    sample = found.sample
    about = {"key": key, "name": sample.id, "height": sample.height, "width": sample.width, "split": sample.split}
    about |= {
        "levels": levels(sample.height, sample.width),
        "sets": review.workspace.label_sets if sample.split in LABELLED else [],
    }
    return page(request, "image.html.j2", image=about, **image_history(review, sample.id))


@router.get("/people")
def who_does_what(request: Request) -> HTMLResponse:
    return page(request, "people.html.j2", rows=people.figures(review_of(request)))


@router.get("/disputed")
def disputed(request: Request) -> HTMLResponse:
    review = review_of(request)
    return page(request, "disputed.html.j2", rows=people.disputed(review), expert=review.options.expert)


@router.get("/run")
def run(request: Request) -> HTMLResponse:
    who = request.scope.get("person")
    state, review = run_of(request).state, review_of(request)
    progress = review.progress(who) if who and review.refresh() else None
    return page(request, "run.html.j2", state=state, progress=progress)


@router.get("/favicon.ico")
def icon() -> RedirectResponse:
    return RedirectResponse("/static/icon.svg")
