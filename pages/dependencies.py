"""What a page or a route may ask for by type: the running Benfex, and who is signed in."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from benfex.application import Benfex
from benfex.core.actors import Actor, StaffActor, SubscriberActor, SystemActor
from benfex.identity.login import actor_of_session
from data.values.errors import NotPermitted
from data.values.identifiers import hash_token

SESSION_COOKIE = "benfex_session"
DOOR = SystemActor("door")


class SignInNeeded(Exception):
    """Nobody is signed in, or not the kind of person this page is for; carries where to go."""

    def __init__(self, to: str) -> None:
        super().__init__(to)
        self.to = to


def running_benfex(request: Request) -> Benfex:
    """Return the Benfex that this server runs. The outer app and NiceGUI's own both carry it."""
    return cast(Benfex, request.app.state.benfex)


BenfexDep = Annotated[Benfex, Depends(running_benfex)]


async def actor_behind(benfex: Benfex, request: Request) -> Actor | None:
    """Return who is behind the request's session cookie, None when nobody is."""
    token = request.cookies.get(SESSION_COOKIE, "")
    if not token:
        return None
    return await benfex.read(actor_of_session, DOOR, token_hash=hash_token(token))


@dataclass(frozen=True, slots=True)
class SignedInStaff:
    """A member of staff on a page. Sockets outlive sessions, so handlers ask `fresh` first."""

    actor: StaffActor
    _benfex: Benfex
    _token_hash: str

    async def fresh(self) -> StaffActor:
        """Return the actor as of now. Raises NotPermitted when the session ended or the role changed."""
        actor = await self._benfex.read(actor_of_session, DOOR, token_hash=self._token_hash)
        if not isinstance(actor, StaffActor) or actor.role is not self.actor.role:
            raise NotPermitted("Your session has ended. Sign in again.")
        return actor


@dataclass(frozen=True, slots=True)
class SignedInSubscriber:
    """A subscriber on a page of the portal. Sockets outlive sessions, so handlers ask `fresh` first."""

    actor: SubscriberActor
    _benfex: Benfex
    _token_hash: str

    async def fresh(self) -> SubscriberActor:
        """Return the actor as of now. Raises NotPermitted when the session ended."""
        actor = await self._benfex.read(actor_of_session, DOOR, token_hash=self._token_hash)
        if not isinstance(actor, SubscriberActor) or actor.customer_id != self.actor.customer_id:
            raise NotPermitted("Your session has ended. Sign in again.")
        return actor


async def signed_in_staff(request: Request, benfex: BenfexDep) -> SignedInStaff:
    """Return the member of staff who asks. Raises SignInNeeded."""
    actor = await actor_behind(benfex, request)
    if isinstance(actor, StaffActor):
        return SignedInStaff(actor, benfex, hash_token(request.cookies[SESSION_COOKIE]))
    raise SignInNeeded("/portal" if isinstance(actor, SubscriberActor) else login_address(request))


async def signed_in_subscriber(request: Request, benfex: BenfexDep) -> SignedInSubscriber:
    """Return the subscriber who asks. Raises SignInNeeded."""
    actor = await actor_behind(benfex, request)
    if isinstance(actor, SubscriberActor):
        return SignedInSubscriber(actor, benfex, hash_token(request.cookies[SESSION_COOKIE]))
    raise SignInNeeded("/admin" if isinstance(actor, StaffActor) else login_address(request))


def login_address(request: Request) -> str:
    """Return the sign-in page that leads back to this page."""
    path = request.scope["path"]
    return f"/login?next={path}" if path not in {"/", "/login"} else "/login"


StaffDep = Annotated[SignedInStaff, Depends(signed_in_staff)]
SubscriberDep = Annotated[SignedInSubscriber, Depends(signed_in_subscriber)]
