"""Requests of the page: a name, more questions, an answer, undo, a repainted image, revert."""

from typing import Any, cast
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request, Response

from annotate.access import NAME
from annotate.bodies import Answering, Leaving, Naming, Painting, Reverting, Taking, Undoing
from annotate.review import Review

router = APIRouter(prefix="/api")


def review_of(request: Request) -> Review:
    return cast(Review, request.app.state.review)


def person(request: Request) -> str:
    """Who asks; 401 for somebody who has not said."""
    who = request.scope.get("person")
    if who is None:
        raise HTTPException(401, "Say who you are first.")
    return str(who)


@router.post("/name")
def name(body: Naming, request: Request, response: Response) -> dict[str, Any]:
    """Who is at this browser, asked once."""
    if request.scope.get("fixed"):
        raise HTTPException(403, "This link belongs to a person already.")
    response.set_cookie(NAME, quote(body.name.strip()), max_age=365 * 86_400, httponly=True, samesite="strict")
    return {"name": body.name.strip()}


@router.post("/questions")
def questions(body: Taking, request: Request) -> dict[str, Any]:
    """The next questions for a window, and how far the round is."""
    review, who = review_of(request), person(request)
    now = review.assignment
    taken = now.take(body.window, who, body.count, body.held)
    return {
        "questions": [now.questions.told(q) | {"again": now.asked_again(q.query, who)} for q in taken],
        "gone": [
            name for name in body.held if not (now.may_answer(name, body.window, who) or now.asked_again(name, who))
        ],
        "progress": review.progress(who),
    }


@router.post("/answer")
def answer(body: Answering, request: Request) -> dict[str, Any]:
    review, who = review_of(request), person(request)
    if body.expert and review.options.expert not in (None, who):
        raise HTTPException(403, f"Disputed questions are settled by {review.options.expert}.")
    return review.answer(body, who) | {"progress": review.progress(who)}


@router.post("/undo")
def undo(body: Undoing, request: Request) -> dict[str, Any]:
    """Take the newest answer back; its question comes again."""
    review, who = review_of(request), person(request)
    query = review.undo(body.window, who)
    told = None if query is None else review.assignment.questions.told(query)
    return {"question": told, "progress": review.progress(who)}


@router.get("/question")
def question(query: str, window: str, request: Request) -> dict[str, Any]:
    """One question by name, from the list of disputed ones."""
    review, who = review_of(request), person(request)
    if review.options.expert not in (None, who):
        raise HTTPException(403, f"Disputed questions are settled by {review.options.expert}.")
    now = review.assignment
    if query not in now.questions.by_name:
        raise HTTPException(404, "There is no such question in this round.")
    now.claim(query, window[:32], who)
    said = now.journal.stand(query).values()
    return {
        "questions": [now.questions.told(now.questions.by_name[query])],
        "said": [{"who": a.who, "kind": a.kind, "classes": list(a.classes), "comment": a.comment or ""} for a in said],
        "progress": review.progress(who),
    }


@router.post("/leave")
def leave(body: Leaving, request: Request) -> dict[str, Any]:
    """A window was closed."""
    person(request)
    review_of(request).assignment.leave(body.window)
    return {}


@router.post("/paint")
def paint(body: Painting, request: Request) -> dict[str, Any]:
    return {"answers": review_of(request).paint(body, person(request))}


@router.post("/revert")
def revert(body: Reverting, request: Request) -> dict[str, Any]:
    """How many answers fit, and with `write` they are taken back."""
    return {"answers": review_of(request).revert(body, person(request)), "written": body.write}
