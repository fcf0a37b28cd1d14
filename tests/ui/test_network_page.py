"""The page of traffic: what moves now and who, and today beside a week ago."""

from datetime import timedelta
from typing import TYPE_CHECKING

from nicegui.testing import User

from data.values.identifiers import ConnectionId
from data.values.states import RouterStatus
from data.values.traffic import Traffic
from tests.ui.isp import Isp, sign_in

if TYPE_CHECKING:
    from benfex.application import Benfex
    from benfex.core.unit_of_work import UnitOfWork

_LINE = ConnectionId(1)


async def test_the_network_is_seen_as_it_moves(user: User, isp: Isp, benfex: "Benfex") -> None:
    from benfex.core.events import RouterSampled, UsageSample
    from benfex.usage.live import LiveRouter

    await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user)
    await user.open("/admin/network")
    await user.should_see("Nothing moves")
    await user.should_see("Nothing counted today")

    seen = LiveRouter(
        isp.router_id,
        "nakuru-core",
        RouterStatus.REACHABLE,
        online=1,
        download_bps=9_000_000,
        upload_bps=1_000_000,
        last_seen_at=benfex.clock.now(),
    )
    moved = UsageSample(connection_id=_LINE, download_bps=7_000_000, upload_bps=500_000)
    benfex.live.take(seen, online=frozenset({_LINE}), samples=[moved])
    benfex.bus.publish(
        RouterSampled(
            router_id=isp.router_id,
            at=benfex.clock.now(),
            download_bps=9_000_000,
            upload_bps=1_000_000,
            online=1,
            cpu_percent=3,
        )
    )
    await user.should_see("9 Mbps down · 1 Mbps up", retries=60)
    await user.should_see("7 Mbps down · 500 kbps up · nakuru-core", retries=60)
    await user.should_see("7.5 Mbps")
    await user.should_see("Amina Wanjiru")


async def test_who_moved_most_today_stands_beside_the_day(user: User, isp: Isp, benfex: "Benfex") -> None:
    from benfex.usage.metering import CounterBaseline
    from benfex.usage.recording import SessionRecord, record_readings
    from benfex.usage.rollup import UsageRollup

    await isp.customer("Amina Wanjiru", "0712345678")
    now = benfex.clock.now()
    starts_at = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    usage = ((starts_at, Traffic(2_000_000_000, 100_000_000)),)
    session = SessionRecord(_LINE, CounterBaseline("1:a", 1, 1, 1, now), None, usage)
    await isp.do(
        record_readings, router_id=isp.router_id, read_at=now - timedelta(seconds=1), sessions=[session]
    )
    await UsageRollup(transactor=benfex.transactor, clock=benfex.clock).run()
    await sign_in(user)
    await user.open("/admin/network")
    await user.should_see("2.1 GB")
    await user.should_see("user1 · nakuru-core · 100.0% of all")


async def test_a_router_that_is_only_watched_says_so(user: User, isp: Isp) -> None:
    from benfex.network.inventory import manage_router

    await sign_in(user)
    await user.open(f"/admin/routers/{isp.router_id}")
    await user.should_see("All lines", retries=60)
    await user.should_not_see("Only watched: Benfex reads this router")
    await isp.do(manage_router, router_id=isp.router_id, is_managed=False)
    await user.should_see("Only watched: Benfex reads this router", retries=60)
    await user.open("/admin/routers")
    await user.should_see("only watched")


async def test_taking_over_says_when_the_router_does_not_answer(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open(f"/admin/routers/{isp.router_id}/adopt")
    await user.should_see("nakuru-core could not be read", retries=60)
    await user.should_see("Try again")


async def test_an_outage_is_seen_while_it_lasts(user: User, isp: Isp) -> None:
    from benfex.network.health import note_router_status
    from benfex.network.inventory import enable_router, place_router
    from data.models.router import Router

    def answered_a_minute_ago(uow: "UnitOfWork") -> None:
        router = uow.session.get(Router, isp.router_id)
        assert router is not None
        router.last_seen_at = uow.now - timedelta(minutes=1)

    await isp.do(enable_router, router_id=isp.router_id, is_enabled=True)
    await isp.do(place_router, router_id=isp.router_id, site="Menengai Hill")
    await sign_in(user)
    await user.open("/admin/outages")
    await user.should_see("No outage")
    await isp.do(answered_a_minute_ago)
    await isp.do(
        note_router_status,
        router_id=isp.router_id,
        status=RouterStatus.UNREACHABLE,
        reason="No answer within 10 seconds.",
    )
    await user.should_see("in 1 outage", retries=60)
    await user.should_see("Menengai Hill")
    await user.should_not_see("Every router has answered so far.")
