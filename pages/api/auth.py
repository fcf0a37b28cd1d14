"""Signing in to the REST API: tokens for a password or a refresh token, and who is behind a token."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from benfex.core.actors import StaffActor, SubscriberActor
from benfex.identity.tokens import IssuedToken, actor_of_access_token, issue_token, refresh_token
from data.values.errors import InvalidInput
from pages.api.problems import problem_responses
from pages.dependencies import DOOR, BenfexDep

PREFIX = "/api/v1"
router = APIRouter(prefix="/auth", tags=["auth"])
ApiActor = StaffActor | SubscriberActor

_bearer = OAuth2PasswordBearer(
    tokenUrl=f"{PREFIX}/auth/token",
    refreshUrl=f"{PREFIX}/auth/token",
    scheme_name="bearer",
    auto_error=False,
)


class Token(BaseModel):
    """An access token with its lifetime in seconds, and the refresh token that renews it once."""

    model_config = ConfigDict(json_schema_extra={"description": "RFC 6749, section 5.1."})

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - what RFC 6750 calls it, no secret
    expires_in: int
    refresh_token: str


@router.post("/token", responses=problem_responses(400, 401, 413, 422, 429))
async def create_token(
    request: Request,
    benfex: BenfexDep,
    grant_type: Annotated[str, Form(pattern="^(password|refresh_token)$")] = "password",
    username: Annotated[str, Form(max_length=254)] = "",
    password: Annotated[str, Form(max_length=256)] = "",
    refresh: Annotated[str, Form(alias="refresh_token", max_length=200)] = "",
    scope: Annotated[str, Form(max_length=200, description="Ignored.")] = "",
    client_id: Annotated[str, Form(max_length=200, description="Ignored.")] = "",
    client_secret: Annotated[str, Form(max_length=200, description="Ignored.")] = "",
) -> Token:
    """Sign in by name and password, or renew with a refresh token, which is used up by it."""
    if grant_type == "refresh_token":
        if not refresh:
            raise InvalidInput("refresh_token", "Send the refresh token.")
        return _told(await benfex.transact(refresh_token, DOOR, refresh=refresh))
    for field, text in (("username", username), ("password", password)):
        if not text:
            raise InvalidInput(field, f"Send the {field}.")
    address = request.client.host if request.client else ""
    user_id = await benfex.sign_in.identify(name=username, password=password, address=address)
    return _told(await benfex.transact(issue_token, DOOR, user_id=user_id))


async def actor_behind_token(benfex: BenfexDep, token: Annotated[str | None, Depends(_bearer)]) -> ApiActor:
    """Return who sent the access token. Raises 401 with a challenge (RFC 6750, section 3)."""
    if not token:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    actor = await benfex.read(actor_of_access_token, DOOR, access=token)
    if not isinstance(actor, StaffActor | SubscriberActor):
        raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    return actor


ActorDep = Annotated[ApiActor, Depends(actor_behind_token)]


def _told(issued: IssuedToken) -> Token:
    return Token(
        access_token=issued.access_token,
        expires_in=issued.expires_in_seconds,
        refresh_token=issued.refresh_token,
    )
