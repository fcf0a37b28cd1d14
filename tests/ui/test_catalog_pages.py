"""Add-ons, discounts and taxes on their screen."""

from nicegui import ui
from nicegui.testing import User

from tests.ui.isp import Isp, send_form, sign_in


def fill(user: User, name: str, value: str) -> None:
    """Put a value into a field of the form."""
    (control,) = user.find(kind=ui.input, marker=f"field-{name}").elements
    assert isinstance(control, ui.input)
    control.value = value


async def test_an_add_on_is_made_and_archived_on_the_page(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin/plans/extras")
    await user.should_see("No add-on yet", retries=20)
    user.find("New add-on").click()
    await user.should_see("Create add-on", retries=20)
    fill(user, "name", "Fixed address")
    fill(user, "code", "IP")
    fill(user, "amount", "300")
    send_form(user)
    await user.should_see("IP · KES 300 a period", retries=20)
    user.find("Archive").click()
    await user.should_see("Archived", retries=20)


async def test_a_tax_rate_is_set_on_the_page(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin/plans/extras")
    user.find("New rate").click()
    await user.should_see("Set rate", retries=20)
    fill(user, "name", "VAT")
    fill(user, "code", "VAT")
    fill(user, "percent", "16")
    send_form(user)
    await user.should_see("VAT · 16% in all", retries=20)


async def test_support_may_look_but_not_sell(user: User, isp: Isp) -> None:
    await sign_in(user, "support")
    await user.open("/admin/plans/extras")
    await user.should_see("No discount yet", retries=20)
    await user.should_not_see("New discount")
