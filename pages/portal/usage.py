"""What goes over the subscriber's line: now, and each day of the last month."""

from benfex.application import Benfex
from benfex.core.events import UsageSampled
from benfex.subscriptions.views import ServiceView
from benfex.usage.views import PeriodUsage, usage_of_customer
from components.charts import Chart, Series
from components.elements import body, card, text
from components.empty_state import empty_state
from components.live_chart import LiveChart, Point
from components.moments import say_day
from components.usage_bar import usage_bar
from data.values.identifiers import ConnectionId
from data.values.traffic import format_bytes
from pages.dependencies import BenfexDep, SubscriberDep
from pages.live import hold, on
from pages.portal.data_words import say_data_terms
from pages.portal.more_data import more_data
from pages.portal.shell import portal, visit
from pages.screen import screen


@screen("/portal/usage", title="Usage")
async def usage(benfex: BenfexDep, subscriber: SubscriberDep) -> None:
    """Show live traffic and the days of each line."""
    customer_id = subscriber.actor.customer_id
    here = await visit(benfex, subscriber)
    used = await benfex.read(usage_of_customer, subscriber.actor, customer_id=customer_id)
    with portal(here, "Usage", active="/portal/usage"):
        shown = [service for service in here.services if service.line is not None]
        for service in shown:
            assert service.line is not None
            _live(benfex, service.line.connection_id, service.plan_name, here.profile.timezone)
            if service.subscription_id in used:
                _days(service, used[service.subscription_id])
            await more_data(benfex, subscriber, service)
        if not shown:
            empty_state("Nothing to show yet", "Your use appears here once your line works.")


def _live(benfex: Benfex, connection_id: ConnectionId, plan_name: str, timezone: str) -> None:
    history = [
        Point(point.at, point.download_bps, point.upload_bps)
        for point in benfex.live.recent_connection(connection_id)
    ]
    chart = LiveChart(
        f"{plan_name} now",
        history,
        timezone=timezone,
        interval_seconds=benfex.settings.watch_interval_seconds,
        height=220,
    )

    def push(event: UsageSampled) -> None:
        for sample in event.samples:
            if sample.connection_id == connection_id:
                chart.push(event.at, sample.download_bps, sample.upload_bps)

    hold(benfex.live.watch_connection(connection_id))
    on(benfex, UsageSampled, push)


def _days(service: ServiceView, used: PeriodUsage) -> None:
    with card("This period"), body():
        usage_bar(used.total_bytes, used.allowance(service.data_cap_bytes))
        for words in say_data_terms(service, used):
            text(words, "bf-sub", "p")
    Chart(
        "Each day",
        [say_day(day, today=used.days[-1]) for day in used.days],
        [
            Series(
                "Download",
                list(used.daily_download_bytes),
                [format_bytes(count) for count in used.daily_download_bytes],
                "down",
            ),
            Series(
                "Upload",
                list(used.daily_upload_bytes),
                [format_bytes(count) for count in used.daily_upload_bytes],
                "up",
            ),
        ],
        unit="bytes",
        period="last 30 days",
        stacked=True,
        height=220,
    )
