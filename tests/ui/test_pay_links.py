"""Pay by link: one tap with the phone that is known, terms that hold, and how it ended."""

from nicegui import ui
from nicegui.testing import User

from benfex.core.actors import SystemActor
from benfex.payments.hosted_checkouts import NewCheckout, checkout_record, close_checkout, make_checkout
from data.values.identifiers import PayLinkId
from tests.factories.isp import kes
from tests.ui.isp import Isp, rows, send_form, sign_in, until

DOOR = SystemActor("tests")


async def checkout(isp: Isp, **wish: object) -> tuple[PayLinkId, str]:
    customer_id = await isp.customer("Amina Wanjiru", "0708374149", with_service=False)
    made = await isp.do(
        make_checkout,
        wish=NewCheckout(customer_id, amount=kes(500), **wish),  # type: ignore[arg-type]
        vault=isp.benfex.vault,
    )
    found = await isp.benfex.read(checkout_record, DOOR, checkout_id=made, vault=isp.benfex.vault)
    return made, f"/pay/{found.token}"


async def test_a_checkout_shows_its_amount_and_what_it_is_for(user: User, isp: Isp) -> None:
    _, page = await checkout(isp, description="Router, second hand")
    await user.open(page)
    await user.should_see("KES 500", retries=60)
    await user.should_see("Router, second hand")


async def test_a_closed_checkout_says_so_and_leads_back(user: User, isp: Isp) -> None:
    made, page = await checkout(isp, return_url="https://shop.example/done")
    await isp.do(close_checkout, checkout_id=made)
    await user.open(page)
    await user.should_see("closed it", retries=60)
    await user.should_see("Back to shop.example")


async def test_an_endpoint_is_added_with_its_secret_and_refused_when_it_is_private(
    user: User, isp: Isp
) -> None:
    await sign_in(user)
    await user.open("/admin/settings/webhooks")
    await user.should_see("No program hears from you yet", retries=60)
    user.find(marker="add-endpoint").click()
    await user.should_see("A public https address", retries=60)
    user.find(marker="field-url").type("https://127.0.0.1/hook")
    send_form(user)
    await user.should_see("not public", retries=60)
    user.find(marker="field-url").clear().type("https://8.8.8.8/hook")
    send_form(user)
    await user.should_see("shown only now", retries=60)
    await user.should_see("https://8.8.8.8/hook", retries=60)


async def test_checkouts_are_listed_shown_and_closed(user: User, isp: Isp) -> None:
    await checkout(isp, client_reference="order-7", description="Router, second hand")
    await sign_in(user)
    await user.open("/admin/payments")
    user.find(marker="section-checkouts").click()
    await until(lambda: [row.get("what") for row in rows(user)] == ["order-7 · Router, second hand"])
    user.find(kind=ui.table).trigger("act", {"key": "show", "id": "1"})
    await user.should_see("Whoever has this address can pay for account", retries=60)
    user.find(kind=ui.table).trigger("act", {"key": "close", "id": "1"})
    await user.should_see("The program that made it is told.", retries=60)
    user.find("Close it").click()
    await until(lambda: [row["status"] for row in rows(user)] == ["Closed"])
