"""What a bill run reads and moves on, for many payers at once and as plain columns: an object a row costs more.

For acts on one service the rows themselves are in `subscriptions`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)

from data.columns import UtcDateTime
from data.models.catalog import Plan, PlanPrice
from data.models.invoice import BillRun, ParkedCustomer
from data.models.router import Connection
from data.models.subscription import Subscription, SubscriptionAddOn, SubscriptionDiscount
from data.queries.bulk import Bulk, BulkSelect, Values, alike_together, among_named, unindexed
from data.queries.subscriptions import BILLED_STATES
from data.session import Session
from data.values.kinds import (
    BillingMode,
    BillRunKind,
    CapAction,
    ChargeTiming,
    CycleAlignment,
    DiscountKind,
    SuspensionReason,
)
from data.values.kinds import TaxBehavior as Behavior
from data.values.states import SubscriptionStatus

# So many columns come first in the rows below that only say which row it is and whose.
IDS_FIRST = 2


class SubscriptionRow(NamedTuple):
    """The columns of a subscription that its charges follow from."""

    id: int
    billed_customer_id: int
    plan_price_id: int
    status: SubscriptionStatus
    anchor_day: int
    starts_on: date
    period_starts_on: date
    period_ends_on: date
    charged_through_on: date
    agreed_price_minor: int | None
    alignment: CycleAlignment
    segment: int
    trial_ends_on: date | None
    pending_change_on: date | None
    ends_on: date | None
    resumes_on: date | None
    metered_from_on: date | None


class AddOnRow(NamedTuple):
    """The columns of a recurring add-on that its charges follow from."""

    id: int
    subscription_id: int
    name: str
    unit_minor: int
    quantity: int
    tax_group_id: int | None
    tax_behavior: Behavior
    ends_on: date | None
    charged_through_on: date


class DiscountRow(NamedTuple):
    """The columns of a discount that decide what it takes off."""

    id: int
    subscription_id: int
    name: str
    kind: DiscountKind
    basis_points: int
    amount_minor: int
    periods_left: int | None
    counted_until_on: date | None
    starts_on: date
    ends_on: date | None


class DueService(NamedTuple):
    """A service with all that decides its bill: recurring add-ons and discounts in the order they were added.

    `is_metered` says that its traffic beyond the cap is charged for.
    """

    subscription: SubscriptionRow
    price: PlanPrice
    plan: Plan
    add_ons: tuple[AddOnRow, ...]
    discounts: tuple[DiscountRow, ...]
    is_metered: bool

    @property
    def is_in_arrears(self) -> bool:
        """Return whether periods are billed when they are over."""
        return self.price.timing is ChargeTiming.ARREARS


def _columns(row: type[NamedTuple], table: Any) -> list[Any]:
    return [getattr(table, name) for name in row._fields]


_SUBSCRIPTION = _columns(SubscriptionRow, Subscription)
_ADD_ON = _columns(AddOnRow, SubscriptionAddOn)
_DISCOUNT = _columns(DiscountRow, SubscriptionDiscount)


_SOLD = (
    select(PlanPrice, Plan)
    .join(Plan, Plan.id == PlanPrice.plan_id)
    .where(among_named(PlanPrice.id, "price_ids"))
)
_ADD_ONS = BulkSelect(
    select(*_ADD_ON)
    .where(among_named(SubscriptionAddOn.subscription_id, "subscription_ids"), SubscriptionAddOn.is_recurring)
    .order_by(SubscriptionAddOn.id)
)
_DISCOUNTS = BulkSelect(
    select(*_DISCOUNT)
    .where(among_named(SubscriptionDiscount.subscription_id, "subscription_ids"))
    .order_by(SubscriptionDiscount.id)
)


def due_services_of(
    session: Session, customer_ids: Sequence[int], *, on: date, while_suspended: bool
) -> dict[int, list[DueService]]:
    """Return what these payers may have to be billed for on the day, by payer, oldest service first."""
    asked = _DUE_SUBSCRIPTIONS[while_suspended].rows(session, payer_ids=customer_ids, on=on)
    rows = [SubscriptionRow._make(row) for row in asked]
    of_price = {"price_ids": list({row.plan_price_id for row in rows})}
    sold = {
        price.id: (price, plan, charges_for_usage(plan, price))
        for price, plan in session.execute(_SOLD, of_price)
    }
    ids = [row.id for row in rows]
    add_ons = _by_subscription(AddOnRow, _ADD_ONS.rows(session, subscription_ids=ids))
    discounts = _by_subscription(DiscountRow, _DISCOUNTS.rows(session, subscription_ids=ids))
    found: dict[int, list[DueService]] = {}
    for row in rows:
        price, plan, is_metered = sold[row.plan_price_id]
        service = DueService(
            row, price, plan, tuple(add_ons.get(row.id, ())), tuple(discounts.get(row.id, ())), is_metered
        )
        found.setdefault(row.billed_customer_id, []).append(service)
    return found


def _by_subscription(kind: type[Any], rows: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in map(kind._make, rows):
        found.setdefault(row.subscription_id, []).append(row)
    return found


def payers_due(
    session: Session,
    *,
    on: date,
    while_suspended: bool,
    after_id: int = 0,
    limit: int,
    without_parked: bool = False,
) -> list[int]:
    """Return ids, ascending and above `after_id`, of payers for whom there is something to do on the day.

    `without_parked` leaves out whom a run of that day could not bill.
    """
    statement = _due(select(Subscription.billed_customer_id), on, while_suspended, without_parked)
    return list(
        session.scalars(
            statement.where(Subscription.billed_customer_id > after_id)
            .distinct()
            .order_by(Subscription.billed_customer_id)
            .limit(limit)
        )
    )


def count_payers_due(
    session: Session, *, on: date, while_suspended: bool, after_id: int = 0, without_parked: bool = False
) -> int:
    """Return how many payers `payers_due` would list."""
    counted = select(func.count(Subscription.billed_customer_id.distinct()))
    statement = _due(counted, on, while_suspended, without_parked)
    return session.execute(statement.where(Subscription.billed_customer_id > after_id)).scalar_one()


def arranged_for(session: Session, customer_ids: Sequence[int], *, on: date) -> list[int]:
    """Return ids, ascending, of these payers' services for which something was arranged that is due."""
    return [row[0] for row in _ARRANGED.rows(session, payer_ids=customer_ids, on=on)]


