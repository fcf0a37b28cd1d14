"""Sign in and out over plain HTTP forms: a cookie can only be set by an HTTP answer."""

from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from benfex.core.actors import SubscriberActor
from benfex.identity.login import SESSION_LIFETIME
from data.values.errors import DomainError
from data.values.roles import Role
from pages.dependencies import SESSION_COOKIE, BenfexDep, actor_behind

router = APIRouter(prefix="/auth", include_in_schema=False)
front = APIRouter(include_in_schema=False)


@front.get("/")
async def home(request: Request, benfex: BenfexDep) -> Response:
    """Send everybody where they belong."""
    actor = await actor_behind(benfex, request)
    if actor is None:
        return RedirectResponse("/login", status_code=303)
    return RedirectResponse("/portal" if isinstance(actor, SubscriberActor) else "/admin", status_code=303)


@router.post("/login")
async def login(
    request: Request,
    benfex: BenfexDep,
    name: Annotated[str, Form(max_length=254)],
    password: Annotated[str, Form(max_length=256)],
    next: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Check name and password; on success set the cookie and go on, else back to the form with a word."""
    if not is_same_origin(request):
        return Response("This form must be sent from our own page.", status_code=403)
    address = request.client.host if request.client else ""
    try:
        signed_in = await benfex.sign_in.sign_in(
            name=name, password=password, address=address, user_agent=request.headers.get("user-agent", "")
        )
    except DomainError as error:
        back = f"/login?error={quote(error.code)}&name={quote(name)}"
        return RedirectResponse(back + (f"&next={quote(next)}" if next else ""), status_code=303)
    home = "/portal" if signed_in.role is Role.SUBSCRIBER else "/admin"
    response = RedirectResponse(local_path(next) or home, status_code=303)
    response.set_cookie(
        SESSION_COOKIE,
        signed_in.token,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
    return response


@router.post("/logout")
async def logout(request: Request, benfex: BenfexDep) -> Response:
    """End the session and forget the cookie."""
    if not is_same_origin(request):
        return Response("This form must be sent from our own page.", status_code=403)
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        await benfex.sign_in.sign_out(token)
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def local_path(text: str) -> str:
    """Return the path when it leads to a page of ours, else nothing: two slashes lead away."""
    parts = urlsplit(text)
    if not text.startswith("/") or text[1:2] in {"/", "\\"} or parts.scheme or parts.netloc:
        return ""
    return text if text.isprintable() else ""


def is_same_origin(request: Request) -> bool:
    """Return whether a form came from our own pages; browsers always say so on a POST."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
