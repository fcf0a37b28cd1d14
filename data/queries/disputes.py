"""SELECTs about disputes of payments."""

from sqlalchemy import select

from data.models.reconciliation import Dispute
from data.session import Session


def dispute_named(session: Session, *, gateway: str, dispute_id: str) -> Dispute | None:
    """Return the dispute that a gateway calls so, or None."""
    return session.scalars(
        select(Dispute).where(Dispute.gateway == gateway, Dispute.gateway_dispute_id == dispute_id)
    ).one_or_none()
