"""Include every page and route, and wrap NiceGUI in the outer app that carries them.

The outer app holds the plain routes (API, webhooks, health): behind NiceGUI's session each cookieless caller
would leave a session and a client behind.
"""

import importlib
import pkgutil

from fastapi import FastAPI, Request
from nicegui import app as nicegui_app
from nicegui import core, ui
from starlette.responses import RedirectResponse, Response

import pages.admin
import pages.portal
import pages.public
from benfex.application import Benfex
from components import theme
from pages import auth, documents, health
from pages.api.router import add_api
from pages.dependencies import SignInNeeded
from pages.errors import not_found_page
from pages.guard import SecurityHeaders
from pages.webhooks import WebhookDoors


def build_app(benfex: Benfex) -> FastAPI:
    """Return the web side of a Benfex: plain routes outside, pages inside. Who serves it starts the Benfex."""
    outer = FastAPI(title="Benfex", openapi_url=None, docs_url=None, redoc_url=None)
    outer.state.benfex = benfex
    nicegui_app.state.benfex = benfex
    outer.include_router(auth.front)
    outer.include_router(auth.router)
    outer.include_router(documents.router)
    outer.include_router(health.router)
    add_api(outer, benfex)
    tiles = benfex.settings.tiles
    outer.add_middleware(SecurityHeaders, pictures_from=[tiles.origin] if tiles else [])
    outer.add_middleware(WebhookDoors, benfex=benfex)
    theme.install(nicegui_app)
    for package in (pages.public, pages.admin, pages.portal):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    nicegui_app.add_exception_handler(SignInNeeded, _to_sign_in)
    nicegui_app.add_exception_handler(404, not_found_page)
    ui.run_with(
        outer,
        title="Benfex",
        dark=None,
        tailwind=False,
        storage_secret=benfex.storage_secret,
        reconnect_timeout=30,
        show_welcome_message=False,
    )
    _close_origins(benfex)
    return outer


def _close_origins(benfex: Benfex) -> None:
    # None is engineio's same-origin rule: localhost and a phone on the LAN both work, other sites do not.
    base_url = benfex.settings.base_url
    core.sio.eio.cors_allowed_origins = [base_url.rstrip("/")] if base_url else None


async def _to_sign_in(_: Request, needed: Exception) -> Response:
    assert isinstance(needed, SignInNeeded)
    return RedirectResponse(needed.to, status_code=303)
