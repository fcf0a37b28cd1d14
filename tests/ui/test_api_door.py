"""The API within the whole site: its errors are problems, its neighbours stay as they are."""

from nicegui.testing import User


async def test_the_api_answers_in_json_and_the_pages_around_it_in_html(user: User) -> None:
    http = user.http_client
    for path, status in (("/api/v1/customers", 401), ("/api/v1/nothing", 404), ("/api/v1/auth/token", 405)):
        answer = await http.get(path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
    assert (await http.get("/api/v1/openapi.json")).json()["info"]["title"] == "Benfex"
    assert (await http.get("/healthz")).status_code == 200


async def test_a_browsers_cookie_opens_nothing_in_the_api(user: User) -> None:
    user.http_client.cookies.set("benfex_session", "0" * 64)
    assert (await user.http_client.get("/api/v1/customers")).status_code == 401
