"""/receipt-claims: receipts that customers say are theirs."""

from fastapi import APIRouter

from benfex.payments.claims import Claimed
from data.values.identifiers import CustomerId
from pages.api.auth import ActorDep
from pages.api.problems import WRITING
from pages.api.schemas import Id, Incoming, Outgoing, Text
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/receipt-claims", tags=["receipt-claims"])


class Claim(Incoming):
    """A receipt, and the customer who says that it is theirs."""

    customer_id: Id
    receipt: Text


class ClaimAnswer(Outgoing):
    """What came of it; `looked_for` is also said of what is somebody else's."""

    outcome: Claimed


@router.post("", responses=WRITING)
async def claim_receipt(claim: Claim, benfex: BenfexDep, actor: ActorDep) -> ClaimAnswer:
    """Look for the money of a receipt, here and at the gateways. Saying it again is harmless."""
    claimed = await benfex.claims.claim(
        actor, customer_id=CustomerId(claim.customer_id), receipt=claim.receipt
    )
    return ClaimAnswer(outcome=claimed)
