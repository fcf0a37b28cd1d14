"""What was arranged for a day that no run saw comes before what staff do now."""

from datetime import date

from benfex.core.clock import MovedClock
from benfex.subscriptions.pausing import pause_subscription, resume_subscription
from benfex.subscriptions.plan_changes import change_plan
from data.values.kinds import Interval
from data.values.states import SubscriptionStatus
from tests.conftest import Run
from tests.factories.changes import go_to
from tests.factories.customers import MadeService, make_service
from tests.factories.isp import kes, make_price
from tests.factories.looks import service_state
from tests.factories.services import lines_of


def test_a_change_of_plan_bills_the_days_since_an_arranged_return_at_the_old_price(
    isp: Run, clock: MovedClock
) -> None:
    service = _paused_by_the_day(isp, clock)
    dearer = make_price(isp, code="FAST", amount=kes(200), interval=Interval.DAY)
    go_to(isp, clock, date(2026, 12, 4))
    isp(change_plan, subscription_id=service.subscription_id, plan_price_id=dearer)
    billed = [amount for _, amount in isp.read(lines_of, subscription_id=service.subscription_id)]
    # The first day; three days and today from the return on; today again at the new price, for it was credited.
    assert billed == [10_000, *[10_000] * 4, 20_000]


def test_staff_who_resume_a_service_after_its_arranged_day_find_it_back_from_that_day(
    isp: Run, clock: MovedClock
) -> None:
    service = _paused_by_the_day(isp, clock)
    go_to(isp, clock, date(2026, 12, 3))
    isp(resume_subscription, subscription_id=service.subscription_id)
    assert isp.read(service_state, subscription_id=service.subscription_id)[0] is SubscriptionStatus.ACTIVE
    assert len(isp.read(lines_of, subscription_id=service.subscription_id)) == 1 + 3


def _paused_by_the_day(isp: Run, clock: MovedClock) -> MadeService:
    """Return a service at 100 a day, paused on its second day until 1 December, while the server was off."""
    service = make_service(isp, price_id=make_price(isp, amount=kes(100), interval=Interval.DAY))
    go_to(isp, clock, date(2026, 11, 24))
    isp(pause_subscription, subscription_id=service.subscription_id, resumes_on=date(2026, 12, 1))
    return service
