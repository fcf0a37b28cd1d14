"""Customers, their services and their invoices."""

from dataclasses import dataclass
from datetime import date

from benfex.billing.charges import ChargeLine
from benfex.billing.invoicing import issue_invoice
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot
from benfex.customers.registration import register_customer
from benfex.network.connections import ConnectionSpec
from benfex.subscriptions.lifecycle import start_subscription, suspend_subscription
from data.models.customer import Customer
from data.values.identifiers import (
    AccountNumber,
    CustomerId,
    InvoiceId,
    PhoneNumber,
    PlanPriceId,
    RouterId,
    SubscriptionId,
    parse_phone,
)
from data.values.kinds import LineKind, SuspensionReason
from data.values.money import Money
from tests.conftest import Run
from tests.factories.isp import VAULT, kes, make_price, make_router


@dataclass(frozen=True, slots=True)
class MadeCustomer:
    """A customer as the payer knows themselves."""

    customer_id: CustomerId
    account_number: AccountNumber
    phone: PhoneNumber


@dataclass(frozen=True, slots=True)
class MadeService:
    """A customer with a service on a router, and the first invoice of it."""

    customer: MadeCustomer
    subscription_id: SubscriptionId
    price_id: PlanPriceId
    router_id: RouterId

    @property
    def customer_id(self) -> CustomerId:
        return self.customer.customer_id


def make_customer(run: Run, *, name: str = "Amina Wanjiru", phone: str = "0708374149") -> MadeCustomer:
    """Register a customer."""
    number = parse_phone(phone)
    customer_id = run(register_customer, name=name, phone=number)
    return MadeCustomer(customer_id, run.read(_account_number, customer_id=customer_id), number)


def make_service(
    run: Run,
    *,
    customer: MadeCustomer | None = None,
    price_id: PlanPriceId | None = None,
    router_id: RouterId | None = None,
    starts_on: date | None = None,
    username: str = "amina",
) -> MadeService:
    """Start a service; its first period is invoiced at once."""
    customer = customer or make_customer(run)
    price_id = price_id or make_price(run)
    router_id = router_id or make_router(run)
    subscription_id = run(
        start_subscription,
        customer_id=customer.customer_id,
        plan_price_id=price_id,
        connection=ConnectionSpec(router_id, username, f"secret of {username}".replace(" ", "-")),
        vault=VAULT,
        starts_on=starts_on,
    )
    return MadeService(customer, subscription_id, price_id, router_id)


def suspend(
    run: Run, service: MadeService, *, reason: SuspensionReason = SuspensionReason.NON_PAYMENT
) -> None:
    """Suspend a service."""
    run(suspend_subscription, subscription_id=service.subscription_id, reason=reason)


def work(amount: Money) -> ChargeLine:
    """Return a line that is no period of a service."""
    return ChargeLine(kind=LineKind.ADJUSTMENT, description="Work at the house", unit=amount)


def make_invoice(
    run: Run, customer: MadeCustomer, *, amount: Money | None = None, issued_on: date | None = None
) -> InvoiceId:
    """Issue an invoice over one line, today unless said otherwise."""
    return run(
        issue_invoice,
        customer_id=customer.customer_id,
        lines=[work(amount or kes(1_500))],
        issued_on=issued_on or run.read(billing_today),
    )


def _account_number(snapshot: Snapshot, *, customer_id: CustomerId) -> AccountNumber:
    customer = snapshot.session.get(Customer, customer_id)
    assert customer is not None
    return AccountNumber(customer.account_number)
