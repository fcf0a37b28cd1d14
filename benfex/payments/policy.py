"""How the ISP takes money and gives it back: read as values, changed as new versions."""

import ipaddress
from dataclasses import dataclass
from typing import TypedDict

from typing_extensions import Unpack

from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.models.policy import PaymentPolicy
from data.queries import policy as policy_queries
from data.values.errors import InvalidInput
from data.values.kinds import AddressCheck
from data.values.roles import Permission

SECOND_PERSON_ABOVE_MINOR = 500_000  # until the owner sets another amount


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """The settings in force. Amounts in minor units of the ISP's currency; a threshold of 0 to 100.

    `gateway_addresses` and `trusted_proxies` are networks such as 196.201.214.0/24.
    """

    match_threshold: int = 80
    refuses_unknown_accounts: bool = False
    second_person_above_minor: int = SECOND_PERSON_ABOVE_MINOR
    pay_minimum_minor: int = 0
    address_check: AddressCheck = AddressCheck.OFF
    gateway_addresses: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()


class PaymentChanges(TypedDict, total=False):
    """What of the settings is to change."""

    match_threshold: int
    refuses_unknown_accounts: bool
    second_person_above_minor: int
    pay_minimum_minor: int
    address_check: AddressCheck
    gateway_addresses: tuple[str, ...]
    trusted_proxies: tuple[str, ...]


def payment_terms(snapshot: Snapshot) -> PaymentTerms:
    """Return how money is taken and given back now, for acts and views of ours."""
    row = policy_queries.newest_payment_policy(snapshot.session)
    if row is None:
        return PaymentTerms()
    return PaymentTerms(
        match_threshold=row.match_threshold,
        refuses_unknown_accounts=row.refuses_unknown_accounts,
        second_person_above_minor=row.second_person_above_minor,
        pay_minimum_minor=row.pay_minimum_minor,
        address_check=row.address_check,
        gateway_addresses=_split(row.gateway_addresses),
        trusted_proxies=_split(row.trusted_proxies),
    )


def payment_policy(snapshot: Snapshot) -> PaymentTerms:
    """Return the settings in force to staff: addresses and limits are not for subscribers."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    return payment_terms(snapshot)


def save_payment_policy(uow: UnitOfWork, **changes: Unpack[PaymentChanges]) -> None:
    """Write a new version; what is not given stays. Raises InvalidInput naming the field."""
    require(uow.actor, Permission.EDIT_PROFILE)
    before = payment_terms(uow)
    if not 1 <= changes.get("match_threshold", 80) <= 100:
        raise InvalidInput("match_threshold", "Give a score from 1 to 100.")
    for amount in ("second_person_above_minor", "pay_minimum_minor"):
        if changes.get(amount, 0) < 0:  # type: ignore[operator]  # both are whole numbers
            raise InvalidInput(amount, "The amount cannot be less than nothing.")
    check = changes.get("address_check", before.address_check)
    if check is AddressCheck.ENFORCE and not changes.get("gateway_addresses", before.gateway_addresses):
        raise InvalidInput(
            "gateway_addresses", "Name the addresses first: without one nobody would be heard."
        )
    row = PaymentPolicy(
        version=_next_version(uow),
        match_threshold=changes.get("match_threshold", before.match_threshold),
        refuses_unknown_accounts=changes.get("refuses_unknown_accounts", before.refuses_unknown_accounts),
        second_person_above_minor=changes.get("second_person_above_minor", before.second_person_above_minor),
        pay_minimum_minor=changes.get("pay_minimum_minor", before.pay_minimum_minor),
        address_check=check,
        gateway_addresses=_networks(
            "gateway_addresses", changes.get("gateway_addresses", before.gateway_addresses)
        ),
        trusted_proxies=_networks("trusted_proxies", changes.get("trusted_proxies", before.trusted_proxies)),
        saved_by=name_of(uow.actor),
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    record_audit(
        uow, action="save", entity="payment_policy", entity_id=row.id, changes={"version": row.version}
    )


def _next_version(uow: UnitOfWork) -> int:
    row = policy_queries.newest_payment_policy(uow.session)
    return row.version + 1 if row is not None else 1


def _networks(field: str, written: tuple[str, ...]) -> str:
    found = []
    for text in written:
        try:
            found.append(str(ipaddress.ip_network(text.strip(), strict=False)))
        except ValueError as cause:
            raise InvalidInput(
                field, f"{text.strip()[:40]} is no address such as 196.201.214.200."
            ) from cause
    return ",".join(dict.fromkeys(found))


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)
