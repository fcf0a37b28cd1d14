"""/gateways: the ways to pay, set up and tested by the owner; /payment-policy: the terms of taking and giving back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, Field, StrictBool, StrictInt, StringConstraints
from starlette.responses import Response

from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.identity.idempotency import Answer
from benfex.payments.gateway_setup import (
    GatewayView,
    gateway_view,
    gateway_views,
    set_up_gateway,
    switch_gateway,
)
from benfex.payments.policy import (
    PaymentChanges,
    PaymentTerms,
    payment_policy,
    payment_terms,
    save_payment_policy,
)
from data.values.kinds import AddressCheck
from data.values.money import LARGEST_MINOR
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Incoming, Listing, Outgoing, Text, without_control_characters
from pages.dependencies import BenfexDep

router = APIRouter(tags=["gateways"])
# A certificate is one too.
Setting = Annotated[str, StringConstraints(max_length=4_000), AfterValidator(without_control_characters)]


class GatewaySetup(Incoming):
    """A gateway's settings, secrets too; a secret that is left out stays, unless it is to be forgotten.

    Without settings it is only switched.
    """

    settings: dict[str, Setting] | None = None
    forget: list[Text] = Field(default_factory=list, max_length=20)
    is_enabled: StrictBool = True


class GatewayField(Outgoing):
    """One setting. A secret goes in and never comes out."""

    name: str
    label: str
    help: str
    is_secret: bool
    is_required: bool


class Gateway(Outgoing):
    """A way to pay. `version` 0 is not set up; `is_test` is null where its keys do not tell."""

    name: str
    label: str
    is_enabled: bool
    version: int
    is_test: bool | None
    settings: dict[str, str]
    secrets_set: list[str]
    fields: list[GatewayField]
    last_heard_at: datetime | None
    registered_at: datetime | None


class Finding(Outgoing):
    """One thing that a test found, in words."""

    is_good: bool
    text: str
    advice: str


class Findings(Outgoing):
    """What a test found; `is_good` when all of it is."""

    is_good: bool
    findings: list[Finding]


class PolicyChanges(Incoming):
    """What of the terms is to change; what is left out stays. Amounts in minor units of the ISP's currency."""

    match_threshold: StrictInt | None = Field(default=None, ge=1, le=100)
    refuses_unknown_accounts: StrictBool | None = None
    second_person_above_minor: StrictInt | None = Field(default=None, ge=0, le=LARGEST_MINOR)
    pay_minimum_minor: StrictInt | None = Field(default=None, ge=0, le=LARGEST_MINOR)
    address_check: AddressCheck | None = None
    gateway_addresses: list[Text] | None = None
    trusted_proxies: list[Text] | None = None


class Policy(Outgoing):
    """The terms in force."""

    match_threshold: int
    refuses_unknown_accounts: bool
    second_person_above_minor: int
    pay_minimum_minor: int
    address_check: AddressCheck
    gateway_addresses: list[str]
    trusted_proxies: list[str]


@router.get("/gateways", responses=READING)
async def list_gateways(benfex: BenfexDep, actor: ActorDep) -> Listing[Gateway]:
    """Return every gateway that can be set up; there are few, so all at once."""
    found = await benfex.read(gateway_views, actor, vault=benfex.vault)
    return Listing[Gateway](items=[_shown(view) for view in found], next_cursor=None)


@router.get("/gateways/{name}", responses=READING)
async def get_gateway(name: str, benfex: BenfexDep, actor: ActorDep) -> Gateway:
    """Return one gateway."""
    return _shown(await benfex.read(gateway_view, actor, gateway=name, vault=benfex.vault))


@router.put("/gateways/{name}", response_model=Gateway, responses=WRITING)
async def put_gateway(name: str, asked: GatewaySetup, benfex: BenfexDep, call: UnsafeCallDep) -> Response:
    """Set a gateway up, change it, or switch it on or off; it counts at once."""

    def work(uow: UnitOfWork) -> Answer:
        if asked.settings is None:
            switch_gateway(uow, gateway=name, vault=benfex.vault, is_enabled=asked.is_enabled)
        else:
            set_up_gateway(
                uow,
                gateway=name,
                settings=asked.settings,
                vault=benfex.vault,
                is_enabled=asked.is_enabled,
                forget=asked.forget,
            )
        return told(200, _found(uow, name, benfex.vault))

    answer = await call.once(work)
    await benfex.gateways.load()
    return answer


@router.post("/gateways/{name}/check", responses=READING)
async def check_gateway(name: str, benfex: BenfexDep, actor: ActorDep) -> Findings:
    """Try a gateway's stored settings out without moving money, and say what is right and what is wrong."""
    found = await benfex.gateway_checks.check(actor, name)
    return Findings(
        is_good=all(finding.is_good for finding in found),
        findings=[Finding.model_validate(finding) for finding in found],
    )


@router.get("/payment-policy", responses=READING)
async def get_payment_policy(benfex: BenfexDep, actor: ActorDep) -> Policy:
    """Return the terms in force."""
    return _policy(await benfex.read(payment_policy, actor))


@router.put("/payment-policy", response_model=Policy, responses=WRITING)
async def put_payment_policy(asked: PolicyChanges, call: UnsafeCallDep) -> Response:
    """Change the terms; what is left out stays."""
    given = asked.model_dump(exclude_none=True)
    changes = PaymentChanges(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}  # type: ignore[typeddict-item]
    )

    def work(uow: UnitOfWork) -> Answer:
        save_payment_policy(uow, **changes)
        return told(200, _policy(payment_terms(uow)))

    return await call.once(work)


def _found(snapshot: Snapshot, name: str, vault: Vault) -> Gateway:
    return _shown(gateway_view(snapshot, gateway=name, vault=vault))


def _shown(view: GatewayView) -> Gateway:
    return Gateway(
        name=view.name,
        label=view.label,
        is_enabled=view.is_enabled,
        version=view.version,
        is_test=view.is_test,
        settings=dict(view.settings),
        secrets_set=sorted(view.secrets_set),
        fields=[GatewayField.model_validate(field) for field in view.fields],
        last_heard_at=view.last_heard_at,
        registered_at=view.registered_at,
    )


def _policy(terms: PaymentTerms) -> Policy:
    return Policy.model_validate(terms)
