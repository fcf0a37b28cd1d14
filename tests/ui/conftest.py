"""People at their screens, simulated: pages and plain routes answer through the outer app, no sockets."""

import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from nicegui import Client, app, ui
from nicegui.functions.download import download
from nicegui.functions.navigate import Navigate
from nicegui.functions.notify import notify
from nicegui.storage import Storage
from nicegui.testing import User
from nicegui.testing.general import nicegui_reset_globals
from nicegui.testing.user_simulation import user_simulation
from pydantic import SecretStr
from starlette.routing import BaseRoute

from components import theme

if TYPE_CHECKING:
    from fastapi import FastAPI

    from benfex.application import Benfex
    from benfex.core.clock import MovedClock
    from data.engine import Database
    from tests.ui.isp import Isp

ADDRESS = "http://test"
SECRET_KEY = "0" * 64
TESTS_BETWEEN_COLLECTIONS = 25

_tests = count()
_routes: list[BaseRoute] = []
_paths: dict[Callable[..., object], str] = {}

if not (Path(__file__).parents[2] / "benfex" / "bootstrap.py").exists():
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def benfex(database: "Database", database_url: str, clock: "MovedClock", tmp_path: Path) -> "Benfex":
    """A Benfex on a fresh database, under a clock that the test moves. The `site` starts and stops it."""
    from benfex.bootstrap import build
    from benfex.core.settings import Settings

    settings = Settings(
        home=tmp_path, database_url=database_url, secret_key=SecretStr(SECRET_KEY), base_url=ADDRESS
    )
    return build(settings, clock=clock, database=database)


@pytest.fixture
async def site(
    benfex: "Benfex", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> "AsyncIterator[FastAPI]":
    """The outer app, running, with NiceGUI mounted in it; an ERROR in the log fails the test."""
    monkeypatch.setattr(Storage, "path", tmp_path / "nicegui")
    monkeypatch.setenv("NICEGUI_USER_SIMULATION", "true")
    _set_aside_what_is_there()
    try:
        with nicegui_reset_globals(), _imported_once():
            from pages.register import build_app

            outer = build_app(benfex)
            async with outer.router.lifespan_context(outer):
                await benfex.start()
                try:
                    yield outer
                finally:
                    await benfex.stop()
    finally:
        ui.navigate, ui.notify, ui.download = Navigate(), notify, download
    errors = [record.getMessage() for record in caplog.get_records("call") if record.levelname == "ERROR"]
    assert errors == []


@pytest.fixture
async def create_user(site: "FastAPI") -> AsyncIterator[Callable[[], User]]:
    """Make another person with a browser of their own."""
    async with AsyncExitStack() as browsers:
        made: list[httpx.AsyncClient] = []

        def create() -> User:
            made.append(httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url=ADDRESS))
            browsers.push_async_callback(made[-1].aclose)
            return User(made[-1])

        yield create


@pytest.fixture
def user(create_user: Callable[[], User]) -> User:
    """One person with a browser, not signed in."""
    return create_user()


@pytest.fixture
async def isp(user: User, benfex: "Benfex") -> "Isp":
    """The ISP behind the site that `user` visits."""
    from tests.ui.isp import Isp

    isp = Isp(benfex)
    await isp.open()
    return isp


@pytest.fixture
async def person() -> AsyncIterator[User]:
    """Someone at a browser of a site that has our looks and no pages yet."""
    _set_aside_what_is_there()
    async with user_simulation() as user:
        theme.install(app)
        yield user


def _set_aside_what_is_there() -> None:
    """Leave what earlier tests made out of the garbage collections and searches that NiceGUI does in each."""
    if next(_tests) % TESTS_BETWEEN_COLLECTIONS == 0:
        gc.unfreeze()
        gc.collect()
    gc.freeze()


@contextmanager
def _imported_once() -> Iterator[None]:
    """Hand NiceGUI, which forgot them, the routes of the pages that an earlier test imported."""
    app.routes.extend(_routes)
    Client.page_routes.update(_paths)
    try:
        yield
    finally:
        if not _routes:
            _routes.extend(route for route in app.routes if _is_a_page(route))
            _paths.update(Client.page_routes)
        Client.page_routes.clear()  # it would drop their modules


def _is_a_page(route: BaseRoute) -> bool:
    return getattr(getattr(route, "endpoint", None), "__module__", "").startswith("pages.")
