"""The 95th percentile of a line, for customers whose price depends on it."""

from benfex.application import Benfex
from benfex.customers.views import CustomerView
from benfex.subscriptions.views import ServiceView
from benfex.usage.percentile import busy_months_of_line
from components.dialogs import form_dialog
from components.elements import text
from pages.admin.network_chart import say_busy_month
from pages.dependencies import SignedInStaff

_WHAT_IT_IS = (
    "The highest mean of five minutes once the busiest 5% are set aside, each direction by itself. "
    "Five minutes are kept for 35 days: note last month's in its first days."
)


async def open_percentile(
    benfex: Benfex, staff: SignedInStaff, service: ServiceView, _: CustomerView
) -> None:
    """Show the 95th percentile of this month and the last."""
    assert service.line is not None
    line = service.line.connection_id
    months = await benfex.read(busy_months_of_line, await staff.fresh(), connection_id=line)
    with form_dialog(f"95th percentile of {service.plan_name}", _WHAT_IT_IS):
        for month in months:
            text(say_busy_month(month), "num", "p")
        if not months:
            text("The line is too new: its first five minutes are not over.", "bf-sub", "p")