def _due(statement: Select[Any], on: date, while_suspended: bool, without_parked: bool) -> Select[Any]:
    statement = statement.join(PlanPrice, PlanPrice.id == Subscription.plan_price_id).where(
        or_(_charged(on, while_suspended=while_suspended), _arranged(on))
    )
    if without_parked:
        parked = (
            select(ParkedCustomer.customer_id)
            .join(BillRun, BillRun.id == ParkedCustomer.bill_run_id)
            .where(BillRun.billed_on == on, BillRun.kind == BillRunKind.BILLING)
        )
        statement = statement.where(Subscription.billed_customer_id.not_in(parked))
    return statement


def _charged(on: date | BindParameter[Any], *, while_suspended: bool) -> ColumnElement[bool]:
    # Whose data is used up waits for the next period, which only a bill begins.
    is_served = or_(
        Subscription.status != SubscriptionStatus.SUSPENDED,
        Subscription.suspension_reason == SuspensionReason.DATA_CAP,
    )
    return and_(
        Subscription.bills_on <= on,
        or_(*(unindexed(Subscription.status) == row.value for row in sorted(BILLED_STATES))),
        *(() if while_suspended else (is_served,)),
        PlanPrice.billing_mode == BillingMode.POSTPAID,
    )


def _due_subscriptions(*, while_suspended: bool) -> BulkSelect:
    return BulkSelect(
        select(*_SUBSCRIPTION)
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .where(
            among_named(Subscription.billed_customer_id, "payer_ids"),
            _charged(bindparam("on"), while_suspended=while_suspended),
        )
        .order_by(Subscription.id)
    )


_DUE_SUBSCRIPTIONS = {known: _due_subscriptions(while_suspended=known) for known in (False, True)}


def _arranged(on: date | BindParameter[Any]) -> ColumnElement[bool]:
    return and_(
        Subscription.bills_on <= on,
        Subscription.status != SubscriptionStatus.ENDED,
        or_(
            Subscription.pending_change_on <= on,
            Subscription.ends_on <= on,
            and_(Subscription.resumes_on <= on, Subscription.status == SubscriptionStatus.PAUSED),
        ),
    )


_ARRANGED = BulkSelect(
    select(Subscription.id)
    .where(among_named(Subscription.billed_customer_id, "payer_ids"), _arranged(bindparam("on")))
    .order_by(Subscription.id)
)
_MOVES = Bulk(
    update(Subscription)
    .where(among_named(Subscription.id, "subscription_ids"))
    .values(
        charged_through_on=bindparam("charged_through"),
        period_starts_on=bindparam("period_starts"),
        period_ends_on=bindparam("period_ends"),
        bills_on=bindparam("bills"),
        version=Subscription.version + literal_column("1"),
        updated_at=bindparam("now", type_=UtcDateTime),
    ),
    ("subscription_ids", "charged_through", "period_starts", "period_ends", "bills", "now"),
)
_ADD_ON_MOVES = Bulk(
    update(SubscriptionAddOn)
    .where(among_named(SubscriptionAddOn.id, "add_on_ids"))
    .values(charged_through_on=bindparam("charged_through"), updated_at=bindparam("now", type_=UtcDateTime)),
    ("add_on_ids", "charged_through", "now"),
)
_DISCOUNT_MOVES = Bulk(
    update(SubscriptionDiscount)
    .where(among_named(SubscriptionDiscount.id, "discount_ids"))
    .values(
        periods_left=SubscriptionDiscount.periods_left - bindparam("used"),
        counted_until_on=bindparam("counted_until"),
        updated_at=bindparam("now", type_=UtcDateTime),
    ),
    ("discount_ids", "used", "counted_until", "now"),
)


def move_services(
    session: Session, services: Sequence[Values], add_ons: Sequence[Values], discounts: Sequence[Values]
) -> None:
    """Note what was charged, and forget what the session knows of these rows.

    Services: id, charged through, period's start and end, bills on. Add-ons: id, charged through. Discounts: id,
    periods used, the end of the last one. Each id stands in one row only.
    """
    session.flush()
    now: datetime = session.info["now"]
    for bulk, rows in ((_MOVES, services), (_ADD_ON_MOVES, add_ons), (_DISCOUNT_MOVES, discounts)):
        bulk.run(session, [(*row, now) for row in alike_together(rows)])
    session.expire_all()


class MeteredLine(NamedTuple):
    """The line of a service whose traffic beyond the cap is charged for."""

    subscription_id: int
    connection_id: int


def metered_lines(session: Session, subscription_ids: Sequence[int]) -> list[MeteredLine]:
    """Return the lines in use of these services."""
    rows = session.execute(
        select(Connection.subscription_id, Connection.id).where(
            Connection.subscription_id.in_(subscription_ids), Connection.removed_at.is_(None)
        )
    )
    return [MeteredLine(*row) for row in rows]


def charges_for_usage(plan: Plan, price: PlanPrice) -> bool:
    """Return whether traffic beyond the cap is charged for."""
    return (
        plan.cap_action is CapAction.CHARGE
        and plan.data_cap_bytes is not None
        and price.overage_minor is not None
    )
