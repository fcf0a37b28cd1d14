"""Tax rates by date and the groups in which they fall on a price. How they fall on lines is in billing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.models.catalog import TaxGroup, TaxGroupPart, TaxRate
from data.queries import plans as plan_queries
from data.session import Session
from data.values.errors import AlreadyExists, InvalidInput
from data.values.identifiers import TaxGroupId, TaxRateId
from data.values.kinds import TaxBehavior
from data.values.roles import Permission
from data.values.taxes import TaxPart, TaxTerms, effective_basis_points

_CODE = re.compile(r"[A-Z0-9]{1,16}")
_YEARS = range(1900, 2200)


@dataclass(frozen=True, slots=True)
class TaxChoice:
    """A group of taxes that a price may carry, as people say it; all of them together in basis points."""

    code: str
    name: str
    basis_points: int


@dataclass(frozen=True, slots=True)
class TaxPartRecord:
    """One tax of a group at today's rate, and the taxes of the group that its base includes."""

    code: str
    basis_points: int
    compound_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TaxRecord:
    """A group of taxes as it is today; all of them together in basis points of the net amount."""

    code: str
    name: str
    basis_points: int
    parts: tuple[TaxPartRecord, ...]


@dataclass(frozen=True, slots=True)
class DatedRate:
    """A rate of a tax from a billing date until before another, None for as long as nothing follows it."""

    basis_points: int
    valid_from_on: date
    valid_until_on: date | None

    def is_in_force(self, on: date) -> bool:
        """Return whether invoices of the day carry it."""
        return self.valid_from_on <= on and (self.valid_until_on is None or on < self.valid_until_on)


@dataclass(frozen=True, slots=True)
class TaxHistory:
    """A tax with all its rates, past and coming ones too, oldest first; the name is that of the newest."""

    code: str
    name: str
    rates: tuple[DatedRate, ...]


class _Group(NamedTuple):
    code: str
    name: str


class _Part(NamedTuple):
    tax_code: str
    valid_from_on: date
    valid_until_on: date | None
    compound_on: str


class _Rate(NamedTuple):
    rate_id: TaxRateId
    valid_from_on: date
    basis_points: int


class TaxTable:
    """All taxes of the ISP as values, read once, for as many questions as one transaction or one bill run has."""

    def __init__(self, session: Session) -> None:
        self._groups = {row.id: _Group(row.code, row.name) for row in plan_queries.tax_groups(session)}
        self._parts: dict[int, list[_Part]] = {}
        for part in plan_queries.tax_group_parts(session):
            held = _Part(part.tax_code, part.valid_from_on, part.valid_until_on, part.compound_on)
            self._parts.setdefault(part.group_id, []).append(held)
        self._rates: dict[str, list[_Rate]] = {}
        for rate in plan_queries.tax_rates(session):
            assert rate.id is not None
            held_rate = _Rate(TaxRateId(rate.id), rate.valid_from_on, rate.basis_points)
            self._rates.setdefault(rate.code, []).append(held_rate)
        self._known: dict[tuple[int, TaxBehavior, date], TaxTerms] = {}

    def terms(self, group_id: int | None, behavior: TaxBehavior, *, on: date) -> TaxTerms | None:
        """Return the taxes of a group at the rates in force on a billing date, None without a group."""
        if group_id is None:
            return None
        key = (group_id, behavior, on)
        if key not in self._known:
            self._known[key] = TaxTerms(self.parts(group_id, on=on), behavior)
        return self._known[key]

    def parts(self, group_id: int, *, on: date) -> tuple[TaxPart, ...]:
        """Return the taxes of a group on a date, in the order they stack; one without a rate is left out."""
        found = []
        for part in self._parts.get(group_id, ()):
            if part.valid_from_on > on or (part.valid_until_on is not None and part.valid_until_on <= on):
                continue
            rates = [rate for rate in self._rates.get(part.tax_code, ()) if rate.valid_from_on <= on]
            if rates:
                codes = frozenset(code for code in part.compound_on.split(",") if code)
                found.append(TaxPart(rates[-1].rate_id, part.tax_code, rates[-1].basis_points, codes))
        return tuple(found)

    def choice(self, group_id: int | None, *, on: date) -> TaxChoice | None:
        """Return a group as people say it, None without one."""
        group = self._groups.get(group_id) if group_id is not None else None
        if group_id is None or group is None:
            return None
        return TaxChoice(group.code, group.name, effective_basis_points(self.parts(group_id, on=on)))

    def choices(self, *, on: date) -> tuple[TaxChoice, ...]:
        """Return all groups as people say them, by code."""
        found = (self.choice(group_id, on=on) for group_id in self._groups)
        return tuple(choice for choice in found if choice is not None)


def tax_choices(snapshot: Snapshot) -> tuple[TaxChoice, ...]:
    """Return the groups of taxes that a price may carry today, by code."""
    require(snapshot.actor, Permission.VIEW_PLANS)
    return TaxTable(snapshot.session).choices(on=billing_today(snapshot))


def tax_records(snapshot: Snapshot) -> tuple[TaxRecord, ...]:
    """Return every group of taxes with what it holds today, by code."""
    require(snapshot.actor, Permission.VIEW_PLANS)
    table, today = TaxTable(snapshot.session), billing_today(snapshot)
    groups = plan_queries.tax_groups(snapshot.session)
    return tuple(
        TaxRecord(
            row.code,
            row.name,
            effective_basis_points(parts),
            tuple(
                TaxPartRecord(part.code, part.basis_points, tuple(sorted(part.compound_on))) for part in parts
            ),
        )
        for row in groups
        if row.id is not None
        for parts in (table.parts(row.id, on=today),)
    )


