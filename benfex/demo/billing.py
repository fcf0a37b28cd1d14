"""What else an ISP's books hold: prepaid people and their vouchers, add-ons, discounts, changes, credit notes.

Each is made by the same act as in life, under the moved clock. Who pays invoices is in `money`.
"""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from benfex.application import Benfex
from benfex.billing.api_views import invoice_records
from benfex.billing.crediting import issue_credit_note
from benfex.catalog.plans import create_plan, publish_price
from benfex.core.actors import SystemActor
from benfex.core.paging import SliceRequest
from benfex.customers.registration import register_customer
from benfex.network.connections import ConnectionSpec
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.settlement import settle_payment
from benfex.payments.vouchers import PrintedBatch, print_vouchers, redeem_voucher
from benfex.subscriptions.api_views import subscription_records
from benfex.subscriptions.lifecycle import end_subscription, start_subscription
from benfex.subscriptions.pausing import pause_subscription
from benfex.subscriptions.plan_changes import change_plan
from benfex.subscriptions.prepaid import renewal_quotes, services_over
from benfex.subscriptions.prepaid_notices import end_prepaid_time
from data.queries import customers as customer_queries
from data.seeds import demo as seeds
from data.values.identifiers import CustomerId, PlanPriceId, RouterId, parse_phone
from data.values.kinds import BillingMode, ChangeTiming, EvidenceGrade, Interval
from data.values.money import Money
from data.values.states import InvoiceStatus, SubscriptionStatus

_DEMO = SystemActor("demo")
_MBPS = 1_000_000
_PREPAID_DAYS = 26  # that long before today the day and week plans are first sold
_VOUCHER_DAYS, _REDEEM_DAYS = 20, 6
_CREDIT_DAYS = 15
# What happens so long before today, to services on which plan.
_CHANGES = {
    34: ("end", "HOME-20"),
    19: ("leave", "FIBRE-50"),
    12: ("up", "HOME-10"),
    8: ("leave", "HOME-10"),
    4: ("down", "HOME-20"),
}


@dataclass(frozen=True, slots=True)
class PrepaidPerson:
    """Someone who buys days or weeks; who is not loyal stops in the end."""

    customer_id: CustomerId
    is_loyal: bool


