"""Which column of a bank's file means what, remembered by the bank's name; M-Pesa's statement comes ready-made."""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.bank_files import MEANINGS, BankMapping, mapping_of
from benfex.payments.gateway import name_of_gateway
from benfex.payments.registry import STATEMENT_FILES
from data.models.reconciliation import StatementMapping
from data.queries import statement_files as file_queries
from data.values.errors import InvalidInput, NotFound
from data.values.kinds import CashMethod
from data.values.roles import Permission

BANK: Final = CashMethod.BANK.value
_NAME = re.compile(r"\w[\w .&'-]{0,39}")
_READY: Final = MappingProxyType({name.casefold(): name for name in STATEMENT_FILES})


@dataclass(frozen=True, slots=True)
class Bank:
    """Whose statement can be read: its name, the gateway that its money is booked to, and its columns.

    `mapping` is None for a gateway whose own reader knows its file.
    """

    name: str
    label: str
    gateway: str
    mapping: BankMapping | None


def save_mapping(uow: UnitOfWork, *, name: str, mapping: BankMapping) -> None:
    """Remember a bank's columns, in place of those before. Raises InvalidInput naming the field."""
    require(uow.actor, Permission.MATCH_PAYMENTS)
    name = " ".join(name.split())
    if not _NAME.fullmatch(name) or name.casefold() in _READY:
        raise InvalidInput("name", "Give the bank a name of its own, such as Equity.")
    columns = {meaning: str(getattr(mapping, meaning)) for meaning in MEANINGS}
    named = mapping_of(columns, day_first=mapping.day_first)
    if not named.date:
        raise InvalidInput("date", "Say which column holds the date.")
    if not named.amount_in:
        raise InvalidInput("amount_in", "Say which column holds what came in.")
    row = file_queries.mapping_named(uow.session, name)
    if row is None:
        row = StatementMapping(name=name, gateway=BANK, columns="", saved_by="")
        uow.session.add(row)
    row.columns, row.saved_by = named.written(), name_of(uow.actor)
    uow.session.flush()
    assert row.id is not None
    record_audit(uow, action="save", entity="statement_mapping", entity_id=row.id, changes={"name": name})


def banks(snapshot: Snapshot) -> tuple[Bank, ...]:
    """Return whose statements can be read, ready-made ones first."""
    require(snapshot.actor, Permission.MATCH_PAYMENTS)
    ready = [Bank(name, name_of_gateway(name), name, None) for name in STATEMENT_FILES]
    kept = [_bank(row) for row in file_queries.mappings(snapshot.session)]
    return (*ready, *kept)


def find_bank(snapshot: Snapshot, *, name: str) -> Bank:
    """Return whose statement goes by a name. Raises NotFound."""
    require(snapshot.actor, Permission.MATCH_PAYMENTS)
    ready = _READY.get(name.strip().casefold())
    if ready is not None:
        return Bank(ready, name_of_gateway(ready), ready, None)
    row = file_queries.mapping_named(snapshot.session, " ".join(name.split()))
    if row is None:
        raise NotFound("bank")
    return _bank(row)


def _bank(row: StatementMapping) -> Bank:
    return Bank(row.name, row.name, row.gateway, BankMapping.read(row.columns))