def tax_histories(snapshot: Snapshot) -> tuple[TaxHistory, ...]:
    """Return every tax with its rates by date, by code."""
    require(snapshot.actor, Permission.VIEW_PLANS)
    by_code: dict[str, list[TaxRate]] = {}
    for rate in plan_queries.tax_rates(snapshot.session):
        by_code.setdefault(rate.code, []).append(rate)
    found = []
    for code, rates in sorted(by_code.items()):
        rates.sort(key=lambda rate: rate.valid_from_on)
        ends = [*(rate.valid_from_on for rate in rates[1:]), None]
        dated = tuple(
            DatedRate(rate.basis_points, rate.valid_from_on, end)
            for rate, end in zip(rates, ends, strict=True)
        )
        found.append(TaxHistory(code, rates[-1].name, dated))
    return tuple(found)


def set_tax_rate(
    uow: UnitOfWork, *, code: str, name: str, basis_points: int, valid_from_on: date | None = None
) -> TaxRateId:
    """Put a tax rate in force from a billing date on, today when left out; 1600 basis points are 16 %.

    A tax that is new can be put on prices by its own code at once. Raises InvalidInput, AlreadyExists when the
    tax has another rate from that very date.
    """
    require(uow.actor, Permission.EDIT_PLANS)
    code = code.strip().upper()
    if not _CODE.fullmatch(code):
        raise InvalidInput("code", "Use 1 to 16 letters and digits.")
    if not 0 <= basis_points <= 10_000:
        raise InvalidInput("basis_points", "Give a rate from 0 to 100 %.")
    if len(name.strip()) > 60:
        raise InvalidInput("name", "Use at most 60 letters.")
    valid_from_on = valid_from_on or billing_today(uow)
    if valid_from_on.year not in _YEARS:
        raise InvalidInput("valid_from_on", f"Give a day from {_YEARS[0]} to {_YEARS[-1]}.")
    known = [rate for rate in plan_queries.tax_rates(uow.session) if rate.code == code]
    if any(rate.valid_from_on == valid_from_on for rate in known):
        raise AlreadyExists("valid_from_on", f"{code} has a rate from {valid_from_on} already.")
    name = name.strip() or code
    rate = TaxRate(code=code, name=name, basis_points=basis_points, valid_from_on=valid_from_on)
    uow.session.add(rate)
    uow.session.flush()
    assert rate.id is not None
    if not known and plan_queries.tax_group_by_code(uow.session, code) is None:
        _write_group(uow, code, name, ((code, ""),), valid_from_on)
    record_audit(
        uow,
        action="set_tax_rate",
        entity="tax_rate",
        entity_id=rate.id,
        changes={"code": code, "basis_points": basis_points},
    )
    return TaxRateId(rate.id)


def create_tax_group(
    uow: UnitOfWork, *, code: str, name: str, parts: Sequence[tuple[str, Sequence[str]]]
) -> TaxGroupId:
    """Join taxes that fall on a price together; each part is a tax code and the earlier codes it compounds on.

    Raises InvalidInput naming the field, AlreadyExists for a code that is taken.
    """
    require(uow.actor, Permission.EDIT_PLANS)
    code = code.strip().upper()
    if not re.fullmatch(r"[A-Z0-9][A-Z0-9-]{0,23}", code):
        raise InvalidInput("code", "Use 1 to 24 letters, digits and hyphens.")
    if len(name.strip()) > 80:
        raise InvalidInput("name", "Use at most 80 letters.")
    if plan_queries.tax_group_by_code(uow.session, code) is not None:
        raise AlreadyExists("code", f"There is a tax group {code} already.")
    if not 1 <= len(parts) <= 6:
        raise InvalidInput("parts", "A group holds one to six taxes.")
    known = {rate.code: rate.valid_from_on for rate in reversed(plan_queries.tax_rates(uow.session))}
    earlier: list[str] = []
    for tax_code, compound_on in parts:
        if tax_code not in known or tax_code in earlier:
            raise InvalidInput("parts", f"{tax_code} is no tax, or stands here twice.")
        if any(other not in earlier for other in compound_on):
            raise InvalidInput("parts", f"{tax_code} can only compound on taxes that stand before it.")
        earlier.append(tax_code)
    rows = tuple((tax_code, ",".join(compound_on)) for tax_code, compound_on in parts)
    group_id = _write_group(uow, code, name.strip() or code, rows, min(known.values()))
    record_audit(uow, action="create", entity="tax_group", entity_id=group_id, changes={"code": code})
    return group_id


def _write_group(
    uow: UnitOfWork, code: str, name: str, parts: Sequence[tuple[str, str]], valid_from_on: date
) -> TaxGroupId:
    group = TaxGroup(code=code, name=name)
    uow.session.add(group)
    uow.session.flush()
    assert group.id is not None
    for position, (tax_code, compound_on) in enumerate(parts):
        uow.session.add(
            TaxGroupPart(
                group_id=group.id,
                position=position,
                tax_code=tax_code,
                compound_on=compound_on,
                valid_from_on=valid_from_on,
            )
        )
    uow.session.flush()
    return TaxGroupId(group.id)
