"""What a gateway answers to what it cannot do: the concrete ones derive from it. The protocol is in `gateway`."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from benfex.core.errors import GatewayError, GatewayRejected, GatewayUnreachable
from benfex.payments.gateway import Finding, PaymentEvidence, RefundRequest
from benfex.payments.gateway_events import (
    DisputeAnswer,
    DisputeChanged,
    RefundDetails,
    RefundOutcome,
    SettlementRecord,
    StandingOrderRequest,
)
from data.values.money import Money

_PASSING = {"429", "busy", "closed"}  # a no that says nothing about the settings


def what_failed(error: GatewayError, *, if_refused: str) -> Finding:
    """Return what a test of the settings found when its call failed; `if_refused` is what to do about a clear no."""
    if isinstance(error, GatewayUnreachable):
        advice = "Check this machine's network; the settings may well be right."
    elif isinstance(error, GatewayRejected) and error.gateway_code not in _PASSING:
        advice = if_refused
    else:
        advice = "Try again in a minute."
    return Finding(is_good=False, text=error.message, advice=advice)


class PlainGateway:
    """What a gateway answers to what it cannot do.

    `address_advice` says where its owner pastes our address for webhooks; empty where Benfex tells it.
    `pay_label` says what payers may choose it for; empty where its name says that.
    """

    pay_label: ClassVar[str] = ""
    address_advice: ClassVar[str] = ""

    def callback_path(self, kind: str, token: str) -> str:
        """Return nothing: its deliveries all come to one address."""
        return ""

    async def read_statement(self, *, since: datetime, until: datetime) -> Sequence[PaymentEvidence]:
        """Refuse: it keeps no list that can be asked for."""
        raise GatewayRejected("This gateway lists no payments.")

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Refuse: money goes back by hand."""
        raise GatewayRejected("Money cannot go back by this gateway. Give it back by hand.")

    async def query_refund(self, request: RefundRequest) -> RefundOutcome:
        """Refuse, as nothing was ever asked."""
        raise GatewayRejected("This gateway knows no refunds.")

    async def retry_refund(self, request: RefundRequest, details: RefundDetails) -> RefundOutcome:
        """Refuse, as nothing waits for an account."""
        raise GatewayRejected("This gateway sends no refund to another account.")

    async def read_disputes(self, *, since: datetime, until: datetime) -> Sequence[DisputeChanged]:
        """Return none: it has no disputes, or tells of them elsewhere."""
        return ()

    async def answer_dispute(self, answer: DisputeAnswer) -> DisputeChanged:
        """Refuse: its disputes are answered on its own screens."""
        raise GatewayRejected("Answer this dispute on the gateway's own screens.")

    async def read_settlements(self, *, since: datetime, until: datetime) -> Sequence[SettlementRecord]:
        """Return none: it does not tell what it paid out."""
        return ()

    async def read_settled(self, settlement_id: str) -> Sequence[PaymentEvidence]:
        """Return none: it does not tell what a payout is made of."""
        return ()

    async def ask_balance(self, *, callback_url: str) -> Money | None:
        """Refuse: its balance is on its own screens only."""
        raise GatewayRejected("This gateway does not tell its balance.")

    async def order(self, request: StandingOrderRequest) -> str:
        """Refuse: it knows no standing orders."""
        raise GatewayRejected("This gateway takes no standing orders.")

    async def ask_about(self, transaction_id: str, *, public_url: str) -> None:
        """Refuse: its statement tells of receipts."""
        raise GatewayRejected("This gateway cannot be asked about one receipt.")

    async def draw_code(self, *, account_number: str, amount: Money) -> bytes:
        """Refuse: it draws no codes."""
        raise GatewayRejected("This gateway draws no codes.")
