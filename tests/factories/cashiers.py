"""People who take cash, and what they do at their drawer."""

from dataclasses import dataclass
from itertools import count

from benfex.core.actors import StaffActor
from benfex.core.unit_of_work import Snapshot
from benfex.identity.staff import create_staff
from benfex.payments.cash import record_cash_payment
from benfex.payments.shifts import close_shift
from data.queries import payments as payment_queries
from data.values.identifiers import PaymentId, ShiftId
from data.values.kinds import CashMethod
from data.values.money import Money
from data.values.roles import Role
from tests.conftest import Run
from tests.factories.customers import MadeCustomer

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class ByHand:
    """What a payment by hand carries besides its amount."""

    receipt_number: str | None
    reference: str
    shift_id: int | None


def make_cashier(run: Run, *, role: Role = Role.ACCOUNTANT, name: str = "Njeri") -> StaffActor:
    """Hire somebody who may take money."""
    email = f"cashier{next(_numbers)}@isp.ke"
    user_id = run(create_staff, name=name, email=email, role=role, password_hash="no password")
    return StaffActor(user_id, role, name)


def take_cash(
    run: Run,
    customer: MadeCustomer,
    amount: Money,
    *,
    method: CashMethod = CashMethod.CASH,
    reference: str = "",
) -> PaymentId:
    """Take money from a customer by hand."""
    return run(
        record_cash_payment,
        customer_id=customer.customer_id,
        amount=amount,
        method=method,
        reference=reference,
    )


def close_shift_with(run: Run, shift_id: ShiftId, *, counted: Money, note: str = "") -> Money:
    """Count a drawer and close it; return how much is over."""
    return run(close_shift, shift_id=shift_id, counted=counted, note=note)


def by_hand(snapshot: Snapshot, *, payment_id: PaymentId) -> ByHand:
    """Return what a payment by hand carries."""
    payment = payment_queries.find_payment(snapshot.session, payment_id)
    assert payment is not None
    return ByHand(payment.receipt_number, payment.gateway_transaction_id, payment.shift_id)
