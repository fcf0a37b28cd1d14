"""What the books say that a gateway holds for us: the sum of its clearing account."""

from datetime import datetime

from benfex.core.unit_of_work import Snapshot
from benfex.ledger.chart import AccountCode, clearing
from data.queries import reconciling as queries
from data.values.money import Money


def clearing_of(snapshot: Snapshot, *, gateway: str, currency: str, until: datetime | None = None) -> Money:
    """Return what the books say a gateway holds, now or by what happened before an instant."""
    minor = queries.clearing_minor(
        snapshot.session,
        code=AccountCode.CLEARING,
        owner=clearing(gateway).owner,
        currency=currency,
        until=until,
    )
    return Money(minor, currency)


def opening_is_known(snapshot: Snapshot, *, gateway: str, currency: str) -> bool:
    """Return whether it was said before what a gateway held when our books began."""
    return queries.has_opening(
        snapshot.session, code=AccountCode.CLEARING, owner=clearing(gateway).owner, currency=currency
    )
