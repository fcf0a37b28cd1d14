"""Nobody gets past a door without signing in, whichever door it is."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI
from nicegui import Client
from nicegui.testing import User

# Pages that people see before they sign in. A page is added here on purpose, or is guarded.
PUBLIC_PAGES = {"/", "/login", "/first-run", "/pay/{token}"}
# Plain routes with a lock of their own: a form, a token in the path, a signature, or nothing to tell.
PUBLIC_ROUTES = (
    "/auth/",
    "/webhooks/",
    "/healthz",
    "/readyz",
    "/assets/",
    "/api/v1/auth/token",
    "/api/v1/openapi.json",
    "/api/v1/docs",
    "/pay/",
    "/documents/pay/",
)
TURNED_AWAY = {401, 403, 404}


async def test_every_page_is_public_on_purpose_or_asks_who_is_there(user: User) -> None:
    guarded = sorted(set(Client.page_routes.values()) - PUBLIC_PAGES)
    assert guarded
    for path in guarded:
        answer = await user.http_client.get(_filled(path))
        sent_to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith(
            ("/login", "/first-run")
        )
        assert sent_to_sign_in or answer.status_code in TURNED_AWAY, f"{path}: {answer.status_code}"


async def test_every_plain_route_is_public_on_purpose_or_asks_who_is_there(user: User, site: FastAPI) -> None:
    for method, path in _plain_routes(site):
        answer = await user.http_client.request(method, _filled(path), json={})
        assert answer.status_code in {*TURNED_AWAY, 303}, f"{method} {path}: {answer.status_code}"


def _plain_routes(site: FastAPI) -> Iterator[tuple[str, str]]:
    for route in _unfolded(site.routes):
        path, methods = getattr(route, "path", ""), getattr(route, "methods", None)
        if methods and getattr(route, "endpoint", None) and not path.startswith(PUBLIC_ROUTES):
            yield from ((method, path) for method in sorted(methods))


def _unfolded(routes: Iterable[Any]) -> Iterator[Any]:
    """Yield the single routes; FastAPI keeps an included router as one folded route."""
    for route in routes:
        if hasattr(route, "effective_candidates"):
            yield from _unfolded(route.effective_candidates())
        else:
            yield route


def _filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "1", path)
