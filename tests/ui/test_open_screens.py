"""A screen that stays open outlives no session: it goes to the sign-in form, and is told nothing more."""

from typing import TYPE_CHECKING

import pytest
from nicegui.testing import User

from data.values.identifiers import hash_token
from tests.ui.isp import PASSWORD, Isp, sign_in

if TYPE_CHECKING:
    from benfex.application import Benfex


@pytest.mark.parametrize("address", ["/admin", "/admin/routers", "/admin/payments"])
async def test_a_console_left_open_closes_with_its_session(user: User, isp: Isp, address: str) -> None:
    from benfex.identity.login import close_session

    await sign_in(user)
    await user.open(address)
    await user.should_not_see("Sign in")
    token = user.http_client.cookies["benfex_session"]
    await isp.do(close_session, token_hash=hash_token(token))
    await user.should_see("Sign in", retries=60)


async def test_another_session_of_the_same_person_stays_open(user: User, isp: Isp, benfex: "Benfex") -> None:
    other = await benfex.sign_in.sign_in(name="owner@isp.ke", password=PASSWORD, address="10.0.0.9")
    await sign_in(user)
    await user.open("/admin/routers")
    await benfex.sign_in.sign_out(other.token)
    await benfex.bus.idle()
    await user.should_see("nakuru-core")


async def test_the_portal_closes_when_the_password_was_changed(user: User, isp: Isp) -> None:
    from benfex.identity.passwords import hash_password
    from benfex.identity.staff import create_subscriber_login

    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    secret = hash_password(PASSWORD)
    await isp.do(create_subscriber_login, customer_id=customer_id, password_hash=secret)
    await user.http_client.post("/auth/login", data={"name": "0712345678", "password": PASSWORD})
    await user.open("/portal")
    await user.should_not_see("Sign in")
    await isp.do(create_subscriber_login, customer_id=customer_id, password_hash=secret)
    await user.should_see("Sign in", retries=60)
