"""The composition root: settings in, a Benfex out. Tests and benchmarks hand in other parts here."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypedDict

from benfex.application import Benfex
from benfex.core.actors import SystemActor
from benfex.core.clock import Clock, SystemClock
from benfex.core.errors import ConfigurationError
from benfex.core.events import EventBus
from benfex.core.holding import watched
from benfex.core.settings import Settings
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import UnitOfWork
from benfex.core.vault import Vault
from benfex.documents.attachments import InvoiceAttachments
from benfex.documents.printing import Documents
from benfex.identity.login import SignIn
from benfex.identity.passwords import PasswordKeeper
from benfex.identity.staff import needs_first_run
from benfex.jobs.catalogue import TIMETABLE
from benfex.jobs.scheduler import Scheduler
from benfex.ledger.journal import seal_chain
from benfex.network.backups import Backups
from benfex.network.changing import Changer
from benfex.network.driver import RouterDriver
from benfex.network.health import RouterWatch
from benfex.network.inspecting import Inspector
from benfex.network.inventory import RouterProbe
from benfex.network.provisioning import Provisioner
from benfex.network.registry import make_drivers, make_pool
from benfex.notifications.accounts import ChannelBook, save_channel_account
from benfex.notifications.channel import Channel
from benfex.notifications.dispatching import MessageDispatcher
from benfex.notifications.registry import build_channels
from benfex.outgoing.channels.https import knock
from benfex.outgoing.facts import tell_programs
from benfex.outgoing.telling import Telling
from benfex.payments.accounts import GatewayBook, save_gateway_account
from benfex.payments.auto_pay import AutoPay
from benfex.payments.checkout import Checkout
from benfex.payments.dispute_following import Disputes
from benfex.payments.gateway import Gateway
from benfex.payments.gateway_reconciliation import GatewayReconciliation
from benfex.payments.pay_links import create_pay_link
from benfex.payments.reconciliation import PaymentReconciler
from benfex.payments.refund_following import Refunds
from benfex.payments.registry import GATEWAYS, build_gateways
from benfex.payments.webhooks import WebhookInbox
from benfex.subscriptions.bill_run import BillRunner
from benfex.usage.live import LiveUsage
from benfex.usage.polling import UsagePoller
from benfex.usage.rollup import UsageRollup
from data.engine import Database, open_database
from data.locks import hold_database
from data.migrations.running import newest_revision, revision_of, upgrade
from data.models.operations import Installation
from data.queries import messages as message_queries
from data.queries import operations as operation_queries
from data.queries import policy as policy_queries
from data.session import begin_migration
from data.values.kinds import MessageChannel

_START = SystemActor("start")
_BuildChannels = Callable[
    [Mapping[MessageChannel, Mapping[str, str]], Clock], Mapping[MessageChannel, Channel]
]


class _Reach(TypedDict):
    """What reading and writing routers have in common."""

    transactor: Transactor
    clock: Clock
    vault: Vault
    watch: RouterWatch
    timeout_seconds: float
    concurrent_routers: int


class _Sight(TypedDict):
    """What looks at routers and what changes them have in common."""

    transactor: Transactor
    vault: Vault
    drivers: Mapping[str, RouterDriver]
    timeout_seconds: float


class _Pace(TypedDict):
    """How often routers are read."""

    watch_interval_seconds: float
    record_seconds: float


class _Till(TypedDict):
    """The flows that take money and give it back."""

    checkout: Checkout
    auto_pay: AutoPay
    inbox: WebhookInbox
    reconciler: PaymentReconciler
    reconciliation: GatewayReconciliation
    refunds: Refunds
    disputes: Disputes


def prepare_database(settings: Settings) -> None:
    """Bring the database to the newest schema and mark what it is: the demo's or a real ISP's.

    Raises ConfigurationError when it is the other kind, or behind on a server that is not to be migrated.
    """
    database = open_database(settings.resolved_database_url)
    try:
        _migrate(database, settings)
    finally:
        database.dispose()
    transactor = Transactor(open_database(settings.resolved_database_url), SystemClock(), EventBus())
    try:
        transactor.run_sync(_mark, _START, settings=settings, vault=Vault(settings.master_key))
    finally:
        transactor.close()


@contextmanager
def only_server(settings: Settings, *, give_up: Callable[[], None]) -> Iterator[None]:
    """Hold the right to serve a database and run its jobs; `give_up` is called when it is lost to somebody else.

    Raises ConfigurationError when another process serves it: two would poll and bill side by side.
    """
    settings.place.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.resolved_database_url)
    try:
        with hold_database(database) as hold:
            if not hold.is_held:
                raise ConfigurationError(
                    "Another Benfex serves this database and runs its jobs. Stop that one first."
                )
            with watched(hold, give_up=give_up):
                yield
    finally:
        database.dispose()


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    database: Database | None = None,
    drivers: Mapping[str, RouterDriver] | None = None,
    gateways: Callable[[Mapping[str, Mapping[str, str]], Clock], Mapping[str, Gateway]] = build_gateways,
    channels: _BuildChannels = build_channels,
    with_timetable: bool = True,
) -> Benfex:
    """Return a Benfex over a prepared database, the settings' if none is handed in; nothing runs before `start`."""
    clock = clock if clock is not None else SystemClock()
    bus, vault = EventBus(), Vault(_usable(settings).master_key)
    database = database or open_database(settings.resolved_database_url)
    # With one writer the chain is sealed as it is written.
    transactor = Transactor(database, clock, bus, before_commit=None if database.is_sqlite else seal_chain)
    # A pool each: stalled reads must not hold up the writes that restore service, nor who looks either.
    reading, writing, looking = (make_pool(settings.concurrent_routers) for _ in range(3))
    readers = drivers or make_drivers(reading)
    passwords = PasswordKeeper()
    book = GatewayBook(transactor, vault, clock, lambda accounts: gateways(accounts, clock))
    channel_book = ChannelBook(transactor, vault, lambda accounts: channels(accounts, clock))
    documents = Documents(transactor, book, public_url=settings.public_url)
    watch = RouterWatch(transactor=transactor, bus=bus)
    live, rollup = LiveUsage(), UsageRollup(transactor=transactor, clock=clock)
    reach: _Reach = {
        "transactor": transactor,
        "clock": clock,
        "vault": vault,
        "watch": watch,
        "timeout_seconds": settings.router_timeout_seconds,
        "concurrent_routers": settings.concurrent_routers,
    }
    benfex = Benfex(
        settings=settings,
        clock=clock,
        bus=bus,
        vault=vault,
        transactor=transactor,
        passwords=passwords,
        sign_in=SignIn(transactor, passwords),
        gateways=book,
        **_till(transactor, book, clock, vault, settings),
        channels=channel_book,
        messages=_dispatcher(transactor, channel_book, clock, settings, documents),
        documents=documents,
        bill_runner=BillRunner(transactor, bus),
        probe=RouterProbe(transactor=transactor, vault=vault, drivers=readers),
        watch=watch,
        router_pools=(reading, writing, looking),
        provisioner=Provisioner(**reach, drivers=drivers or make_drivers(writing)),
        poller=UsagePoller(**reach, **_pace(settings), drivers=readers, bus=bus, live=live, rollup=rollup),
        live=live,
        rollup=rollup,
    )
    _listen_for_programs(benfex)
    _look_at_routers(benfex, drivers or make_drivers(looking))
    if with_timetable:
        benfex.timetable = Scheduler(benfex, TIMETABLE)
    return benfex


