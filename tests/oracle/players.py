"""Play one history twice: in the oracle's books, and with the real acts under a moved clock."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import count

from sqlalchemy import select
from sqlmodel import col

from benfex.catalog.plans import create_plan, publish_price
from benfex.catalog.taxes import create_tax_group, set_tax_rate
from benfex.core.clock import MovedClock
from benfex.core.events import EventBus
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.network.connections import ConnectionSpec
from benfex.payments.cash import record_cash_payment
from benfex.subscriptions.add_ons import AddOnSale
from benfex.subscriptions.bill_run import BillRunner
from benfex.subscriptions.lifecycle import start_subscription
from data.models.catalog import AddOn as AddOnRow
from data.models.catalog import Discount as DiscountRow
from data.models.catalog import PlanPrice, TaxRate
from data.models.invoice import CreditNote as CreditNoteRow
from data.models.invoice import Invoice as InvoiceRow
from data.models.invoice import InvoiceLine, InvoiceLineTax
from data.models.subscription import Subscription
from data.queries import ledger as ledger_queries
from data.values.identifiers import AddOnId, CustomerId, DiscountId, PlanPriceId, RouterId, SubscriptionId
from data.values.kinds import CashMethod, ChargeTiming, CycleAlignment, DiscountKind, Interval, TaxBehavior
from data.values.money import Money
from tests.conftest import Run
from tests.factories.customers import make_customer
from tests.factories.isp import SYSTEM, VAULT, make_router, set_up_isp
from tests.factories.services import set_terms
from tests.oracle.calculator import AddOn, Books, Discount, Price, Tax
from tests.oracle.histories import FIRST_DAY, History, Step

MORNING = time(7, tzinfo=UTC)  # ten o'clock in Nairobi


@dataclass(frozen=True, slots=True)
class Picture:
    """What both books can be compared by. Lines are (service, start, end, net, {tax: amount}), as text."""

    invoices: tuple[str, ...]
    credit_notes: tuple[str, ...]
    balance: int
    next_dates: tuple[str, ...]


class OraclePlayer:
    """Plays a history in the oracle's books, and says which steps are possible."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.books = Books(history.policy)
        self.names = count(1)

    def can_play(self, step: Step) -> bool:
        """Say whether the step makes sense where the customer stands."""
        match step.kind:
            case "start" | "bill":
                return True
            case "pay":
                return self.books.balance > 0
        if step.service >= len(self.books.services):
            return False
        return False

    def play(self, step: Step) -> None:
        """Let the step happen."""
        books, history = self.books, self.history
        match step.kind:
            case "bill":
                books.bill(step.day)
            case "pay":
                books.paid += books.balance
            case "start":
                price = history.prices[step.offer]
                discounts = [self._discount(number, step) for number in step.offers]
                add_ons = [self._add_on(number, step) for number in range(step.number)]
                books.start(step.day, price, discounts, add_ons)

    def picture(self) -> Picture:
        """Return what the oracle says."""
        books = self.books
        invoices = [
            _invoice_text(
                invoice.on,
                invoice.total,
                [
                    _line_text(
                        line.service + 1,
                        line.starts_on,
                        line.ends_on,
                        line.net,
                        {code: tax for code, tax in line.tax.items() if tax},
                    )
                    for line in invoice.lines
                ],
            )
            for invoice in books.invoices
        ]
        return Picture(
            tuple(invoices),
            tuple(_note_text(note.on, note.invoice + 1, note.gross, note.tax) for note in books.credit_notes),
            books.balance,
            tuple(str(books.next_billing_date(service)) for service in books.services),
        )

    def _discount(self, number: int, step: Step) -> Discount:
        offer = self.history.discounts[number]
        return Discount(offer.percent, offer.amount, offer.periods, step.day)

    def _add_on(self, number: int, step: Step) -> AddOn:
        offer = self.history.add_ons[number]
        return AddOn(
            f"addon:{next(self.names)}", offer.unit, 1 + number, offer.taxes, offer.has_tax_inside, step.day
        )


