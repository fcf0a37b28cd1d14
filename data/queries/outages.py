"""SELECTs of outages: which last, which were when, whom they touched, and what is still to be credited."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from data.models.catalog import PlanPrice
from data.models.customer import Customer
from data.models.invoice import Invoice, InvoiceLine
from data.models.outage import OutageCredit, RouterOutage
from data.models.router import Connection, Router
from data.models.subscription import Subscription
from data.queries.credit_notes import CREDITABLE
from data.session import Session
from data.values.kinds import ChargeTiming, LineKind
from data.values.states import RouterStatus, SubscriptionStatus


class OutageRow(NamedTuple):
    """One outage and its router."""

    id: int
    router_id: int
    router_name: str
    site: str
    began_at: datetime
    ended_at: datetime | None
    reason: str
    lines: int
    credits: int


class TouchedService(NamedTuple):
    """A service that an outage touched."""

    subscription_id: int
    customer_id: int
    billed_customer_id: int


class WaitingCredit(NamedTuple):
    """A service whose credit for an outage waited for its bill."""

    outage_id: int
    subscription_id: int
    customer_id: int
    billed_customer_id: int
    began_at: datetime
    ended_at: datetime


class PriceLine(NamedTuple):
    """What an invoice bills of a plan's price: gross with discounts off, and what may still be credited."""

    invoice_id: int
    line_id: int
    currency: str
    gross_minor: int
    left_of_line_minor: int
    left_of_invoice_minor: int
    starts_on: date
    ends_on: date


def open_outage(session: Session, router_id: int) -> RouterOutage | None:
    """Return the outage of a router that lasts, or None."""
    return session.scalars(
        select(RouterOutage).where(RouterOutage.router_id == router_id, RouterOutage.ended_at.is_(None))
    ).one_or_none()


def find_outage(session: Session, outage_id: int) -> RouterOutage | None:
    """Return the outage, or None."""
    return session.get(RouterOutage, outage_id, populate_existing=True)


