"""What staff see and do about money that goes back: ask, approve as a second person, pay credit out, dispute."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from nicegui import ui
from nicegui.testing import User

from data.values.identifiers import CustomerId
from data.values.money import Money
from data.values.states import DisputeStatus
from tests.ui.isp import Isp, rows, send_form, sign_in, until


@pytest.fixture
async def amina(isp: Isp) -> CustomerId:
    """A customer with KES 9,000 of credit, paid in cash."""
    customer_id = await isp.customer("Amina Wanjiru", "0712345678", with_service=False)
    await isp.pays(customer_id, 9_000)
    return customer_id


async def ask(user: User, shillings: int, *, slip: str = "") -> None:
    """Ask for money of the only payment to go back, by hand."""
    await user.open("/admin/payments")
    user.find(kind=ui.table).trigger("act", {"key": "refund", "id": "1"})
    await user.should_see("Above KES 5,000 a day another member of staff has to approve it.")
    user.find(marker="field-amount").clear().type(str(shillings))
    if slip:
        user.find(marker="field-reference").type(slip)
    user.find(marker="field-reason").type("Paid twice")
    send_form(user)


async def test_a_large_refund_waits_and_a_second_person_approves_it_live(
    user: User, isp: Isp, amina: CustomerId, create_user: Callable[[], User]
) -> None:
    await sign_in(user)
    await ask(user, 6_000)
    await user.should_see("KES 6,000 waits for another member of staff.", retries=60)
    await user.open("/admin/refunds")
    await user.should_see("1 refund waits for another member of staff than who asked.")
    user.find(kind=ui.table).trigger("act", {"key": "approve", "id": "1"})
    await user.should_see("You asked for this refund, so another member of staff has to approve it.")

    other = create_user()
    await sign_in(other, "accountant")
    await other.open("/admin/refunds")
    other.find(kind=ui.table).trigger("act", {"key": "approve", "id": "1"})
    await other.should_see("Brian Kiptoo")
    other.find(marker="field-reference").type("SLIP 7")
    send_form(other)
    await other.should_see("KES 6,000 went back.", retries=60)
    await user.should_not_see("1 refund waits for another member of staff than who asked.", retries=60)


async def test_a_refund_is_declined_with_a_reason(
    user: User, isp: Isp, amina: CustomerId, create_user: Callable[[], User]
) -> None:
    await sign_in(user)
    await ask(user, 6_000)
    await user.should_see("waits for another member of staff.", retries=60)
    await user.open("/admin/refunds")
    user.find(kind=ui.table).trigger("act", {"key": "decline", "id": "1"})
    await user.should_see("Let KES 6,000 not go back?")
    user.find(kind=ui.textarea).type("Asked by mistake")
    user.find("Decline refund").click()
    await user.should_see("KES 6,000 is the customer's credit again.", retries=60)
    user.find(marker="section-done").click()
    await until(lambda: [row["why"] for row in rows(user)] == ["Asked by mistake"])


async def test_a_small_refund_by_hand_wants_its_slip_and_is_done(
    user: User, isp: Isp, amina: CustomerId
) -> None:
    await sign_in(user)
    await ask(user, 400)
    await user.should_see("Give the number on the slip of the money that went back.")
    user.find(marker="field-reference").type("S 1")
    send_form(user)
    await user.should_see("KES 400 went back.", retries=60)
    await user.open("/admin/refunds")
    await until(lambda: [row["how"] for row in rows(user)] == ["by hand, paid by Cash · S 1"])


async def test_credit_is_paid_out_on_the_customers_page(user: User, isp: Isp, amina: CustomerId) -> None:
    await sign_in(user)
    await user.open(f"/admin/customers/{amina}")
    user.find(marker="section-refunds").click()
    await user.should_see("No refund yet")
    user.find("Pay out credit").click()
    await user.should_see("KES 9,000 of credit.")
    user.find(marker="field-amount").clear().type("1500")
    user.find(marker="field-reference").type("S 2")
    user.find(marker="field-reason").type("Moves away")
    send_form(user)
    await user.should_see("KES 1,500 went back.", retries=60)
    await until(lambda: "by hand, paid by Cash · S 2" in [row.get("how") for row in rows(user)])


async def test_a_dispute_shows_its_days_left_and_its_end(user: User, isp: Isp, amina: CustomerId) -> None:
    from benfex.payments.disputes import note_dispute
    from benfex.payments.gateway_events import DisputeChanged

    due = isp.benfex.clock.now() + timedelta(days=3)
    told = DisputeChanged(
        "D1",
        DisputeStatus.OPEN,
        Money(900_000, "KES"),
        transaction_id=f"A-{amina}",
        reason="fraud",
        due_at=due,
    )
    await isp.do(note_dispute, gateway="cash", event=told)
    await sign_in(user, "support")
    await user.open("/admin/refunds")
    user.find(marker="section-disputes").click()
    await until(
        lambda: ("Amina Wanjiru", "3 days") in [(row.get("who"), row.get("due")) for row in rows(user)]
    )
    lost = DisputeChanged("D1", DisputeStatus.LOST, Money(900_000, "KES"))
    await isp.do(note_dispute, gateway="cash", event=lost)
    await user.should_see("No dispute", retries=60)
    user.find(marker="tab-ended").click()
    await until(lambda: "Lost" in [row.get("status") for row in rows(user)])


async def test_support_sees_refunds_and_decides_nothing(user: User, isp: Isp, amina: CustomerId) -> None:
    await sign_in(user, "support")
    await user.open("/admin/refunds")
    await user.should_see("Nothing went back yet")
    await user.should_not_see("Approve")
    await user.open(f"/admin/customers/{amina}")
    user.find(marker="section-refunds").click()
    await user.should_see("No refund yet")
    await user.should_not_see("Pay out credit")


async def test_payments_say_what_went_back_and_are_found_by_it(
    user: User, isp: Isp, amina: CustomerId
) -> None:
    other = await isp.customer("Peter Otieno", "0712345600", with_service=False)
    await isp.pays(other, 1_000)
    await sign_in(user)
    await ask(user, 4_000, slip="SLIP 7")
    await user.should_see("went back", retries=60)
    await user.open("/admin/payments")
    await until(lambda: len(rows(user)) == 2)
    standing = {row["who"]: (row["status"], row["how"]) for row in rows(user)}
    assert standing["Amina Wanjiru"][0] == "Partly given back"
    assert standing["Amina Wanjiru"][1].endswith("KES 4,000 given back")
    assert standing["Peter Otieno"][0] == "Received"
    user.find(marker="tab-given_back").click()
    await until(lambda: [row["who"] for row in rows(user)] == ["Amina Wanjiru"])
