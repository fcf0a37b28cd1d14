"""What a subscriber is told about how the data of their plan counts."""

from benfex.subscriptions.views import ServiceView
from benfex.usage.views import PeriodUsage
from data.values.kinds import CapAction
from data.values.traffic import format_bps, format_bytes


def say_data_terms(service: ServiceView, used: PeriodUsage) -> list[str]:
    """Return the sentences about bonus hours, fair use hours and data that rolls over, of a plan with a limit."""
    terms, said = service.data_terms, []
    if service.data_cap_bytes is None:
        return []
    if used.granted_bytes:
        said.append(f"{format_bytes(used.granted_bytes)} of it came beside your plan's.")
    if terms.bonus_hours is not None:
        free = f" {format_bytes(used.free_bytes)} so far." if used.free_bytes else ""
        said.append(f"What you use from {terms.bonus_hours} is free.{free}")
    if terms.fair_use_hours is not None:
        slow = "you are offline"
        if service.cap_action is CapAction.THROTTLE and service.throttled_bps:
            slow = f"you surf at {format_bps(service.throttled_bps)}"
        said.append(f"Once it is used up, {slow} from {terms.fair_use_hours}; else nothing changes.")
    if terms.rolls_over:
        said.append("What is left when your period ends is there in the next one too, and is used first.")
    return said