def _usable(settings: Settings) -> Settings:
    """Return the settings: a slip in what only pages read is told at the start, not at the first of them."""
    _ = settings.tiles
    return settings


def _till(transactor: Transactor, book: GatewayBook, clock: Clock, vault: Vault, settings: Settings) -> _Till:
    reconciler = PaymentReconciler(transactor, book, clock, vault=vault)
    return {
        "checkout": Checkout(transactor, book, public_url=settings.public_url),
        "auto_pay": AutoPay(transactor, book, vault, public_url=settings.public_url),
        "inbox": WebhookInbox(transactor, book, vault=vault),
        "reconciler": reconciler,
        "reconciliation": GatewayReconciliation(
            transactor, book, reconciler, clock, public_url=settings.public_url
        ),
        "refunds": Refunds(transactor, book, vault, public_url=settings.public_url),
        "disputes": Disputes(transactor, book, clock),
    }


def _listen_for_programs(benfex: Benfex) -> None:
    """Have other programs told of what acts emit; what they are told is written in the act's transaction."""
    settings = benfex.settings
    benfex.telling = Telling(
        benfex.transactor,
        benfex.vault,
        benfex.clock,
        knock=knock,
        may_be_private=settings.demo or settings.webhooks_to_private_addresses,
    )
    benfex.transactor.set_after_act(tell_programs)