@dataclass(slots=True)
class EnginePlayer:
    """Plays a history with the real acts."""

    run: Run
    clock: MovedClock
    history: History
    customer_id: CustomerId = field(init=False)
    router_id: RouterId = field(init=False)
    price_ids: list[PlanPriceId] = field(default_factory=list)
    discount_ids: list[DiscountId] = field(default_factory=list)
    add_on_ids: list[AddOnId] = field(default_factory=list)
    services: list[SubscriptionId] = field(default_factory=list)

    def set_up(self) -> None:
        """Sell what the history sells, under its policy."""
        self.clock.move_to(datetime.combine(FIRST_DAY, MORNING))
        set_up_isp(self.run)
        policy = self.history.policy
        set_terms(
            self.run,
            billing_day=policy.billing_day,
            alignment=CycleAlignment(policy.alignment),
            credits_on_end=policy.credits_on_end,
            credits_on_pause=policy.credits_on_pause,
            breaker_invoice_percent=0,
        )
        self.customer_id = make_customer(self.run).customer_id
        self.router_id = make_router(self.run)
        self.price_ids, self.discount_ids, self.add_on_ids = self.run(_make_offers, history=self.history)

    def play(self, step: Step, owed: int) -> None:
        """Let the step happen; `owed` is what a payment pays."""
        self.clock.move_to(max(self.clock.now(), datetime.combine(step.day, MORNING)))
        match step.kind:
            case "bill":
                result = BillRunner(self.run.transactor, EventBus()).run_sync(SYSTEM, on=step.day)
                assert not result.parked, result.parked
            case "pay":
                self.run(
                    record_cash_payment,
                    customer_id=self.customer_id,
                    amount=Money(owed, "KES"),
                    method=CashMethod.CASH,
                    reference=f"R{owed}-{step.day}",
                )
            case "start":
                self.services.append(
                    self.run(
                        start_subscription,
                        customer_id=self.customer_id,
                        plan_price_id=self.price_ids[step.offer],
                        connection=ConnectionSpec(
                            self.router_id, f"home{len(self.services)}", "a-secret-word"
                        ),
                        vault=VAULT,
                        discounts=[self.discount_ids[number] for number in step.offers],
                        add_ons=[
                            AddOnSale(self.add_on_ids[number], 1 + number) for number in range(step.number)
                        ],
                    )
                )

    def picture(self) -> Picture:
        """Return what the engine's rows say."""
        return self.run.read(_picture, customer_id=self.customer_id)


def _group_ids(uow: UnitOfWork, history: History) -> dict[tuple[Tax, ...], int | None]:
    """Put the history's taxes in force, and return the group of each combination."""
    groups: dict[tuple[Tax, ...], int | None] = {(): None}
    for number, taxes in enumerate(filter(None, history.taxes)):
        for tax in taxes:
            _set_rates(uow, tax=tax)
        parts = [(tax.code, tax.compound_on) for tax in taxes]
        groups[taxes] = create_tax_group(uow, code=f"GROUP-{number}", name="Taxes", parts=parts)
    return groups


def _set_rates(uow: UnitOfWork, *, tax: Tax) -> None:
    known = {(rate.code, rate.valid_from_on) for rate in uow.session.scalars(select(TaxRate))}
    for since, percent in tax.rates:
        if (tax.code, since) not in known:
            set_tax_rate(
                uow, code=tax.code, name=tax.code, basis_points=int(percent * 100), valid_from_on=since
            )


def _sell_plan(uow: UnitOfWork, *, number: int, price: Price, group_id: int | None) -> PlanPriceId:
    code = f"PLAN-{number}"
    plan_id = create_plan(uow, code=code, name=code, download_bps=10_000_000, upload_bps=5_000_000)
    price_id = publish_price(uow, plan_id=plan_id, amount=Money(price.amount, "KES"))
    row = uow.session.get(PlanPrice, price_id)
    assert row is not None
    row.interval, row.interval_count = Interval(price.unit), price.count
    row.timing = ChargeTiming.ARREARS if price.in_arrears else ChargeTiming.ADVANCE
    row.setup_fee_minor, row.trial_days = price.setup_fee, price.trial_days
    row.minimum_term_months, row.early_termination_fee_minor = price.minimum_months, price.early_end_fee
    row.tax_group_id, row.tax_behavior = group_id, _behavior(has_tax_inside=price.has_tax_inside)
    return price_id


