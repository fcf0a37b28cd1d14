"""A new installation is taken once, by whom the terminal gave the token."""

from nicegui.testing import User

from benfex.application import Benfex
from benfex.bootstrap import first_run_token
from tests.ui.isp import send_form


async def test_the_first_run_makes_the_owner_and_is_then_gone(user: User, benfex: Benfex) -> None:
    token = first_run_token(benfex)
    assert token is not None
    assert (await user.http_client.get("/login")).headers["location"] == "/first-run"
    await user.open("/first-run?token=guessed")
    await user.should_see("address that the terminal printed")
    await user.should_not_see("Create the ISP")

    await user.open(f"/first-run?token={token}")
    for field, value in {
        "isp_name": "Lake Net",
        "name": "Brian Kiptoo",
        "email": "brian@lake.example",
        "password": "correct horse",
    }.items():
        user.find(marker=f"field-{field}").type(value)
    send_form(user)
    await user.should_see("Sign in", retries=60)

    assert (await user.http_client.get(f"/first-run?token={token}")).status_code == 404
    assert (await user.http_client.get("/login")).status_code == 200
    assert first_run_token(benfex) is None
