"""What is sold beside plans, and what is taken off their prices: add-ons and discounts, created and archived."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from benfex.catalog.taxes import TaxChoice, TaxTable
from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.models.catalog import AddOn, Discount
from data.queries import extras as extra_queries
from data.queries import plans as plan_queries
from data.values.errors import AlreadyExists, AmountOutOfRange, Conflict, InvalidInput, NotFound
from data.values.identifiers import AddOnId, DiscountId
from data.values.kinds import DiscountKind, TaxBehavior
from data.values.money import Money
from data.values.roles import Permission

_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,23}")
_PERIODS_MAX = 120

_DATA_MAX = 10**15


@dataclass(frozen=True, slots=True)
class AddOnView:
    """An add-on: recurring is charged each period of the service, else once. `archived_at` None while it is sold."""

    id: AddOnId
    code: str
    name: str
    amount: Money
    is_recurring: bool
    tax: TaxChoice | None
    tax_behavior: TaxBehavior
    data_bytes: int | None
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class DiscountView:
    """A discount: `basis_points` of the price or `amount` a period, for `periods` or for good (None).

    It may be given from `valid_from_on` until before `valid_until_on`.
    """

    id: DiscountId
    code: str
    name: str
    kind: DiscountKind
    basis_points: int
    amount: Money
    periods: int | None
    valid_from_on: date
    valid_until_on: date | None
    archived_at: datetime | None
    is_given: bool


def add_ons(snapshot: Snapshot) -> tuple[AddOnView, ...]:
    """Return all add-ons, those on sale first, by name."""
    require(snapshot.actor, Permission.VIEW_PLANS)
    taxes, today = TaxTable(snapshot.session), billing_today(snapshot)
    return tuple(
        AddOnView(
            id=AddOnId(row.id or 0),
            code=row.code,
            name=row.name,
            amount=Money(row.amount_minor, row.currency),
            is_recurring=row.is_recurring,
            tax=taxes.choice(row.tax_group_id, on=today),
            tax_behavior=row.tax_behavior,
            data_bytes=row.data_bytes,
            archived_at=row.archived_at,
        )
        for row in extra_queries.all_add_ons(snapshot.session)
    )


def discounts(snapshot: Snapshot) -> tuple[DiscountView, ...]:
    """Return all discounts, those that are not archived first, by name."""
    require(snapshot.actor, Permission.VIEW_PLANS)
    today = billing_today(snapshot)
    return tuple(
        DiscountView(
            id=DiscountId(row.id or 0),
            code=row.code,
            name=row.name,
            kind=row.kind,
            basis_points=row.basis_points,
            amount=Money(row.amount_minor, row.currency),
            periods=row.periods,
            valid_from_on=row.valid_from_on,
            valid_until_on=row.valid_until_on,
            archived_at=row.archived_at,
            is_given=row.archived_at is None
            and row.valid_from_on <= today
            and (row.valid_until_on is None or today < row.valid_until_on),
        )
        for row in extra_queries.all_discounts(snapshot.session)
    )


def create_add_on(
    uow: UnitOfWork,
    *,
    code: str,
    name: str,
    amount: Money,
    is_recurring: bool,
    tax_code: str | None = None,
    tax_behavior: TaxBehavior = TaxBehavior.INCLUSIVE,
    data_bytes: int | None = None,
) -> AddOnId:
    """Sell an add-on; its price never changes, another price is another add-on.

    With `data_bytes` it is a pack of data for the period in which it is sold, charged once.
    Raises InvalidInput naming the field, AmountOutOfRange, AlreadyExists for a code that is taken.
    """
    require(uow.actor, Permission.EDIT_PLANS)
    code, name = _checked_names(code, name)
    if amount.is_negative:
        raise AmountOutOfRange("amount", "A price cannot be negative.")
    if data_bytes is not None and (is_recurring or not 0 < data_bytes <= _DATA_MAX):
        raise InvalidInput("data_bytes", "A pack of data is charged once, and holds up to 1,000 TB.")
    if extra_queries.add_on_by_code(uow.session, code) is not None:
        raise AlreadyExists("code", f"There is an add-on {code} already.")
    tax = plan_queries.tax_group_by_code(uow.session, tax_code.strip().upper()) if tax_code else None
    if tax_code and tax is None:
        raise InvalidInput("tax_code", f"There is no tax {tax_code}.")
    row = AddOn(
        code=code,
        name=name,
        amount_minor=amount.minor,
        currency=amount.currency,
        is_recurring=is_recurring,
        tax_group_id=tax.id if tax else None,
        tax_behavior=tax_behavior,
        data_bytes=data_bytes,
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    record_audit(uow, action="create", entity="add_on", entity_id=row.id, changes={"code": code})
    return AddOnId(row.id)


def archive_add_on(uow: UnitOfWork, *, add_on_id: AddOnId) -> None:
    """Sell an add-on no more; services that have it keep it. Raises NotFound, Conflict when it is archived."""
    _archive(uow, extra_queries.find_add_on(uow.session, add_on_id), "add-on")


def create_discount(
    uow: UnitOfWork,
    *,
    code: str,
    name: str,
    kind: DiscountKind,
    basis_points: int = 0,
    amount: Money | None = None,
    periods: int | None = None,
    valid_from_on: date | None = None,
    valid_until_on: date | None = None,
) -> DiscountId:
    """Offer a discount: a percentage in basis points, or a fixed amount a period.

    `periods` None takes it off for good; it may be given from `valid_from_on`, today when left out, until before
    `valid_until_on`. Raises InvalidInput naming the field, AlreadyExists for a code that is taken.
    """
    require(uow.actor, Permission.EDIT_PLANS)
    code, name = _checked_names(code, name)
    amount = amount or Money.zero(current_terms(uow).currency)
    if kind is DiscountKind.PERCENT and not 1 <= basis_points <= 10_000:
        raise InvalidInput("basis_points", "Give a share from 0.01 to 100 %.")
    if kind is DiscountKind.FIXED and not amount.is_positive:
        raise InvalidInput("amount", "Give what is taken off a period.")
    if periods is not None and not 1 <= periods <= _PERIODS_MAX:
        raise InvalidInput("periods", f"Give a number from 1 to {_PERIODS_MAX}, or none for good.")
    valid_from_on = valid_from_on or billing_today(uow)
    if valid_until_on is not None and valid_until_on <= valid_from_on:
        raise InvalidInput("valid_until_on", "The discount must end after it begins.")
    if extra_queries.discount_by_code(uow.session, code) is not None:
        raise AlreadyExists("code", f"There is a discount {code} already.")
    row = Discount(
        code=code,
        name=name,
        kind=kind,
        basis_points=basis_points if kind is DiscountKind.PERCENT else 0,
        amount_minor=amount.minor if kind is DiscountKind.FIXED else 0,
        currency=amount.currency,
        periods=periods,
        valid_from_on=valid_from_on,
        valid_until_on=valid_until_on,
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    record_audit(uow, action="create", entity="discount", entity_id=row.id, changes={"code": code})
    return DiscountId(row.id)


def archive_discount(uow: UnitOfWork, *, discount_id: DiscountId) -> None:
    """Give a discount no more; services that have it keep it. Raises NotFound, Conflict when it is archived."""
    _archive(uow, extra_queries.find_discount(uow.session, discount_id), "discount")


def _archive(uow: UnitOfWork, row: AddOn | Discount | None, noun: str) -> None:
    require(uow.actor, Permission.EDIT_PLANS)
    if row is None:
        raise NotFound(noun)
    if row.archived_at is not None:
        raise Conflict(f"{row.name} is archived already.")
    assert row.id is not None
    row.archived_at = uow.now
    record_audit(uow, action="archive", entity=noun.replace("-", "_"), entity_id=row.id)


def _checked_names(code: str, name: str) -> tuple[str, str]:
    code, name = code.strip().upper(), name.strip()
    if not _CODE.fullmatch(code):
        raise InvalidInput("code", "Use 1 to 24 letters, digits and hyphens.")
    if not 2 <= len(name) <= 80:
        raise InvalidInput("name", "Give a name of 2 to 80 letters.")
    return code, name