def _make_offers(
    uow: UnitOfWork, *, history: History
) -> tuple[list[PlanPriceId], list[DiscountId], list[AddOnId]]:
    groups = _group_ids(uow, history)
    prices = [
        _sell_plan(uow, number=number, price=price, group_id=groups[price.taxes])
        for number, price in enumerate(history.prices)
    ]
    discounts = [
        DiscountRow(
            code=f"LESS-{number}",
            name=f"Less {number}",
            kind=DiscountKind.PERCENT if offer.percent else DiscountKind.FIXED,
            basis_points=int(offer.percent * 100),
            amount_minor=offer.amount,
            currency="KES",
            periods=offer.periods,
            valid_from_on=FIRST_DAY,
        )
        for number, offer in enumerate(history.discounts)
    ]
    add_ons = [
        AddOnRow(
            code=f"MORE-{number}",
            name=f"More {number}",
            amount_minor=offer.unit,
            currency="KES",
            is_recurring=True,
            tax_group_id=groups[offer.taxes],
            tax_behavior=_behavior(has_tax_inside=offer.has_tax_inside),
        )
        for number, offer in enumerate(history.add_ons)
    ]
    uow.session.add_all([*discounts, *add_ons])
    uow.session.flush()
    discount_ids = [DiscountId(row.id or 0) for row in discounts]
    return prices, discount_ids, [AddOnId(row.id or 0) for row in add_ons]


def _behavior(*, has_tax_inside: bool) -> TaxBehavior:
    return TaxBehavior.INCLUSIVE if has_tax_inside else TaxBehavior.EXCLUSIVE


def _picture(snapshot: Snapshot, *, customer_id: CustomerId) -> Picture:
    session = snapshot.session
    codes = {rate.id: rate.code for rate in session.scalars(select(TaxRate))}
    taxes = defaultdict[int, dict[str, int]](dict)
    for row in session.scalars(select(InvoiceLineTax)):
        if row.tax_minor:
            taxes[row.line_id][codes[row.tax_rate_id]] = row.tax_minor
    lines = defaultdict[int, list[str]](list)
    for line in session.scalars(select(InvoiceLine)):
        assert line.id is not None
        assert line.tax_minor == sum(taxes[line.id].values())
        lines[line.invoice_id].append(
            _line_text(
                line.subscription_id or 0,
                line.period_starts_on,
                line.period_ends_on,
                line.amount_minor,
                taxes[line.id],
            )
        )
    invoices = session.scalars(select(InvoiceRow).order_by(col(InvoiceRow.id))).all()
    places = {invoice.id: place for place, invoice in enumerate(invoices, 1)}
    notes = session.scalars(select(CreditNoteRow).order_by(col(CreditNoteRow.id)))
    services = session.scalars(select(Subscription).order_by(col(Subscription.id)))
    return Picture(
        tuple(_invoice_text(row.issued_on, row.total_minor, lines[row.id or 0]) for row in invoices),
        tuple(
            _note_text(note.issued_on, places[note.invoice_id], note.total_minor, note.tax_minor)
            for note in notes
        ),
        ledger_queries.receivable_balance(session, customer_id=customer_id, currency="KES"),
        tuple(str(service.bills_on) for service in services),
    )


def _line_text(service: int, start: date | None, end: date | None, net: int, taxes: dict[str, int]) -> str:
    return f"service {service} {start} to {end}: {net} + {sorted(taxes.items())}"


def _invoice_text(on: date | None, total: int, lines: list[str]) -> str:
    return f"{on} total {total}\n    " + "\n    ".join(sorted(lines))


def _note_text(on: date, invoice: int, gross: int, tax: int) -> str:
    return f"{on} on invoice {invoice}: {gross} with tax {tax}"
