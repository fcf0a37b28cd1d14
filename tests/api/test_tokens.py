"""Signing in to the API: tokens that are good, spent, old or made up."""

from datetime import timedelta

import httpx
import pytest

from benfex.core.clock import MovedClock
from tests.api.conftest import OWNER, PASSWORD, Caller, fields, problem

pytestmark = pytest.mark.sqlite_only

TOKEN = "/api/v1/auth/token"


async def test_a_password_buys_a_token_as_oauth_tells_it(http: httpx.AsyncClient) -> None:
    form = {"grant_type": "password", "username": OWNER, "password": PASSWORD}
    answer = await http.post(TOKEN, data=form)
    assert answer.status_code == 200
    told = answer.json()
    assert set(told) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (told["token_type"], told["expires_in"]) == ("bearer", 3600)


async def test_a_refresh_token_works_once(http: httpx.AsyncClient) -> None:
    first = (await http.post(TOKEN, data={"username": OWNER, "password": PASSWORD})).json()
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = (await http.post(TOKEN, data=form)).json()
    assert (await Caller(http, second["access_token"]).get("/customers")).status_code == 200
    problem(await http.post(TOKEN, data=form), 401, "wrong_credentials")
    problem(await Caller(http, first["access_token"]).get("/customers"), 401, "not_signed_in")


async def test_a_wrong_password_is_a_problem_and_too_many_are_held_back(http: httpx.AsyncClient) -> None:
    for _ in range(5):
        answer = await http.post(TOKEN, data={"username": OWNER, "password": "wrong"})
        problem(answer, 401, "wrong_credentials")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    answer = await http.post(TOKEN, data={"username": OWNER, "password": PASSWORD})
    problem(answer, 429, "too_many_attempts")
    assert 0 < int(answer.headers["retry-after"]) <= 900


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "username"),
        ({"username": OWNER}, "password"),
        ({"grant_type": "refresh_token"}, "refresh_token"),
        ({"grant_type": "client_credentials"}, "grant_type"),
    ],
)
async def test_what_is_missing_is_named(http: httpx.AsyncClient, form: dict[str, str], field: str) -> None:
    assert fields(await http.post(TOKEN, data=form)) == [field]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer 00ff", "Basic b3duZXI6cHc=", "Bearer \x7f"])
async def test_nobody_gets_in_without_a_good_token(http: httpx.AsyncClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await http.get("/api/v1/customers", headers=headers)
    problem(answer, 401, "not_signed_in")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_ends_after_an_hour(owner: Caller, clock: MovedClock) -> None:
    clock.advance(timedelta(minutes=59))
    assert (await owner.get("/customers")).status_code == 200
    clock.advance(timedelta(minutes=2))
    problem(await owner.get("/customers"), 401, "not_signed_in")


async def test_every_address_but_the_token_door_asks_for_a_token(http: httpx.AsyncClient) -> None:
    paths = (await http.get("/api/v1/openapi.json")).json()["paths"]
    for path, methods in paths.items():
        if path == TOKEN:
            continue
        for method in methods:
            answer = await http.request(method, path.replace("{", "").replace("}", ""), json={})
            assert answer.status_code == 401, f"{method} {path}"
