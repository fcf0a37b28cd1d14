"""Vouchers are printed once, redeemed once, and open a prepaid period."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from benfex.core.actors import SubscriberActor
from benfex.core.clock import MovedClock
from benfex.core.paging import PageRequest
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot
from benfex.ledger.verification import verify_ledger
from benfex.payments.vouchers import (
    PrintedBatch,
    cancel_batch,
    print_vouchers,
    redeem_voucher,
    voucher_batches,
)
from data.models.voucher import Voucher
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, UserId
from data.values.states import SubscriptionStatus
from tests.acts.subscriptions.test_prepaid import prepaid_price
from tests.conftest import Run
from tests.factories.customers import MadeService, make_customer, make_service
from tests.factories.isp import SYSTEM, VAULT, kes
from tests.factories.looks import invoices_of, service_state


def printed(
    isp: Run, *, quantity: int = 2, expires_on: date | None = None
) -> tuple[MadeService, PrintedBatch]:
    price_id = prepaid_price(isp)
    service = make_service(isp, price_id=price_id)
    batch = isp(
        print_vouchers,
        name="Kiosk",
        plan_price_id=price_id,
        quantity=quantity,
        vault=VAULT,
        expires_on=expires_on,
    )
    return service, batch


def stored(snapshot: Snapshot) -> str:
    return " ".join(
        f"{row.serial} {row.code_hash}"
        for row in snapshot.session.scalars(select(Voucher).order_by(col(Voucher.id)))
    )


def test_a_voucher_opens_a_period_and_its_invoice_is_paid(isp: Run) -> None:
    service, batch = printed(isp)
    assert batch.amount == kes(100)
    isp(redeem_voucher, customer_id=service.customer_id, code=batch.vouchers[0].code.lower(), vault=VAULT)
    status, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert status is SubscriptionStatus.ACTIVE
    ((_, _, total, paid),) = isp.read(invoices_of, customer_id=service.customer_id)
    assert total == paid == 10_000
    assert isp.read(verify_ledger).is_sound
    (view,) = isp.read(voucher_batches, request=PageRequest()).rows
    assert (view.redeemed, view.unused) == (1, 1)


def test_codes_are_all_different_and_stand_nowhere(isp: Run) -> None:
    _, batch = printed(isp, quantity=300)
    codes = {voucher.code for voucher in batch.vouchers}
    assert len(codes) == 300
    kept = isp.read(stored)
    assert not any(code.replace("-", "") in kept for code in codes)


def test_a_voucher_is_redeemed_once(isp: Run) -> None:
    service, batch = printed(isp)
    code = batch.vouchers[0].code
    isp(redeem_voucher, customer_id=service.customer_id, code=code, vault=VAULT)
    with pytest.raises(Conflict, match="redeemed already"):
        isp(redeem_voucher, customer_id=service.customer_id, code=code, vault=VAULT)


async def test_of_many_who_redeem_at_once_one_wins(isp: Run, transactor: Transactor) -> None:
    service, batch = printed(isp)
    others = [make_customer(isp, phone=f"07083741{number:02d}") for number in range(7)]
    tries = await asyncio.gather(
        *(
            transactor.transact(
                redeem_voucher,
                SYSTEM,
                customer_id=customer_id,
                code=batch.vouchers[0].code,
                vault=VAULT,
            )
            for customer_id in (service.customer_id, *(other.customer_id for other in others))
        ),
        return_exceptions=True,
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in tries) == 1
    assert isp.read(verify_ledger).is_sound


def test_a_subscriber_redeems_for_themselves_only(isp: Run) -> None:
    service, batch = printed(isp)
    me = SubscriberActor(UserId(1), service.customer_id, "Amina")
    isp.by(me)(redeem_voucher, customer_id=service.customer_id, code=batch.vouchers[0].code, vault=VAULT)
    with pytest.raises(NotFound):
        isp.by(me)(redeem_voucher, customer_id=CustomerId(999), code=batch.vouchers[1].code, vault=VAULT)


def test_a_code_that_is_none_of_ours_changes_nothing(isp: Run) -> None:
    service, _ = printed(isp)
    with pytest.raises(InvalidInput) as refused:
        isp(redeem_voucher, customer_id=service.customer_id, code="AAAA-BBBB-CCCC-DDDD", vault=VAULT)
    assert refused.value.field == "code"


def test_cancelled_and_old_vouchers_are_refused(isp: Run, clock: MovedClock) -> None:
    tomorrow = clock.now().date() + timedelta(days=1)
    service, batch = printed(isp, expires_on=tomorrow)
    clock.advance(timedelta(days=2))
    with pytest.raises(Conflict, match="too old"):
        isp(redeem_voucher, customer_id=service.customer_id, code=batch.vouchers[0].code, vault=VAULT)
    assert isp(cancel_batch, batch_id=batch.batch_id, reason="paper lost") == 2
    with pytest.raises(Conflict, match="cancelled"):
        isp(redeem_voucher, customer_id=service.customer_id, code=batch.vouchers[1].code, vault=VAULT)
