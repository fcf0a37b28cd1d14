"""Vouchers: printed in batches, redeemed once. A voucher redeemed is a payment, and settles like all others.

The code is on paper only. Here is a keyed hash of it, so that neither the database nor a backup of it can be
used to redeem or to guess. What agents owe for vouchers they sold stands on the clearing account of "voucher".
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from benfex.billing.taxation import tax_lines
from benfex.catalog.taxes import TaxTable
from benfex.core.actors import SystemActor, require, require_customer_access
from benfex.core.audit import record_audit
from benfex.core.paging import Page, PageRequest, Slice, SliceRequest, sliced
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.settlement import Settled, settle_payment
from data.locks import lock_row
from data.models.voucher import Voucher, VoucherBatch
from data.queries import customers as customer_queries
from data.queries import subscriptions as subscription_queries
from data.queries import vouchers as voucher_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, PaymentId, PlanPriceId, VoucherBatchId
from data.values.kinds import BillingMode, EvidenceGrade
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import VoucherStatus, advance

CODE_LENGTH = 16
# Without 0 O 1 I and L, which people mix up: 31 letters, so a code has 79 bits.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_QUANTITY_MAX = 1_000
_CONTEXT = "voucher.code"


@dataclass(frozen=True, slots=True)
class PrintedVoucher:
    """One voucher for the printer: its serial number, and the code in groups of four."""

    serial: str
    code: str


@dataclass(frozen=True, slots=True)
class PrintedBatch:
    """A batch for the printer, in the order of serials. The codes are not kept: print it now."""

    batch_id: VoucherBatchId
    name: str
    plan_name: str
    amount: Money
    expires_on: date | None
    vouchers: tuple[PrintedVoucher, ...]


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as a list shows it."""

    id: VoucherBatchId
    name: str
    plan_name: str
    amount: Money
    quantity: int
    redeemed: int
    cancelled: int
    expires_on: date | None
    made_by: str
    made_at: datetime

    @property
    def unused(self) -> int:
        """Return how many can still be redeemed."""
        return self.quantity - self.redeemed - self.cancelled


def print_vouchers(
    uow: UnitOfWork,
    *,
    name: str,
    plan_price_id: PlanPriceId,
    quantity: int,
    vault: Vault,
    expires_on: date | None = None,
) -> PrintedBatch:
    """Make a batch of vouchers, each worth one period of a prepaid price with its tax, and return their codes.

    Raises InvalidInput naming the field, NotFound.
    """
    require(uow.actor, Permission.PRINT_VOUCHERS)
    if not 2 <= len(name.strip()) <= 80:
        raise InvalidInput("name", "Give the batch a name of 2 to 80 letters.")
    if not 1 <= quantity <= _QUANTITY_MAX:
        raise InvalidInput("quantity", f"Print 1 to {_QUANTITY_MAX:,} vouchers at a time.")
    if expires_on is not None and expires_on <= billing_today(uow):
        raise InvalidInput("expires_on", "Vouchers must be good for at least one more day.")
    sold = subscription_queries.sold_price(uow.session, plan_price_id)
    if sold is None:
        raise NotFound("price")
    if sold.price.billing_mode is not BillingMode.PREPAID:
        raise InvalidInput("plan_price_id", "Vouchers are for prepaid plans.")
    amount = _worth(uow, sold)
    if not amount.is_positive:
        raise InvalidInput("plan_price_id", "A plan that costs nothing needs no voucher.")
    batch = VoucherBatch(
        name=name.strip(),
        plan_price_id=plan_price_id,
        quantity=quantity,
        amount_minor=amount.minor,
        currency=amount.currency,
        expires_on=expires_on,
        made_by=uow.actor.name,
    )
    uow.session.add(batch)
    uow.session.flush()
    assert batch.id is not None
    printed = tuple(
        PrintedVoucher(f"V{batch.id:05d}-{number:04d}", _new_code()) for number in range(1, quantity + 1)
    )
    uow.session.add_all(
        Voucher(
            batch_id=batch.id,
            serial=voucher.serial,
            code_hash=_hash(vault, voucher.code),
            status=VoucherStatus.UNUSED,
        )
        for voucher in printed
    )
    uow.session.flush()
    record_audit(
        uow, action="print", entity="voucher_batch", entity_id=batch.id, changes={"quantity": quantity}
    )
    return PrintedBatch(VoucherBatchId(batch.id), batch.name, sold.plan.name, amount, expires_on, printed)


