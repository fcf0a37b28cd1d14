"""The gateways by name: the one place that knows them all. Adding one is one line here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

from benfex.core.clock import Clock
from benfex.core.errors import ConfigurationError
from benfex.payments.gateway import Gateway, SettingField, name_of_gateway
from benfex.payments.gateways.flutterwave.gateway import FlutterwaveGateway
from benfex.payments.gateways.mpesa.gateway import MpesaGateway
from benfex.payments.gateways.mpesa.statement import read_statement_file
from benfex.payments.gateways.paystack.gateway import PaystackGateway
from benfex.payments.gateways.pesapal.gateway import PesapalGateway
from benfex.payments.statement_files import ReadStatementFile


class GatewayKind(Protocol):
    """A gateway that can be set up: its class, with what people call it and what it wants to know."""

    @property
    def name(self) -> str:
        """Return the name that rows and addresses carry."""

    @property
    def label(self) -> str:
        """Return what people call it."""

    @property
    def pay_label(self) -> str:
        """Return what payers may choose it for; empty where its name says that."""

    @property
    def address_advice(self) -> str:
        """Return where its owner pastes our address for webhooks; empty where Benfex tells it."""

    @property
    def fields(self) -> tuple[SettingField, ...]:
        """Return its settings, in the order of the screen."""

    def __call__(self, settings: Mapping[str, str], clock: Clock, /) -> Gateway:
        """Return one that speaks for these settings. Raises KeyError naming what is missing."""


GATEWAYS: Final[Mapping[str, GatewayKind]] = MappingProxyType(
    {
        MpesaGateway.name: MpesaGateway,
        PaystackGateway.name: PaystackGateway,
        FlutterwaveGateway.name: FlutterwaveGateway,
        PesapalGateway.name: PesapalGateway,
    }
)

# The gateways whose statements come as files, and how each is read.
STATEMENT_FILES: Final[Mapping[str, ReadStatementFile]] = MappingProxyType(
    {MpesaGateway.name: read_statement_file}
)


def label_of(name: str) -> str:
    """Return what people call a way to pay, registered or not."""
    return GATEWAYS[name].label if name in GATEWAYS else name_of_gateway(name)


def pay_label_of(name: str) -> str:
    """Return what payers choose a way to pay by."""
    return (GATEWAYS[name].pay_label if name in GATEWAYS else "") or label_of(name)


def build_gateways(
    settings: Mapping[str, Mapping[str, str]], clock: Clock, *, kinds: Mapping[str, GatewayKind] = GATEWAYS
) -> Mapping[str, Gateway]:
    """Return a gateway for each name that is set up, in the registry's order; names we do not know are left out.

    Raises ConfigurationError naming the setting that a gateway lacks.
    """
    built: dict[str, Gateway] = {}
    for name, kind in kinds.items():
        if name not in settings:
            continue
        try:
            built[name] = kind(settings[name], clock)
        except KeyError as cause:
            raise ConfigurationError(f"The gateway {name} lacks the setting {cause.args[0]}.") from cause
    return built
