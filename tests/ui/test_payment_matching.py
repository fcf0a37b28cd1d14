"""Money that waits: who is suggested and why, one click to accept, and the way back."""

from nicegui import ui
from nicegui.testing import User

from data.values.kinds import EvidenceGrade
from data.values.money import Money
from tests.ui.isp import Isp, rows, sign_in, until


async def test_a_suggestion_is_accepted_and_taken_back(user: User, isp: Isp) -> None:
    from benfex.customers.views import customer

    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    payment_id = await _money_with_a_slip(isp, customer_id)
    await sign_in(user)
    await user.open("/admin/payments")
    await user.should_see("has no customer yet", retries=60)
    user.find(marker="section-unmatched").click()
    await until(lambda: any(row.get("perhaps") == "Amina Wanjiru" for row in rows(user)))
    (waiting,) = [row for row in rows(user) if row.get("perhaps")]
    assert "70 of 100: the account typed is one slip away from theirs" in waiting["perhaps_note"]
    user.find(kind=ui.table).trigger("act", {"key": "accept", "id": str(payment_id)})
    await user.should_see("All money is placed", retries=60)
    assert (await isp.see(customer, customer_id=customer_id)).balance.is_zero

    await user.open("/admin/payments")
    await until(lambda: bool(rows(user)))
    user.find(kind=ui.table).trigger("act", {"key": "undo", "id": str(payment_id)})
    await user.should_see("Whose money is it?")
    user.find(kind=ui.textarea).type("a neighbour's")
    user.find(kind=ui.button, content="Take it back").click()
    await user.should_see("waits for its customer again", retries=60)
    assert (await isp.see(customer, customer_id=customer_id)).balance == Money(250_000, "KES")


async def _money_with_a_slip(isp: Isp, customer_id: int) -> int:
    from benfex.customers.views import customer
    from benfex.payments.gateway import PaymentEvidence
    from benfex.payments.settlement import settle_payment

    number = (await isp.see(customer, customer_id=customer_id)).account_number
    now = isp.benfex.clock.now()
    evidence = PaymentEvidence(
        gateway="mpesa",
        grade=EvidenceGrade.SECRET_PATH,
        transaction_id="RKTQDM7W6S",
        amount=Money(250_000, "KES"),
        received_at=now,
        account_reference=number[:-1] + str((int(number[-1]) + 1) % 10),
        payer_name="PETER O",
    )
    outcome = await isp.do(settle_payment, evidence=evidence, evidence_at=now, source="c2b")
    return int(outcome.payment_id)
