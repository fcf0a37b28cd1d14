"""The first run, opened by a token that the terminal prints: it creates the owner and the ISP, then is gone."""

import hmac
from zoneinfo import available_timezones

from nicegui import ui
from starlette.exceptions import HTTPException

from benfex.application import Benfex
from benfex.identity.passwords import check_password
from benfex.identity.staff import needs_first_run, set_up_isp
from components.elements import text
from components.form import Form, Values
from components.frame import plain_frame
from data.values.money import CURRENCIES
from pages.dependencies import DOOR, BenfexDep
from pages.screen import screen


@screen("/first-run", title="Welcome to Benfex")
async def first_run(benfex: BenfexDep, token: str = "") -> None:
    """Ask who the ISP is and who owns it. Answers 404 once an owner exists."""
    if not await benfex.read(needs_first_run, DOOR):
        raise HTTPException(404)
    if not _opens(benfex, token):
        with plain_frame("Welcome to Benfex", subtitle="This installation waits for its owner."):
            text("Open this page with the address that the terminal printed when Benfex started.", tag="p")
            text("It holds a token, so that nobody else can take this installation.", "bf-sub", "p")
        return
    with plain_frame("Welcome to Benfex", subtitle="Tell us who you are; this page is then gone for good."):
        _ask(benfex, token)


def _opens(benfex: Benfex, token: str) -> bool:
    expected = benfex.first_run_token
    return expected is not None and hmac.compare_digest(token.encode(), expected.encode())


def _ask(benfex: Benfex, token: str) -> None:
    async def create(values: Values) -> None:
        if not _opens(benfex, token):
            ui.navigate.to("/first-run")
            return
        hashed = await benfex.passwords.hash(check_password(values["password"]))
        await benfex.transact(
            set_up_isp,
            DOOR,
            isp_name=values["isp_name"],
            currency=values["currency"],
            timezone=values["timezone"],
            owner_name=values["name"],
            owner_email=values["email"],
            password_hash=hashed,
        )
        benfex.first_run_token = None
        ui.navigate.to("/login")

    with Form(create) as form:
        form.text("isp_name", "Name of the ISP", hint="As your customers know it")
        form.choice(
            "currency",
            "Currency",
            {code: code for code in sorted(CURRENCIES)},
            value=benfex.settings.currency,
        )
        zones = {zone: zone for zone in sorted(available_timezones()) if "/" in zone}
        form.choice("timezone", "Timezone", zones, value=benfex.settings.timezone)
        form.text("name", "Your name")
        form.text("email", "Your e-mail address")
        form.password("password", "Choose a password")
        form.submit("Create the ISP")