def _look_at_routers(benfex: Benfex, drivers: Mapping[str, RouterDriver]) -> None:
    sight: _Sight = {
        "transactor": benfex.transactor,
        "vault": benfex.vault,
        "drivers": drivers,
        "timeout_seconds": benfex.settings.router_timeout_seconds,
    }
    benfex.inspector = Inspector(**sight)
    benfex.backups = Backups(**sight)
    benfex.changer = Changer(**sight)


def _pace(settings: Settings) -> _Pace:
    return {
        "watch_interval_seconds": settings.watch_interval_seconds,
        "record_seconds": settings.usage_interval_seconds,
    }


def _dispatcher(
    transactor: Transactor, book: ChannelBook, clock: Clock, settings: Settings, documents: Documents
) -> MessageDispatcher:
    return MessageDispatcher(
        transactor,
        book,
        clock,
        public_url=settings.public_url,
        make_pay_link=create_pay_link,
        attach=InvoiceAttachments(documents),
    )


def first_run_token(benfex: Benfex) -> str | None:
    """Return the token that opens the first-run page, made now; None when an owner exists."""
    if not benfex.transactor.read_sync(needs_first_run, _START):
        return None
    benfex.first_run_token = secrets.token_urlsafe(24)
    return benfex.first_run_token


def _migrate(database: Database, settings: Settings) -> None:
    with begin_migration(database) as connection:
        at = revision_of(connection)
        if at == newest_revision():
            return
        if not database.is_sqlite and not settings.migrate_on_start:
            raise ConfigurationError(
                f"The database is at revision {at or 'none'}, this Benfex needs {newest_revision()}. "
                "Make a backup, then start with BENFEX_MIGRATE_ON_START=1."
            )
        upgrade(connection)


def _mark(uow: UnitOfWork, *, settings: Settings, vault: Vault) -> None:
    mark = operation_queries.installation(uow.session)
    if mark is None:
        uow.session.add(Installation(is_demo=settings.demo))
    elif mark.is_demo and not settings.demo:
        raise ConfigurationError("This is the demo's database. Start with --demo, or set another one.")
    elif settings.demo and not mark.is_demo:
        raise ConfigurationError("This database belongs to a real ISP, so the demo does not touch it.")
    known = {row.gateway for row in policy_queries.newest_gateway_accounts(uow.session)}
    asked = {
        name: {field.name: field.is_required for field in kind.fields} for name, kind in GATEWAYS.items()
    }
    for name, values in settings.gateways(asked).items():
        if name not in known:
            save_gateway_account(uow, gateway=name, settings=values, vault=vault)
    if not message_queries.newest_channel_accounts(uow.session):
        for name, values in settings.channels().items():
            save_channel_account(uow, channel=MessageChannel(name), settings=values, vault=vault)