class DemoBilling:
    """Makes the demo's books richer day by day."""

    def __init__(
        self,
        benfex: Benfex,
        dice: random.Random,
        routers: dict[str, RouterId],
        prices: dict[str, PlanPriceId],
    ) -> None:
        self._plans = prices
        self._benfex = benfex
        self._dice = dice
        self._routers = tuple(routers.values())
        self._prices: list[PlanPriceId] = []
        self._people: list[PrepaidPerson] = []
        self._batch: PrintedBatch | None = None

    def live(self, today: date, *, days_left: int) -> None:
        """Do what happens on a day, after invoices were paid."""
        if days_left == _PREPAID_DAYS:
            self._sell_prepaid()
        if days_left < _PREPAID_DAYS and len(self._people) < len(seeds.PREPAID_PEOPLE):
            self._welcome(len(self._people))
        self._renew(days_left)
        if days_left == _VOUCHER_DAYS:
            self._batch = self._run(
                print_vouchers,
                name="Kiosk at the bus station",
                plan_price_id=self._prices[0],
                quantity=24,
                vault=self._benfex.vault,
            )
        if days_left == _REDEEM_DAYS and self._batch is not None:
            for person, voucher in zip(self._people[:3], self._batch.vouchers, strict=False):
                self._run(
                    redeem_voucher,
                    customer_id=person.customer_id,
                    code=voucher.code,
                    vault=self._benfex.vault,
                )
        if days_left == _CREDIT_DAYS:
            self._credit_an_outage()
        self._change(today, days_left)

    def _run(self, act: Any, **values: Any) -> Any:
        return self._benfex.transactor.run_sync(act, _DEMO, **values)

    def _sell_prepaid(self) -> None:
        for plan in seeds.PREPAID_PLANS:
            plan_id = self._run(
                create_plan,
                code=plan.code,
                name=plan.name,
                download_bps=plan.download_mbps * _MBPS,
                upload_bps=plan.upload_mbps * _MBPS,
            )
            price_id = self._run(
                publish_price,
                plan_id=plan_id,
                amount=Money(plan.price * 100, "KES"),
                interval=Interval(plan.interval),
                billing_mode=BillingMode.PREPAID,
                tax_code="VAT",
            )
            self._prices.append(price_id)

    def _welcome(self, number: int) -> None:
        name = seeds.PREPAID_PEOPLE[number]
        customer_id = self._run(
            register_customer, name=name, phone=parse_phone(f"0790{100_000 + number * 733:06d}")
        )
        self._run(
            start_subscription,
            customer_id=customer_id,
            plan_price_id=self._prices[number % len(self._prices)],
            connection=ConnectionSpec(
                router_id=self._dice.choice(self._routers),
                username=f"prepaid{number + 1:02d}",
                secret=f"{self._dice.randrange(16**8):08x}",
            ),
            vault=self._benfex.vault,
        )
        self._people.append(PrepaidPerson(customer_id, is_loyal=number % 4 != 3))

    def _renew(self, days_left: int) -> None:
        for subscription_id in self._benfex.transactor.read_sync(services_over, _DEMO):
            self._run(end_prepaid_time, subscription_id=subscription_id)
        for person in self._people:
            if not person.is_loyal and days_left < 4:
                continue
            for quote in self._benfex.transactor.read_sync(
                renewal_quotes, _DEMO, customer_id=person.customer_id
            ):
                ends_soon = quote.access_until_at is None or quote.access_until_at < self._soon()
                if ends_soon and quote.missing.is_positive:
                    self._pay(person.customer_id, quote.missing)

    def _soon(self) -> datetime:
        return self._benfex.clock.now() + timedelta(hours=12)

    def _pay(self, customer_id: CustomerId, amount: Money) -> None:
        account, name = self._benfex.transactor.read_sync(_account_of, _DEMO, customer_id=customer_id)
        receipt = "".join(self._dice.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(10))
        evidence = PaymentEvidence(
            gateway="mpesa",
            grade=EvidenceGrade.STATEMENT,
            transaction_id=receipt,
            amount=amount.rounded_up_to(100),
            received_at=self._benfex.clock.now(),
            account_reference=account,
            payer_name=name,
        )
        self._run(settle_payment, evidence=evidence, evidence_at=self._benfex.clock.now(), source="history")

    def _change(self, today: date, days_left: int) -> None:
        """Let people move up, move down at the end of their period, go on leave, and leave for good."""
        if days_left not in _CHANGES:
            return
        active = self._benfex.transactor.read_sync(
            subscription_records, _DEMO, request=SliceRequest(limit=90), status=SubscriptionStatus.ACTIVE
        ).rows
        kind, plan = _CHANGES[days_left]
        mine = [row for row in active if row.plan_code == plan and row.customer_id % 2 == 0]
        for row in mine[:2]:
            subscription_id = row.id
            match kind:
                case "up" | "down":
                    self._run(
                        change_plan,
                        subscription_id=subscription_id,
                        plan_price_id=self._plans["HOME-20" if kind == "up" else "HOME-10"],
                        when=ChangeTiming.NOW if kind == "up" else ChangeTiming.PERIOD_END,
                    )
                case "leave":
                    self._run(
                        pause_subscription,
                        subscription_id=subscription_id,
                        resumes_on=today + timedelta(days=12),
                        reason="Upcountry for the holidays",
                    )
                case _:
                    self._run(end_subscription, subscription_id=subscription_id, reason="Moved away")

    def _credit_an_outage(self) -> None:
        paid = self._benfex.transactor.read_sync(
            invoice_records, _DEMO, request=SliceRequest(limit=60), status=InvoiceStatus.PAID
        )
        for record in [row for row in paid.rows if row.total.minor >= 100_000][:4]:
            self._run(
                issue_credit_note,
                invoice_id=record.id,
                amount=record.total.share(3, 30),
                reason="The line was down for three days",
            )


def _account_of(snapshot: Any, *, customer_id: CustomerId) -> tuple[str, str]:
    customer = customer_queries.find_customer(snapshot.session, customer_id)
    assert customer is not None
    return customer.account_number, customer.name