def outages(
    session: Session, *, is_open: bool | None, router_id: int | None, limit: int, offset: int
) -> list[OutageRow]:
    """Return one page of outages, the latest first."""
    credits = (
        select(func.count())
        .where(OutageCredit.outage_id == RouterOutage.id, OutageCredit.amount_minor > 0)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            RouterOutage.id,
            RouterOutage.router_id,
            Router.name,
            Router.site,
            RouterOutage.began_at,
            RouterOutage.ended_at,
            RouterOutage.reason,
            RouterOutage.lines,
            credits,
        )
        .join(Router, Router.id == RouterOutage.router_id)
        .where(*_fits(is_open, router_id))
        .order_by(RouterOutage.began_at.desc(), RouterOutage.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [OutageRow(*row) for row in rows]


def count_outages(session: Session, *, is_open: bool | None, router_id: int | None) -> int:
    """Return how many outages fit."""
    return session.execute(
        select(func.count()).select_from(RouterOutage).where(*_fits(is_open, router_id))
    ).scalar_one()


def outages_within(
    session: Session, *, since: datetime, until: datetime
) -> list[tuple[int, datetime, datetime | None]]:
    """Return (router, began, ended) of the outages that overlap a span, by router and beginning."""
    rows = session.execute(
        select(RouterOutage.router_id, RouterOutage.began_at, RouterOutage.ended_at)
        .where(
            RouterOutage.began_at < until,
            or_(RouterOutage.ended_at.is_(None), RouterOutage.ended_at > since),
        )
        .order_by(RouterOutage.router_id, RouterOutage.began_at)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def routers_with_sites(session: Session) -> list[tuple[int, str, str, datetime]]:
    """Return (router, name, site, since when) of the routers that are not retired, by site and name."""
    rows = session.execute(
        select(Router.id, Router.name, Router.site, Router.created_at)
        .where(Router.status != RouterStatus.RETIRED)
        .order_by(Router.site, Router.name)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def untold(session: Session, *, began_before: datetime, limit: int = 50) -> list[RouterOutage]:
    """Return outages that last for a while and that nobody was told of, oldest first."""
    return list(
        session.scalars(
            select(RouterOutage)
            .where(
                RouterOutage.ended_at.is_(None),
                RouterOutage.told_at.is_(None),
                RouterOutage.began_at <= began_before,
            )
            .order_by(RouterOutage.began_at, RouterOutage.id)
            .limit(limit)
        )
    )


def router_and_site(session: Session, router_id: int) -> tuple[str, str]:
    """Return the name and the site of a router."""
    row = session.execute(select(Router.name, Router.site).where(Router.id == router_id)).one()
    return row[0], row[1]


def to_credit(session: Session, *, limit: int) -> list[tuple[int, int, datetime, datetime]]:
    """Return (outage, router, began, ended) of ended outages whose credits are not worked out, oldest first."""
    rows = session.execute(
        select(RouterOutage.id, RouterOutage.router_id, RouterOutage.began_at, RouterOutage.ended_at)
        .where(RouterOutage.ended_at.is_not(None), RouterOutage.credited_at.is_(None))
        .order_by(RouterOutage.ended_at, RouterOutage.id)
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def touched_services(
    session: Session, *, outage_id: int, router_id: int, began_at: datetime, ended_at: datetime, limit: int
) -> list[TouchedService]:
    """Return services that had a line on the router all the time and no credit for this outage yet, by id.

    Who was off before it began, by a suspension or a pause that still stands, lost nothing by it.
    """
    done = select(OutageCredit.id).where(
        OutageCredit.outage_id == outage_id, OutageCredit.subscription_id == Subscription.id
    )
    rows = session.execute(
        select(Subscription.id, Subscription.customer_id, Subscription.billed_customer_id)
        .join(Connection, Connection.subscription_id == Subscription.id)
        .where(
            Connection.router_id == router_id,
            Connection.created_at <= began_at,
            or_(Connection.removed_at.is_(None), Connection.removed_at >= ended_at),
            or_(Subscription.suspended_at.is_(None), Subscription.suspended_at > began_at),
            or_(Subscription.paused_at.is_(None), Subscription.paused_at > began_at),
            ~done.exists(),
        )
        .order_by(Subscription.id)
        .limit(limit)
    )
    return [TouchedService(*row) for row in rows]


def credit_of(session: Session, *, outage_id: int, subscription_id: int) -> OutageCredit | None:
    """Return what a service was credited for an outage, or waits for; None where it was not looked at."""
    return session.scalars(
        select(OutageCredit).where(
            OutageCredit.outage_id == outage_id, OutageCredit.subscription_id == subscription_id
        )
    ).one_or_none()


def is_billed_later(session: Session, *, subscription_id: int, day: date) -> bool:
    """Tell whether a running service in arrears has no bill yet that holds a day."""
    found = (
        select(Subscription.id)
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .where(
            Subscription.id == subscription_id,
            Subscription.status != SubscriptionStatus.ENDED,
            PlanPrice.timing == ChargeTiming.ARREARS,
            Subscription.charged_through_on <= day,
        )
    )
    return session.execute(found).first() is not None


def waiting_credits(session: Session, *, limit: int) -> list[WaitingCredit]:
    """Return services whose bill for the time of an outage is there by now, or never comes, by id."""
    rows = session.execute(
        select(
            OutageCredit.outage_id,
            Subscription.id,
            Subscription.customer_id,
            Subscription.billed_customer_id,
            RouterOutage.began_at,
            RouterOutage.ended_at,
        )
        .join(RouterOutage, RouterOutage.id == OutageCredit.outage_id)
        .join(Subscription, Subscription.id == OutageCredit.subscription_id)
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .where(
            OutageCredit.waits_until_on.is_not(None),
            or_(
                Subscription.charged_through_on > OutageCredit.waits_until_on,
                Subscription.status == SubscriptionStatus.ENDED,
                PlanPrice.timing != ChargeTiming.ARREARS,
            ),
        )
        .order_by(OutageCredit.id)
        .limit(limit)
    )
    return [WaitingCredit(*row) for row in rows]


def price_lines(session: Session, *, subscription_id: int, from_on: date, until_on: date) -> list[PriceLine]:
    """Return what was billed of the plan's price for days in `[from_on, until_on]` and may be credited, discounts off.

    By invoice and line; each day stands in one of them, the latest that bills it.
    """
    taken_off = aliased(InvoiceLine)
    discounts = (
        select(func.coalesce(func.sum(taken_off.amount_minor + taken_off.tax_minor), 0))
        .where(
            taken_off.invoice_id == InvoiceLine.invoice_id,
            taken_off.subscription_id == subscription_id,
            taken_off.kind == LineKind.DISCOUNT,
            taken_off.period_starts_on == InvoiceLine.period_starts_on,
        )
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Invoice.id,
            InvoiceLine.id,
            Invoice.currency,
            InvoiceLine.amount_minor + InvoiceLine.tax_minor + discounts,
            InvoiceLine.amount_minor + InvoiceLine.tax_minor - InvoiceLine.credited_minor,
            Invoice.total_minor - Invoice.credited_minor,
            InvoiceLine.period_starts_on,
            InvoiceLine.period_ends_on,
        )
        .join(InvoiceLine, InvoiceLine.invoice_id == Invoice.id)
        .where(
            InvoiceLine.subscription_id == subscription_id,
            InvoiceLine.item == "price",
            InvoiceLine.period_starts_on <= until_on,
            InvoiceLine.period_ends_on > from_on,
            Invoice.status.in_(CREDITABLE),
        )
        .order_by(InvoiceLine.period_starts_on, Invoice.id)
    )
    # A sum is a decimal on PostgreSQL.
    return [PriceLine(*row[:3], *(int(figure) for figure in row[3:6]), *row[6:]) for row in rows]


def credits_of(session: Session, outage_id: int) -> list[tuple[int, str, int, str]]:
    """Return (customer, name, amount, currency) of what was credited for an outage, by name."""
    rows = session.execute(
        select(Customer.id, Customer.name, OutageCredit.amount_minor, OutageCredit.currency)
        .join(Subscription, Subscription.id == OutageCredit.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .where(OutageCredit.outage_id == outage_id, OutageCredit.amount_minor > 0)
        .order_by(Customer.name, Customer.id)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def _fits(is_open: bool | None, router_id: int | None) -> list[ColumnElement[bool]]:
    fits: list[ColumnElement[bool]] = []
    if is_open is not None:
        fits.append(RouterOutage.ended_at.is_(None) if is_open else RouterOutage.ended_at.is_not(None))
    if router_id is not None:
        fits.append(RouterOutage.router_id == router_id)
    return fits
