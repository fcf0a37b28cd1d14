"""`Outside`: all far ends of Benfex together, on loopback, in the running loop.

The command line is __main__.py; the far ends are daraja.py, paystack.py, phone.py and routeros/.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benfex.simulation.control import Control
from benfex.simulation.courier import Courier
from benfex.simulation.daraja import Daraja
from benfex.simulation.door import Door, is_free
from benfex.simulation.flutterwave import Flutterwave
from benfex.simulation.hosted import HostedGateway
from benfex.simulation.mail import MailOptions, MailServer
from benfex.simulation.options import DarajaOptions, DeliveryPolicy, PaystackOptions
from benfex.simulation.paystack import Paystack
from benfex.simulation.pesapal import Pesapal
from benfex.simulation.phone import Phones
from benfex.simulation.routeros.server import RouterOptions, SimulatedRouter, StateError
from benfex.simulation.state_file import load_object, save_object
from benfex.simulation.texting import Texting, TextingOptions

ROUTER_NAMES = ("nakuru-core", "naivasha-pop", "gilgil-tower")
ROUTER_USERNAME = "benfex"
FACTORY_PROFILE = "default"
PORTS_FILE = "ports.json"
HOSTED = ("flutterwave", "pesapal")
# Paystack repeats an unanswered webhook every three minutes, four times (live mode).
PAYSTACK_RETRY_SECONDS = (180.0, 180.0, 180.0)


@dataclass(frozen=True, slots=True)
class OutsideOptions:
    """What to simulate. Ports of 0 are remembered ones, else free ones; `home` None keeps nothing on disk.

    `subscribers` are shared out over the routers and dial at once.
    """

    home: Path | None = None
    control_port: int = 0
    daraja_port: int = 0
    paystack_port: int = 0
    router_ports: tuple[int, ...] = ()
    seed: int = 1
    routers: int = len(ROUTER_NAMES)
    subscribers: int = 0
    fresh: bool = False
    daraja: DarajaOptions = field(default_factory=DarajaOptions)
    paystack: PaystackOptions = field(default_factory=PaystackOptions)
    mail_port: int = 0
    texting_port: int = 0
    mail: MailOptions = field(default_factory=MailOptions)
    texting: TextingOptions = field(default_factory=TextingOptions)


class Outside:
    """The gateways, the phones, the routers and the control door; start and stop belong to one loop.

    `more` are gateways besides our own, by name: the worked example of the docs is one.
    """

    def __init__(
        self, options: OutsideOptions | None = None, *, more: Mapping[str, HostedGateway] | None = None
    ) -> None:
        self.options = options or OutsideOptions()
        home = self.options.home
        if self.options.fresh and home is not None:
            self._forget(home)
        remembered = load_object(home / PORTS_FILE if home else None)
        self.phones = Phones()
        self.daraja = Daraja(
            self.options.daraja,
            phones=self.phones,
            courier=Courier(seed=self.options.seed),
            path=home / "daraja.json" if home else None,
        )
        self.paystack = Paystack(
            self.options.paystack,
            courier=Courier(
                policy=DeliveryPolicy(retry_seconds=PAYSTACK_RETRY_SECONDS), seed=self.options.seed + 1
            ),
            phones=self.phones,
            path=home / "paystack.json" if home else None,
        )
        self.flutterwave = Flutterwave(
            phones=self.phones,
            courier=Courier(seed=self.options.seed + 2),
            path=home / "flutterwave.json" if home else None,
        )
        self.pesapal = Pesapal(
            courier=Courier(seed=self.options.seed + 3), path=home / "pesapal.json" if home else None
        )
        self.hosted: dict[str, HostedGateway] = {
            "flutterwave": self.flutterwave,
            "pesapal": self.pesapal,
            **(more or {}),
        }
        self.mail = MailServer(self.options.mail, port=self.options.mail_port or _port(remembered, "mail"))
        self.texting = Texting(self.options.texting, phones=self.phones)
        self.routers = self._make_routers(remembered)
        control = Control(
            daraja=self.daraja,
            paystack=self.paystack,
            hosted=self.hosted,
            phones=self.phones,
            mail=self.mail,
            texting=self.texting,
            routers=self.routers,
            announcement=self.announcement,
        )
        self._control = Door(control.app, port=self.options.control_port or _port(remembered, "control"))
        self._daraja = Door(self.daraja.app, port=self.options.daraja_port or _port(remembered, "daraja"))
        self._texting = Door(self.texting.app, port=self.options.texting_port or _port(remembered, "texting"))
        self._paystack = Door(
            self.paystack.app, port=self.options.paystack_port or _port(remembered, "paystack")
        )
        self._hosted = {
            name: Door(gateway.app, port=_port(remembered, name)) for name, gateway in self.hosted.items()
        }

    @property
    def control_url(self) -> str:
        """Return the address of the control door; known after `start`, as the others."""
        return self._control.url

    @property
    def daraja_url(self) -> str:
        """Return the base address of the simulated Daraja."""
        return self._daraja.url

    @property
    def paystack_url(self) -> str:
        """Return the base address of the simulated Paystack."""
        return self._paystack.url

    def hosted_url(self, name: str) -> str:
        """Return the base address of a simulated gateway with a page of its own, Paystack apart."""
        return self._hosted[name].url

    def announcement(self) -> dict[str, object]:
        """Return where everything is, with the demo's credentials of the routers."""
        return {
            "control": self.control_url,
            "daraja": self.daraja_url,
            "daraja_certificate": self.daraja.initiator.certificate(),
            "paystack": self.paystack_url,
            **{name: door.url for name, door in self._hosted.items()},
            "mail": {"host": "127.0.0.1", "port": self.mail.port},
            "texting": self._texting.url,
            "routers": [
                {
                    "name": name,
                    "host": router.host,
                    "port": router.port,
                    "username": router.options.username,
                    "password": router.options.password,
                }
                for name, router in self.routers.items()
            ],
        }

    async def start(self) -> None:
        """Open all doors; what was opened is closed again when one fails. Raises OSError, ValueError and
        StateError.
        """
        try:
            self.daraja.start()
            self.paystack.start()
            for gateway in self.hosted.values():
                gateway.start()
            for router in self.routers.values():
                await router.start()
            await self.mail.start()
            for door in self._doors():
                await door.start()
        except (OSError, ValueError, StateError):
            await self.stop()
            raise
        self.paystack.base_url = self.paystack_url
        for name, gateway in self.hosted.items():
            gateway.base_url = self.hosted_url(name)
        self._populate()
        if self.options.home is not None:
            save_object(self.options.home / PORTS_FILE, self._ports())

    async def stop(self) -> None:
        """Close all doors and keep what is to be kept."""
        self.phones.stop()
        await asyncio.gather(*(door.stop() for door in self._doors()))
        await self.mail.stop()
        await self.daraja.stop()
        await self.paystack.stop()
        for gateway in self.hosted.values():
            await gateway.stop()
        for router in self.routers.values():
            await router.stop()

    def _doors(self) -> tuple[Door, ...]:
        return (self._daraja, self._paystack, *self._hosted.values(), self._texting, self._control)

    def _make_routers(self, remembered: dict[str, object]) -> dict[str, SimulatedRouter]:
        home, kept = self.options.home, remembered.get("routers")
        ports = kept if isinstance(kept, dict) else {}
        routers: dict[str, SimulatedRouter] = {}
        for index, name in enumerate(self._router_names()):
            wanted = self.options.router_ports[index : index + 1]
            routers[name] = SimulatedRouter(
                RouterOptions(
                    name=name,
                    port=wanted[0] if wanted and wanted[0] else _port(ports, name),
                    username=ROUTER_USERNAME,
                    password=f"demo-router-{index + 1}",
                    seed=self.options.seed + index,
                    state_path=home / f"{name}.json" if home else None,
                )
            )
        return routers

    def _router_names(self) -> list[str]:
        more = [f"router-{number}" for number in range(len(ROUTER_NAMES) + 1, self.options.routers + 1)]
        return [*ROUTER_NAMES, *more][: self.options.routers]

    def _forget(self, home: Path) -> None:
        for name in ("daraja", "paystack", *HOSTED, *self._router_names()):
            (home / f"{name}.json").unlink(missing_ok=True)

    def _populate(self) -> None:
        if not self.routers or not self.options.subscribers:
            return
        share, rest = divmod(self.options.subscribers, len(self.routers))
        for index, router in enumerate(self.routers.values()):
            router.populate(f"home{index + 1}-", share + (index < rest), FACTORY_PROFILE)

    def _ports(self) -> dict[str, object]:
        return {
            "control": self._control.port,
            "daraja": self._daraja.port,
            "paystack": self._paystack.port,
            **{name: door.port for name, door in self._hosted.items()},
            "mail": self.mail.port,
            "texting": self._texting.port,
            "routers": {name: router.port for name, router in self.routers.items()},
        }


def _port(remembered: dict[str, object], name: str) -> int:
    port = remembered.get(name, 0)
    return port if isinstance(port, int) and 0 < port <= 65_535 and is_free(port) else 0
