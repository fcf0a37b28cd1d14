"""The simulated far end of every registered gateway, in the words that the contract speaks: pay, refuse, lose."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar

from benfex.core.clock import SystemClock
from benfex.payments.gateway import (
    Gateway,
    GatewayEvent,
    PaymentRequest,
    StartedPayment,
    WebhookDelivery,
)
from benfex.payments.registry import GATEWAYS, GatewayKind
from benfex.simulation.daraja_key import Initiator
from benfex.simulation.hosted import HostedGateway
from benfex.simulation.options import SANDBOX_PASSKEY, DarajaOptions
from benfex.simulation.outside import Outside
from data.values.identifiers import new_token
from tests.contract.far_end import CALLBACK_TOKEN, PHONE, FarEnd, changed, delivery_of, now
from tests.contract.gateway_clients import client, listening, open_outside
from tests.examples.village.bank import VillageBank
from tests.examples.village.gateway import VillageGateway

SHORTCODE = "174379"
MPESA: dict[str, str] = {
    "consumer_key": "demo-consumer-key",
    "consumer_secret": "demo-consumer-secret",
    "shortcode": SHORTCODE,
    "passkey": SANDBOX_PASSKEY,
    "callback_token": CALLBACK_TOKEN,
    "calls_per_second": "1000",
}
INITIATOR: dict[str, str] = {
    "initiator_name": "demoapi",
    "initiator_password": "demo#Initiator1",
    "certificate": Initiator().certificate(),
}
PAYSTACK: dict[str, str] = {"secret_key": "sk_test_benfex_demo_key"}
SECRET_HASH = "benfex-demo-secret-hash"
FLUTTERWAVE: dict[str, str] = {
    "secret_key": "FLWSECK_TEST-benfex-demo-key-X",
    "secret_hash": SECRET_HASH,
}
PESAPAL: dict[str, str] = {
    "consumer_key": "benfex-demo-key",
    "consumer_secret": "benfex-demo-secret",
    "callback_token": CALLBACK_TOKEN,
}


class MpesaFarEnd(FarEnd):
    kinds = "daraja"
    answers_path = "/stk/"
    settings = MPESA
    wrong: ClassVar[Mapping[str, str]] = {"consumer_secret": "other"}

    @classmethod
    def base_url(cls, outside: Outside) -> str:
        return outside.daraja_url

    async def ready(self) -> None:
        await self.gateway.register_callbacks(public_url=self.listener.url)

    async def answer(self, answer: str, *, phone: str = PHONE) -> None:
        await self.tell(f"/phones/{phone}/answer", answer=answer)

    async def pay(self, started: StartedPayment, request: PaymentRequest) -> None:
        assert request.payer_phone is not None
        await self.answer("pay", phone=request.payer_phone.msisdn)

    async def refuse(self, started: StartedPayment, request: PaymentRequest) -> None:
        assert request.payer_phone is not None
        await self.answer("cancel", phone=request.payer_phone.msisdn)

    async def lose_next(self) -> None:
        await self.tell("/daraja/delivery", lose_next=1, lose_confirmation_next=1)

    def forged(self, delivery: WebhookDelivery) -> WebhookDelivery:
        return changed(delivery, path_token="0" * len(CALLBACK_TOKEN))

    def proven(self, body: bytes) -> WebhookDelivery:
        return mpesa_delivery(body)

    @property
    def starts(self) -> int:
        return self.outside.daraja.calls.get("push", 0)

    async def confirmations(self, count: int = 1) -> list[WebhookDelivery]:
        path = f"/webhooks/mm/{CALLBACK_TOKEN}/c2b/confirmation"
        return [delivery_of(one) for one in await self.listener.wait(path, count)]

    def address(self, kind: str) -> str:
        """Return a callback address of ours, as the flows make them."""
        return f"{self.listener.url}{self.gateway.callback_path(kind, new_token(16))}"

    async def heard(self, kind: str, count: int = 1) -> GatewayEvent:
        """Wait for so many deliveries of a kind, and return what the last one says."""
        async with asyncio.timeout(5), self.listener.news:
            await self.listener.news.wait_for(lambda: len(self._of_kind(kind)) >= count)
        (event,) = self.gateway.read_webhook(self._of_kind(kind)[-1])
        return event

    def _of_kind(self, kind: str) -> list[WebhookDelivery]:
        return [found for one in self.listener.received if (found := delivery_of(one)).path_kind == kind]


class PaystackFarEnd(FarEnd):
    kinds = "paystack"
    answers_path = "/webhooks/paystack"
    settings = PAYSTACK
    wrong: ClassVar[Mapping[str, str]] = {"secret_key": "sk_test_other"}

    @classmethod
    def base_url(cls, outside: Outside) -> str:
        return outside.paystack_url

    async def ready(self) -> None:
        await self.tell("/paystack/webhook-url", url=f"{self.listener.url}/webhooks/paystack")

    async def pay(self, started: StartedPayment, request: PaymentRequest) -> None:
        await self.tell("/paystack/pay", reference=started.gateway_reference)

    async def refuse(self, started: StartedPayment, request: PaymentRequest) -> None:
        await self.tell("/paystack/decline", reference=started.gateway_reference)

    def forged(self, delivery: WebhookDelivery) -> WebhookDelivery:
        return changed(delivery, body=delivery.body.replace(b'"success"', b'"Success"', 1))

    def proven(self, body: bytes) -> WebhookDelivery:
        return paystack_delivery(body, secret=PAYSTACK["secret_key"])

    @property
    def starts(self) -> int:
        return self.outside.paystack.calls.get("initialize", 0)


class HostedFarEnd(FarEnd):
    """A far end with a page of its own, all of which the control door speaks to in the same words."""

    @classmethod
    def base_url(cls, outside: Outside) -> str:
        return outside.hosted_url(cls.kinds)

    async def pay(self, started: StartedPayment, request: PaymentRequest) -> None:
        await self.tell(f"/{self.kinds}/pay", reference=request.reference)

    async def refuse(self, started: StartedPayment, request: PaymentRequest) -> None:
        await self.tell(f"/{self.kinds}/decline", reference=request.reference)

    @property
    def starts(self) -> int:
        return self.outside.hosted[self.kinds].calls.get("initialize", 0)


class FlutterwaveFarEnd(HostedFarEnd):
    kinds = "flutterwave"
    answers_path = "/webhooks/flutterwave"
    settings = FLUTTERWAVE
    wrong: ClassVar[Mapping[str, str]] = {"secret_key": "FLWSECK_TEST-other"}

    async def ready(self) -> None:
        await self.tell("/flutterwave/webhook-url", url=f"{self.listener.url}/webhooks/flutterwave")

    def forged(self, delivery: WebhookDelivery) -> WebhookDelivery:
        return changed(delivery, headers={**delivery.headers, "verif-hash": "benfex-demo-secret-hasH"})

    def proven(self, body: bytes) -> WebhookDelivery:
        return WebhookDelivery("event", None, None, {"verif-hash": SECRET_HASH}, body, now())


class PesapalFarEnd(HostedFarEnd):
    kinds = "pesapal"
    answers_path = "/ipn"
    settings = PESAPAL
    wrong: ClassVar[Mapping[str, str]] = {"consumer_secret": "other"}

    async def ready(self) -> None:
        await self.gateway.register_callbacks(public_url=self.listener.url)

    def forged(self, delivery: WebhookDelivery) -> WebhookDelivery:
        return changed(delivery, path_token="0" * len(CALLBACK_TOKEN))

    def proven(self, body: bytes) -> WebhookDelivery:
        return WebhookDelivery("ipn", CALLBACK_TOKEN, None, {}, body, now())


class VillageFarEnd(HostedFarEnd):
    """The worked example of docs/gateways.md keeps the contract like every gateway that is offered."""

    kinds = "village"
    answers_path = "/webhooks/village"
    settings: ClassVar[Mapping[str, str]] = {"secret": "village-secret"}
    wrong: ClassVar[Mapping[str, str]] = {"secret": "other-secret"}

    async def ready(self) -> None:
        await self.tell("/village/webhook-url", url=f"{self.listener.url}/webhooks/village")

    def forged(self, delivery: WebhookDelivery) -> WebhookDelivery:
        return changed(delivery, body=delivery.body + b" ")

    def proven(self, body: bytes) -> WebhookDelivery:
        signature = hmac.new(b"village-secret", body, hashlib.sha256).hexdigest()
        return WebhookDelivery("event", None, None, {"x-village-signature": signature}, body, now())


KINDS: Mapping[str, GatewayKind] = {**GATEWAYS, VillageGateway.name: VillageGateway}
FAR_ENDS: Mapping[str, type[FarEnd]] = {
    "mpesa": MpesaFarEnd,
    "paystack": PaystackFarEnd,
    "flutterwave": FlutterwaveFarEnd,
    "pesapal": PesapalFarEnd,
    "village": VillageFarEnd,
}


def build(name: str, settings: Mapping[str, str]) -> Gateway:
    return KINDS[name](settings, SystemClock())


@asynccontextmanager
async def facing(name: str, *, daraja: DarajaOptions | None = None, **settings: str) -> AsyncIterator[FarEnd]:
    """A gateway of ours with its far end on loopback, introduced to each other."""
    kind = FAR_ENDS[name]
    async with (
        listening() as listener,
        open_outside(daraja, more=_examples(name)) as outside,
        client(outside.control_url) as control,
    ):
        gateway = build(name, {**kind.settings, "base_url": kind.base_url(outside), **settings})
        far_end = kind(gateway, outside, listener, control)
        await far_end.ready()
        try:
            yield far_end
        finally:
            await gateway.aclose()


def _examples(name: str) -> dict[str, HostedGateway]:
    return {name: VillageBank(secret="village-secret")} if name == VillageGateway.name else {}


def mpesa_delivery(
    body: bytes, *, kind: str = "stk", path_token: str | None = CALLBACK_TOKEN, attempt: str | None = "a1"
) -> WebhookDelivery:
    return WebhookDelivery(kind, path_token, attempt if kind == "stk" else None, {}, body, now())


def paystack_delivery(body: bytes, *, secret: str) -> WebhookDelivery:
    signature = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
    return WebhookDelivery("event", None, None, {"x-paystack-signature": signature}, body, now())