def redeem_voucher(uow: UnitOfWork, *, customer_id: CustomerId, code: str, vault: Vault) -> PaymentId:
    """Turn a voucher into money of the customer, which opens a period at once. A voucher is redeemed once.

    Raises NotFound for a customer the actor may not see; InvalidInput for a code that is no voucher; Conflict
    for one that was redeemed, cancelled or is too old.
    """
    require_customer_access(uow.actor, customer_id, Permission.RECORD_PAYMENTS)
    customer = customer_queries.find_customer(uow.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    found = voucher_queries.voucher_by_code(uow.session, code_hash=_hash(vault, code))
    if found is None:
        raise InvalidInput("code", "This is no voucher of ours. Check the code.")
    voucher, batch = found
    assert voucher.id is not None
    lock_row(uow.session, Voucher, voucher.id)
    if voucher.status is not VoucherStatus.UNUSED:
        raise Conflict(f"This voucher was {voucher.status.value} already.")
    if batch.expires_on is not None and batch.expires_on <= billing_today(uow):
        raise Conflict("This voucher is too old.")
    if batch.currency != customer.currency:
        raise Conflict(f"This voucher is worth {batch.currency}, and the account is in {customer.currency}.")
    voucher.status = advance(voucher.status, VoucherStatus.REDEEMED)
    voucher.redeemed_at = uow.now
    voucher.redeemed_by_customer_id = customer_id
    uow.session.flush()
    voucher.payment_id = _settle(uow, voucher, batch, customer.account_number)
    uow.session.flush()
    record_audit(
        uow,
        action="redeem",
        entity="voucher",
        entity_id=voucher.id,
        changes={"serial": voucher.serial, "customer_id": customer_id},
    )
    return PaymentId(voucher.payment_id)


def cancel_batch(uow: UnitOfWork, *, batch_id: VoucherBatchId, reason: str) -> int:
    """Cancel what was not redeemed of a batch, such as lost paper; return how many. Raises NotFound, InvalidInput."""
    require(uow.actor, Permission.PRINT_VOUCHERS)
    if not reason.strip():
        raise InvalidInput("reason", "Say why the vouchers are cancelled.")
    if voucher_queries.find_batch(uow.session, batch_id) is None:
        raise NotFound("voucher batch")
    cancelled = voucher_queries.cancel_unused(uow.session, batch_id=batch_id)
    record_audit(
        uow,
        action="cancel",
        entity="voucher_batch",
        entity_id=batch_id,
        changes={"reason": reason, "cancelled": cancelled},
    )
    return cancelled


def voucher_batches(snapshot: Snapshot, *, request: PageRequest) -> Page[BatchView]:
    """Return a page of the batches for screens, newest first."""
    require(snapshot.actor, Permission.VIEW_VOUCHERS)
    rows = voucher_queries.batches(snapshot.session, limit=request.limit, offset=request.offset)
    return Page(tuple(_view(row) for row in rows), voucher_queries.count_batches(snapshot.session))


def voucher_batch_records(snapshot: Snapshot, *, request: SliceRequest) -> Slice[BatchView]:
    """Return a slice of the batches for programs, newest first."""
    require(snapshot.actor, Permission.VIEW_VOUCHERS)
    rows = voucher_queries.batches(snapshot.session, limit=request.limit + 1, before_id=request.after_id)
    return sliced([_view(row) for row in rows], limit=request.limit, place=lambda view: view.id)


def _view(row: voucher_queries.BatchRow) -> BatchView:
    return BatchView(
        VoucherBatchId(row.id),
        row.name,
        row.plan_name,
        Money(row.amount_minor, row.currency),
        row.quantity,
        row.redeemed,
        row.cancelled,
        row.expires_on,
        row.made_by,
        row.made_at,
    )


def _worth(snapshot: Snapshot, sold: subscription_queries.SoldPrice) -> Money:
    """Return a period's price with its tax, as the paid invoice will say."""
    price = sold.price
    terms = TaxTable(snapshot.session).terms(
        price.tax_group_id, price.tax_behavior, on=billing_today(snapshot)
    )
    (taxed,) = tax_lines([(price.amount_minor, terms)])
    return Money(taxed.net_minor + taxed.tax_minor, price.currency)


def _settle(uow: UnitOfWork, voucher: Voucher, batch: VoucherBatch, account_number: str) -> PaymentId:
    # The subscriber may redeem but not book money: the booking is the house's own act.
    house = UnitOfWork(uow.session, SystemActor(f"voucher {voucher.serial}"), uow.now)
    evidence = PaymentEvidence(
        gateway="voucher",
        grade=EvidenceGrade.STAFF,
        transaction_id=voucher.serial,
        amount=Money(batch.amount_minor, batch.currency),
        received_at=uow.now,
        account_reference=account_number,
    )
    outcome = settle_payment(house, evidence=evidence, evidence_at=uow.now, source="voucher")
    if outcome.settled is not Settled.BOOKED or outcome.payment_id is None:
        raise Conflict("This voucher was redeemed already.")
    for event in house.events:
        uow.emit(event)
    return outcome.payment_id


def _new_code() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH))
    return "-".join(letters[place : place + 4] for place in range(0, CODE_LENGTH, 4))


def _hash(vault: Vault, code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return vault.keyed_hash(plain, context=_CONTEXT)
