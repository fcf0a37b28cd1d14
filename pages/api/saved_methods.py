"""/saved-methods: cards that a gateway lets us charge again, and their owners' consent."""

from datetime import date, datetime

from fastapi import APIRouter
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.payments.saved_methods import (
    SavedMethodView,
    consent_to_charges,
    saved_method,
    saved_methods_of,
    withdraw_consent,
)
from data.values.identifiers import CustomerId
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Id, Incoming, Outgoing, PathId, QueryId, Text
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/saved-methods", tags=["saved-methods"])


class SavedMethod(Outgoing):
    """A saved card. It is charged for bills that are due only while `pays_by_itself`."""

    id: int
    customer_id: int
    gateway: str
    label: str
    expires_on: date | None
    is_expired: bool
    pays_by_itself: bool
    is_stopped: bool
    consented_at: datetime | None
    last_failure: str | None


class Consent(Incoming):
    """Whose card, and the words that its owner agreed to."""

    customer_id: Id
    words: Text


class Withdrawal(Incoming):
    """Whose card pays nothing by itself any more."""

    customer_id: Id


@router.get("", responses=READING)
async def list_saved_methods(benfex: BenfexDep, actor: ActorDep, customer_id: QueryId) -> list[SavedMethod]:
    """Return a customer's saved cards, newest first."""
    found = await benfex.read(saved_methods_of, actor, customer_id=CustomerId(customer_id))
    return [SavedMethod.model_validate(method) for method in found]


@router.post("/{method_id}/consent", response_model=SavedMethod, responses=WRITING)
async def consent(method_id: PathId, asked: Consent, call: UnsafeCallDep) -> Response:
    """Let a card pay its owner's bills by itself. Only subscribers may, for themselves."""

    def work(uow: UnitOfWork) -> Answer:
        key = CustomerId(asked.customer_id)
        consent_to_charges(uow, customer_id=key, method_id=method_id, words=asked.words)
        return _told(saved_method(uow, customer_id=key, method_id=method_id))

    return await call.once(work)


@router.post("/{method_id}/withdraw", response_model=SavedMethod, responses=WRITING)
async def withdraw(method_id: PathId, asked: Withdrawal, call: UnsafeCallDep) -> Response:
    """Let a card pay nothing by itself any more."""

    def work(uow: UnitOfWork) -> Answer:
        key = CustomerId(asked.customer_id)
        withdraw_consent(uow, customer_id=key, method_id=method_id)
        return _told(saved_method(uow, customer_id=key, method_id=method_id))

    return await call.once(work)


def _told(method: SavedMethodView) -> Answer:
    return told(200, SavedMethod.model_validate(method))
