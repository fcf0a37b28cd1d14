"""Add-ons, discounts and taxes on their screen."""

from datetime import date

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
    await user.should_see("No add-on yet", retries=60)
    user.find("New add-on").click()
    await user.should_see("Create add-on", retries=60)
    fill(user, "name", "Fixed address")
    fill(user, "code", "IP")
    fill(user, "amount", "300")
    send_form(user)
    await user.should_see("IP · KES 300 a period", retries=60)
    user.find("Archive").click()
    await user.should_see("Archived", retries=60)


async def test_a_tax_rate_is_set_on_the_page(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin/plans/extras")
    user.find("New rate").click()
    await user.should_see("Set rate", retries=60)
    fill(user, "name", "VAT")
    fill(user, "code", "VAT")
    fill(user, "percent", "16")
    send_form(user)
    await user.should_see("VAT · 16% in all", retries=60)
    await user.should_see("In force")


async def test_rates_of_other_days_are_shown_with_their_dates(user: User, isp: Isp) -> None:
    from benfex.catalog.taxes import set_tax_rate

    for points, day in ((1_400, date(2020, 4, 1)), (1_600, date(2021, 1, 1)), (1_800, date(2199, 1, 1))):
        await isp.do(set_tax_rate, code="VAT", name="VAT", basis_points=points, valid_from_on=day)
    await sign_in(user, "support")
    await user.open("/admin/plans/extras")
    await user.should_see("1 Apr 2020 to 31 Dec 2020", retries=60)
    for words in ("14%", "Past", "In force", "18%", "from 1 Jan 2199", "Coming"):
        await user.should_see(words)
    await user.should_not_see("New rate")


async def test_taxes_are_stacked_freely_on_the_page(user: User, isp: Isp) -> None:
    from benfex.catalog.taxes import set_tax_rate, tax_records

    for code, points in (("EXCISE", 1_500), ("LEVY", 200), ("VAT", 1_600)):
        await isp.do(set_tax_rate, code=code, name=code.title(), basis_points=points)
    await sign_in(user)
    await user.open("/admin/plans/extras")
    user.find("New group").click()
    await user.should_see("Create group", retries=60)
    fill(user, "name", "Telecom")
    fill(user, "code", "TELECOM")
    for _ in range(2):
        user.find("Add a tax").click()
    user.find("tax-3-on-EXCISE").click()
    send_form(user)
    await user.should_see(
        "EXCISE 15% on the price, LEVY 2% on the price, VAT 16% on the price and EXCISE", retries=60
    )
    made = {row.code: row for row in await isp.see(tax_records)}["TELECOM"]
    assert [part.compound_on for part in made.parts] == [(), (), ("EXCISE",)]


async def test_support_may_look_but_not_sell(user: User, isp: Isp) -> None:
    await sign_in(user, "support")
    await user.open("/admin/plans/extras")
    await user.should_see("No discount yet", retries=60)
    await user.should_not_see("New discount")
