"""Try a gateway's settings out without moving money, and say in words what is right and what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from benfex.core.actors import Actor
from benfex.core.errors import ConfigurationError, GatewayError
from benfex.core.transactor import Transactor
from benfex.core.vault import Vault
from benfex.payments.accounts import BuildGateways, stored_settings
from benfex.payments.gateway import Finding, Gateway
from benfex.payments.registry import GATEWAYS
from data.values.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class CallbackAddress:
    """Where a gateway reaches us, and where to paste that."""

    url: str
    advice: str


class GatewayChecks:
    """Tries out what is stored of a gateway, on or off, beside the one that runs."""

    def __init__(
        self, transactor: Transactor, vault: Vault, build: BuildGateways, *, public_url: str
    ) -> None:
        self._transactor = transactor
        self._vault = vault
        self._build = build
        self._public_url = public_url

    async def check(self, actor: Actor, name: str) -> tuple[Finding, ...]:
        """Return what was found, good and bad. Raises NotFound, Conflict for a gateway that is not set up."""
        found = list(self._reachability())
        try:
            gateway = await self._one(actor, name)
        except ConfigurationError as error:
            return (Finding(is_good=False, text=error.message, advice="Fill it in and save again."), *found)
        try:
            told = await gateway.check()
        except GatewayError as error:
            told = (Finding(is_good=False, text=error.message, advice="Try again in a minute."),)
        finally:
            await gateway.aclose()
        # A gateway that looks at our address itself says more of it.
        return told if any("BENFEX_BASE_URL" in one.advice for one in told) else (*told, *found)

    def address_of(self, name: str) -> CallbackAddress | None:
        """Return the address that somebody must tell the gateway, None where Benfex tells it."""
        advice = GATEWAYS[name].address_advice
        return CallbackAddress(f"{self._public_url}/webhooks/{name}", advice) if advice else None

    async def _one(self, actor: Actor, name: str) -> Gateway:
        if name not in GATEWAYS:
            raise NotFound("gateway")
        settings: Mapping[str, str] | None = await self._transactor.read(
            stored_settings, actor, gateway=name, vault=self._vault
        )
        if settings is None:
            raise Conflict("Set this way to pay up first.")
        return self._build({name: {**settings, "public_url": self._public_url}})[name]

    def _reachability(self) -> tuple[Finding, ...]:
        parts = urlsplit(self._public_url)
        if parts.scheme == "https":
            return (Finding(is_good=True, text=f"Gateways reach Benfex at {self._public_url}."),)
        return (
            Finding(
                is_good=False,
                text=f"Gateways report payments to https addresses only, and Benfex is at {self._public_url}.",
                advice="Set BENFEX_BASE_URL to the https address of this server, and start Benfex again.",
            ),
        )
