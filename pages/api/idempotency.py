"""Unsafe calls of the REST API: the caller's key, and an answer that a repeat gets again.

What is kept, and what happens after a crash, is said in `benfex.identity.idempotency`.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from starlette.responses import Response

from benfex.application import Benfex
from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import KEY_FIELD, Answer, KeyedRequest, once
from pages.api.auth import ActorDep, ApiActor
from pages.api.schemas import Outgoing
from pages.dependencies import BenfexDep


@dataclass(frozen=True, slots=True)
class UnsafeCall:
    """A call that changes something: by whom, and under which key."""

    benfex: Benfex
    actor: ApiActor
    keyed: KeyedRequest | None

    async def once(self, work: Callable[[UnitOfWork], Answer]) -> Response:
        """Run the work and keep its answer in one transaction, or give the answer that was kept."""
        return reply(await self.benfex.transact(once, self.actor, keyed=self.keyed, work=work))


async def unsafe_call(
    request: Request,
    benfex: BenfexDep,
    actor: ActorDep,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias=KEY_FIELD,
            pattern=r"^[\x21-\x7e]{1,255}$",
            description="Your own name for this call, such as a UUID. A repeat with the same key and body is "
            "answered as the first time and changes nothing. Kept for two days.",
        ),
    ] = None,
) -> UnsafeCall:
    """Return the call with its key bound to what is asked."""
    if idempotency_key is None:
        return UnsafeCall(benfex, actor, None)
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    # Bodies carry passwords, so what is kept must be of no use without our key.
    secret = f"request {benfex.settings.master_key}".encode()
    request_hash = hmac.new(secret, asked, hashlib.sha256).hexdigest()
    return UnsafeCall(benfex, actor, KeyedRequest(idempotency_key, request_hash, benfex.vault))


UnsafeCallDep = Annotated[UnsafeCall, Depends(unsafe_call)]


def told(status: int, body: Outgoing, *, kept: Outgoing | None = None) -> Answer:
    """Return the answer as it is sent, and kept unless `kept` says what a repeat may be told."""
    return Answer(
        status, body.model_dump_json(), kept_body=kept.model_dump_json() if kept is not None else None
    )


def reply(answer: Answer) -> Response:
    """Return the answer for the wire; a kept one says so."""
    headers = {"Idempotency-Replayed": "true"} if answer.is_repeat else None
    return Response(answer.body, answer.status, headers, "application/json")
