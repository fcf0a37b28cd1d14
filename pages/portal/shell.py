"""What every page of the portal has: the ISP's name and colour, its tabs, and who is looking."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from nicegui import ui

from benfex.application import Benfex
from benfex.core.policy import IspProfileView, billing_today, isp_profile
from benfex.subscriptions.views import ServiceView, services_of
from components.frame import Tab, portal_frame
from components.theme import DEFAULT_ACCENT
from data.values.states import SubscriptionStatus
from pages.dependencies import DOOR, SignedInSubscriber
from pages.live import leave_with_session

TABS = (
    Tab("Home", "house", "/portal"),
    Tab("Usage", "activity", "/portal/usage"),
    Tab("Pay", "wallet", "/portal/pay"),
    Tab("Bills", "receipt-text", "/portal/invoices"),
    Tab("More", "ellipsis", "/portal/more"),
)
_GONE = (SubscriptionStatus.ENDED,)


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page of the portal knows before it is built."""

    profile: IspProfileView
    services: tuple[ServiceView, ...]
    today: date

    @property
    def is_cut_off(self) -> bool:
        """Return whether all services are suspended, so that only paying matters."""
        return bool(self.services) and all(
            service.status is SubscriptionStatus.SUSPENDED for service in self.services
        )


async def visit(benfex: Benfex, subscriber: SignedInSubscriber) -> Visit:
    """Return what the page needs to know of the ISP and of the subscriber's services."""
    leave_with_session(benfex, subscriber.actor.user_id, subscriber.fresh)
    profile = await benfex.read(isp_profile, DOOR)
    services = await benfex.read(services_of, subscriber.actor, customer_id=subscriber.actor.customer_id)
    return Visit(
        profile or IspProfileView("Benfex", "KES", "UTC", "", DEFAULT_ACCENT),
        tuple(service for service in services if service.status not in _GONE),
        await benfex.read(billing_today, DOOR),
    )


@contextmanager
def portal(
    here: Visit,
    title: str,
    *,
    active: str,
    subtitle: str = "",
    back: tuple[str, str] | None = None,
    bare: bool = False,
) -> Iterator[ui.element]:
    """Build a page of the portal; `bare` leaves the tabs out."""
    with portal_frame(
        title,
        isp_name=here.profile.name,
        accent=here.profile.accent,
        tabs=() if bare else TABS,
        active=active,
        subtitle=subtitle,
        back=back,
    ) as main:
        yield main
