"""Start the demo's surroundings in a process of their own, make its history once, and introduce both."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from typing import Any, TypedDict

from benfex.application import Benfex
from benfex.bootstrap import build
from benfex.core.actors import SystemActor
from benfex.core.errors import ConfigurationError
from benfex.core.settings import Settings
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.demo.gateway_records import held_by_mpesa
from benfex.demo.history import DemoHistory, RouterPlace
from benfex.network.inventory import edit_router
from benfex.notifications.accounts import save_channel_account
from benfex.payments.accounts import save_gateway_account
from data.queries import customers as customer_queries
from data.queries import routers as router_queries
from data.seeds import demo as seeds
from data.values.identifiers import RouterId, new_token
from data.values.kinds import MessageChannel

_DEMO = SystemActor("demo")
_SANDBOX_PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"


class MailPlace(TypedDict):
    """Where the simulated mail server listens."""

    host: str
    port: int


class Announcement(TypedDict):
    """What the simulation says when it is ready."""

    control: str
    daraja: str
    daraja_certificate: str
    paystack: str
    flutterwave: str
    pesapal: str
    mail: MailPlace
    texting: str
    routers: list[RouterPlace]


class LivingDemo:
    """The demo's outside world, and what Benfex must know of it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None
        self._announcement: Announcement | None = None

    def begin(self, *, say: Callable[[str], None]) -> None:
        """Start the simulation; the first time, also make six months of history.

        Raises ConfigurationError when the simulation does not start.
        """
        home = self._settings.place / "outside"
        home.mkdir(parents=True, exist_ok=True)
        log = (home / "simulation.log").open("a", encoding="utf-8")
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "benfex.simulation", "--home", str(home), "--parent-pipe"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        log.close()
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ConfigurationError(f"The simulation did not start; see {home / 'simulation.log'}.")
        outside: Announcement = json.loads(line)
        self._announcement = outside
        for name in ("paystack", "flutterwave"):  # the others are told our address by Benfex
            webhook_url = f"{self._settings.public_url}/webhooks/{name}"
            _tell(f"{outside['control']}/{name}/webhook-url", {"url": webhook_url})
        self._arrange(outside, say)

    def introduce(self, benfex: Benfex) -> None:
        """Tell Benfex who can sign in to the demo, and where the phones are."""
        assert self._announcement is not None
        number = benfex.transactor.read_sync(_first_account, _DEMO)
        benfex.demo_accounts = (
            *((row.role, row.email, row.password) for row in seeds.STAFF),
            ("subscriber", number, seeds.SUBSCRIBER_PASSWORD),
        )
        benfex.phone_url = f"{self._announcement['control']}/phone"

    def end(self) -> None:
        """End the simulation."""
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def _arrange(self, outside: Announcement, say: Callable[[str], None]) -> None:
        vault = Vault(self._settings.master_key)
        history = DemoHistory(self._settings)
        is_new = not history.is_made()
        if is_new:
            say("Making six months of history for the demo; this takes about a minute, and only once.")
            history.make(routers=outside["routers"], say=say)
        benfex = build(self._settings, with_timetable=False)
        try:
            run = benfex.transactor.run_sync
            run(_save_gateways, _DEMO, outside=outside, vault=vault)
            run(_save_channels, _DEMO, outside=outside, vault=vault)
            run(_move_routers, _DEMO, places=outside["routers"], vault=vault)
            held = benfex.transactor.read_sync(held_by_mpesa, _DEMO)
        finally:
            benfex.transactor.close()
        if is_new:
            _tell(f"{outside['control']}/daraja/balance", {"balance": held})
            for entry in seeds.ENTRIES_OF_BEFORE:
                words = entry._asdict()
                _tell(f"{outside['control']}/routers/{words.pop('router')}/by-hand", words)


def _save_gateways(uow: UnitOfWork, *, outside: Announcement, vault: Vault) -> None:
    mpesa = {
        "base_url": outside["daraja"],
        "consumer_key": "demo-consumer-key",
        "consumer_secret": "demo-consumer-secret",
        "shortcode": "174379",
        "passkey": _SANDBOX_PASSKEY,
        "callback_token": new_token(16),
        "initiator_name": "demoapi",
        "initiator_password": "demo#Initiator1",
        "certificate": outside["daraja_certificate"],
        "standing_orders": "2026",
        "business_name": seeds.ISP_NAME,
    }
    save_gateway_account(uow, gateway="mpesa", settings=mpesa, vault=vault)
    paystack = {"base_url": outside["paystack"], "secret_key": "sk_test_benfex_demo_key"}
    save_gateway_account(uow, gateway="paystack", settings=paystack, vault=vault)
    flutterwave = {
        "base_url": outside["flutterwave"],
        "secret_key": "FLWSECK_TEST-benfex-demo-key-X",
        "secret_hash": "benfex-demo-secret-hash",
    }
    save_gateway_account(uow, gateway="flutterwave", settings=flutterwave, vault=vault)
    pesapal = {
        "base_url": outside["pesapal"],
        "consumer_key": "benfex-demo-key",
        "consumer_secret": "benfex-demo-secret",
        "mode": "test",
    }
    save_gateway_account(uow, gateway="pesapal", settings=pesapal, vault=vault)


def _save_channels(uow: UnitOfWork, *, outside: Announcement, vault: Vault) -> None:
    mail = {
        "host": outside["mail"]["host"],
        "port": str(outside["mail"]["port"]),
        "security": "none",
        "from_address": "bills@savanna.example",
        "from_name": seeds.ISP_NAME,
    }
    save_channel_account(uow, channel=MessageChannel.EMAIL, settings=mail, vault=vault)
    texting = {
        "username": "benfex-demo",
        "api_key": "atsk_benfex_demo",
        "sender": "BENFEX",
        "base_url": outside["texting"],
    }
    save_channel_account(uow, channel=MessageChannel.SMS, settings=texting, vault=vault)


def _move_routers(uow: UnitOfWork, *, places: list[RouterPlace], vault: Vault) -> None:
    for place in places:
        router = router_queries.router_by_name(uow.session, place["name"])
        if router is not None and router.id is not None:
            edit_router(uow, router_id=RouterId(router.id), vault=vault, **place)


def _first_account(snapshot: Snapshot) -> str:
    customer = customer_queries.find_customer(snapshot.session, 1)
    assert customer is not None
    return customer.account_number


def _tell(url: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310 - the simulation on this machine
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5):  # noqa: S310 - the simulation on this machine
        pass
