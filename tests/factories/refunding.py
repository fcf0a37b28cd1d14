"""A gateway that gives money back, and its far end over HTTP; refunds, and what became of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import httpx
from sqlalchemy import select
from sqlmodel import col
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benfex.core.errors import GatewayRejected, GatewayUnavailable, WebhookRejected
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot
from benfex.payments.accounts import GatewayBook, save_gateway_account
from benfex.payments.gateway import (
    Flow,
    GatewayCapabilities,
    GatewayEvent,
    PaymentEvidence,
    PaymentOutcome,
    PaymentRequest,
    Pending,
    RefundRequest,
    StartedPayment,
    WebhookDelivery,
    WebhookReply,
)
from benfex.payments.gateway_events import (
    DisputeChanged,
    PaymentTakenBack,
    RefundChanged,
    RefundDone,
    RefundFailed,
    RefundOutcome,
    RefundUnderWay,
    RefundUnknown,
)
from benfex.payments.plain_gateway import PlainGateway
from benfex.payments.refund_following import Refunds
from benfex.payments.refund_requests import NewRefund, ask_refund
from benfex.payments.webhooks import WebhookInbox
from benfex.simulation.door import Door
from data.models.payment import Payment, Refund
from data.values.identifiers import PaymentId, RefundId
from data.values.kinds import EvidenceGrade, RefundWay
from data.values.money import Money
from data.values.states import DisputeStatus, PaymentStatus, RefundStatus
from tests.conftest import START, Run
from tests.factories.customers import MadeCustomer
from tests.factories.isp import SYSTEM, VAULT
from tests.factories.money import settle

NAME, KEY = "kesho", "a key that only the far end knows"
PROOF = "x-paystack-signature"  # a header that the inbox keeps
_numbers = count(1)


class KeshoGateway(PlainGateway):
    """A gateway of the tests that can all that has to do with money going back."""

    name = NAME
    evidence_grade = EvidenceGrade.SIGNED
    capabilities = GatewayCapabilities(
        currencies=frozenset({"KES"}),
        amount_step_minor=100,
        minimum_minor=100,
        maximum_minor=25_000_000,
        flow=Flow.REDIRECT,
        can_query=True,
        can_statement=False,
        needs_phone=False,
        needs_email=False,
        can_refund=True,
        refunds_partly=True,
        can_pay_out=True,
    )

    def __init__(self, address: str) -> None:
        self._http = httpx.AsyncClient(base_url=address, timeout=5, verify=False)

    def callback_path(self, kind: str, token: str) -> str:
        return f"/webhooks/{NAME}/{kind}/{token}"

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        body = {
            "reference": request.reference,
            "transaction": request.transaction_id,
            "amount": request.amount.minor,
            "callback": request.callback_url,
        }
        try:
            return _outcome(await self._http.post("/refunds", json=body))
        except httpx.HTTPError as cause:
            raise GatewayUnavailable("The gateway did not answer.") from cause

    async def query_refund(self, request: RefundRequest) -> RefundOutcome:
        try:
            return _outcome(await self._http.get(f"/refunds/{request.reference}"))
        except httpx.HTTPError as cause:
            raise GatewayUnavailable("The gateway did not answer.") from cause

    def read_webhook(self, delivery: WebhookDelivery) -> tuple[GatewayEvent, ...]:
        if delivery.headers.get(PROOF) != KEY:
            raise WebhookRejected("the key is not theirs")
        told = json.loads(delivery.body)
        amount = Money(told["amount"], "KES") if told.get("amount") else None
        match told["what"]:
            case "refund":
                outcome = _told(told["status"], told.get("id"))
                token = delivery.attempt_token
                name = told.get("reference")
                return (
                    RefundChanged(outcome, name, token, told.get("transaction"), told.get("asked"), amount),
                )
            case "taken back":
                return (PaymentTakenBack(told["transaction"], None, "bounced"),)
            case _:
                due = datetime.fromisoformat(told["due"]) if told.get("due") else None
                status = DisputeStatus(told["status"])
                assert amount is not None
                return (DisputeChanged(told["id"], status, amount, told["transaction"], None, "fraud", due),)

    def reply(self, events: Sequence[GatewayEvent], *, accepted: bool) -> WebhookReply:
        return WebhookReply(200, b"", "text/plain")

    async def start(self, request: PaymentRequest) -> StartedPayment:
        return StartedPayment(request.reference, "https://kesho.example/pay")

    async def query(self, *, reference: str, gateway_reference: str | None) -> PaymentOutcome:
        return Pending()

    async def read_statement(self, *, since: datetime, until: datetime) -> Sequence[PaymentEvidence]:
        return ()

    async def register_callbacks(self, *, public_url: str) -> None:
        """Nothing to tell."""

    async def check(self) -> tuple[()]:
        return ()

    async def drain(self) -> None:
        """Nothing to wait for."""

    async def aclose(self) -> None:
        await self._http.aclose()


@dataclass
class KeshoFarEnd:
    """Keeps refunds by reference, each once. `answer` says what becomes of the next; `loses` cuts its answer off."""

    answer: str = "done"
    loses: bool = False
    is_down: bool = False
    kept: dict[str, dict[str, object]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    lets_go: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    def __post_init__(self) -> None:
        self.lets_go.set()

    async def take(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body["reference"])
        self.reached.set()
        if self.is_down:
            return Response(status_code=503)
        await self.lets_go.wait()
        if self.answer == "refused":
            return JSONResponse({"code": "E1", "message": "The payer's account is closed."}, status_code=422)
        self.kept.setdefault(
            body["reference"], {**body, "status": self.answer, "id": f"K{len(self.kept) + 1}"}
        )
        return Response(status_code=502) if self.loses else JSONResponse(self.kept[body["reference"]])

    async def tell(self, request: Request) -> Response:
        if self.is_down:
            return Response(status_code=503)
        found = self.kept.get(request.path_params["reference"])
        return JSONResponse(found or {"status": "never heard"})


@dataclass
class Counter:
    """The flows that give money back, at a gateway whose far end is in reach."""

    far_end: KeshoFarEnd
    gateway: KeshoGateway
    book: GatewayBook
    refunds: Refunds
    inbox: WebhookInbox

    async def hears(self, *, token: str | None = None, key: str = KEY, **told: object) -> int:
        """Take a webhook and work it off; return the status it was answered with."""
        body = json.dumps(told).encode()
        delivery = WebhookDelivery("refund", None, token, {PROOF: key}, body, START)
        reply = await self.inbox.receive(NAME, delivery)
        await self.inbox.process_pending()
        return reply.status


@asynccontextmanager
async def open_counter(transactor: Transactor, clock: object) -> AsyncIterator[Counter]:
    """Yield what gives money back, over HTTP on loopback."""
    far_end = KeshoFarEnd()
    door = Door(
        Starlette(
            routes=[
                Route("/refunds", far_end.take, methods=["POST"]),
                Route("/refunds/{reference}", far_end.tell),
            ]
        )
    )
    await door.start()
    far_end.url = door.url
    await transactor.transact(save_gateway_account, SYSTEM, gateway=NAME, settings={}, vault=VAULT)
    gateway = KeshoGateway(door.url)
    book = GatewayBook(transactor, VAULT, clock, lambda _: {NAME: gateway})  # type: ignore[arg-type]  # a clock
    await book.load()
    try:
        refunds = Refunds(transactor, book, VAULT, public_url="https://billing.example")
        yield Counter(far_end, gateway, book, refunds, WebhookInbox(transactor, book))
    finally:
        far_end.lets_go.set()
        await book.close()
        await door.stop()


def pay(run: Run, customer: MadeCustomer, amount: Money, *, gateway: str = NAME) -> PaymentId:
    """Let a customer pay at the gateway that can give back, or at another."""
    evidence = PaymentEvidence(
        gateway=gateway,
        grade=EvidenceGrade.SIGNED,
        transaction_id=f"KE{next(_numbers)}",
        amount=amount,
        received_at=START,
        account_reference=customer.account_number,
    )
    payment_id = settle(run, evidence).payment_id
    assert payment_id is not None
    return payment_id


def ask(
    run: Run, payment_id: PaymentId, amount: Money, *, way: RefundWay = RefundWay.GATEWAY, slip: str = ""
) -> RefundId:
    """Ask for money to go back."""
    wish = NewRefund(amount, "paid twice", way, slip=slip)
    gateways = {run.read(gateway_of_payment, payment_id=payment_id): KeshoGateway("http://127.0.0.1:9")}
    return run(ask_refund, payment_id=payment_id, wish=wish, gateways=gateways)


@dataclass(frozen=True, slots=True)
class RefundLook:
    refund_id: RefundId
    status: RefundStatus
    amount_minor: int
    gateway_reference: str | None
    failure: str | None
    made_by: str
    decided_by: str
    next_check_at: datetime | None
    reference: str | None


def refunds(snapshot: Snapshot) -> tuple[RefundLook, ...]:
    """Return all refunds, oldest first."""
    return tuple(
        RefundLook(
            RefundId(row.id or 0),
            row.status,
            row.amount_minor,
            row.gateway_reference,
            row.failure_message,
            row.made_by,
            row.decided_by,
            row.next_check_at,
            row.reference,
        )
        for row in snapshot.session.scalars(select(Refund).order_by(col(Refund.id)))
    )


def only_refund(run: Run) -> RefundLook:
    (look,) = run.read(refunds)
    return look


def transaction_of(snapshot: Snapshot, *, payment_id: PaymentId) -> str:
    row = snapshot.session.get(Payment, payment_id)
    assert row is not None
    return row.gateway_transaction_id


def gateway_of_payment(snapshot: Snapshot, *, payment_id: PaymentId) -> str:
    row = snapshot.session.get(Payment, payment_id)
    assert row is not None
    return row.gateway


def payment_status(snapshot: Snapshot, *, payment_id: PaymentId) -> PaymentStatus:
    row = snapshot.session.get(Payment, payment_id)
    assert row is not None
    return row.status


def _outcome(response: httpx.Response) -> RefundOutcome:
    if response.status_code == 422:
        told = response.json()
        raise GatewayRejected(told["message"], gateway_code=told["code"])
    if not response.is_success:
        raise GatewayUnavailable("The gateway is not well.")
    told = response.json()
    return _told(told["status"], told.get("id"))


def _told(status: str, number: str | None) -> RefundOutcome:
    match status:
        case "done":
            return RefundDone(number)
        case "pending":
            return RefundUnderWay(number)
        case "failed":
            return RefundFailed("E2", "The payer's bank sent it back.")
        case _:
            return RefundUnknown("it never heard of it")
