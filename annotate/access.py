"""Who may use the page, and from where: tokens, the Origin of requests, and what a browser is allowed to load.

On 127.0.0.1 anybody at this machine may; the Host of a request must be this machine's, so that a foreign page cannot reach the server
through a name of its own (DNS rebinding). Anywhere else a token is demanded, the page's or a person's own.
"""

from http.cookies import CookieError, SimpleCookie
from re import fullmatch
from secrets import compare_digest, token_urlsafe
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from annotate.bodies import PERSON

LOCAL = ("127.0.0.1", "localhost", "::1")
TOKEN, NAME = "segmend_token", "segmend_name"  # cookies
LARGEST = 8 * 1024**2  # bytes of a request
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Access(NamedTuple):
    """Tokens and what they open. Without any, everybody who reaches the server may use it."""

    tokens: dict[str, str | None]  # token -> the person it belongs to; None: whoever names himself
    local: bool  # only this machine reaches the server

    def person(self, token: str) -> tuple[bool, str | None]:
        """Whether a token opens the page, and whose it is."""
        if not self.tokens:
            return True, None
        for known, who in self.tokens.items():
            if compare_digest(known.encode(), token.encode()):
                return True, who
        return False, None


def access_for(host: str, users: list[str]) -> Access:
    """Fresh tokens where they are needed: a person's own for each of `users`, else one for all if the network can reach us."""
    if users:
        return Access({token_urlsafe(24): user for user in users}, host in LOCAL)
    return Access({} if host in LOCAL else {token_urlsafe(24): None}, host in LOCAL)


class Gate:
    """The middleware that lets requests pass or not; who asks is in scope["person"] (None: not named yet)."""

    def __init__(self, app: ASGIApp, access: Access):
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        headers = Headers(scope=scope)
        jar = cookies(headers.get("cookie", ""))
        allowed, owner = self.access.person(jar.get(TOKEN, ""))
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if refused := self.refusal(scope, headers):
            await PlainTextResponse(refused, 403)(scope, receive, guarded)
        elif given and scope["method"] == "GET":
            await self.entered(scope, given)(scope, receive, guarded)
        elif not allowed:
            text = "This page needs the link that was printed where `segmend annotate` was started (it ends in ?token=...)."
            await PlainTextResponse(text, 401)(scope, receive, guarded)
        else:
            name = unquote(jar.get(NAME, ""))
            scope["person"] = owner or (name if fullmatch(PERSON, name) else None)
            scope["fixed"] = owner is not None
            await self.app(scope, limited(receive), guarded)

    def refusal(self, scope: Scope, headers: Headers) -> str | None:
        """Why a request is not for us, or None."""
        host = headers.get("host", "")
        if self.access.local and host.rsplit(":", 1)[0].strip("[]") not in LOCAL:
            return "This server answers to 127.0.0.1 and localhost only."
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:12]) > LARGEST:
            return f"A request may have {LARGEST} bytes."
        if scope["method"] in ("GET", "HEAD"):
            return None
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return "The request came from another page."
        if origin is None and headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return "The request came from another page."
        if headers.get("content-type", "").split(";")[0].strip() != "application/json":
            return "Requests that change something are JSON."
        return None

    def entered(self, scope: Scope, token: str) -> PlainTextResponse | RedirectResponse:
        """The first visit by a link: the token goes into a cookie and out of the address."""
        if not self.access.person(token)[0]:
            return PlainTextResponse(
                "This link is of another start of the server; take the one that it printed last.", 401
            )
        rest = {k: v for k, v in parse_qs(scope["query_string"].decode("latin-1")).items() if k != "token"}
        place = "/" if scope["path"].startswith("//") else scope["path"]
        answer = RedirectResponse(place + (f"?{urlencode(rest, doseq=True)}" if rest else ""), 303)
        if self.access.tokens:
            answer.set_cookie(TOKEN, token, max_age=30 * 86_400, httponly=True, samesite="strict")
        return answer


def cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def limited(receive: Receive) -> Receive:
    """A request body of unknown length is cut off where it grows too large: the rest never reaches memory."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > LARGEST:
            return {"type": "http.disconnect"}
        return message

    return counted
