"""A cap that suspends takes access until the new period, and nothing else lifts it."""

import pytest

from benfex.catalog.plans import create_plan, publish_price
from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.cap_access import cap_access_changes, follow_cap
from benfex.subscriptions.lifecycle import reactivate_subscription
from data.models.subscription import Subscription
from data.values.errors import Conflict
from data.values.identifiers import SubscriptionId
from data.values.kinds import CapAction, SuspensionReason
from data.values.states import SubscriptionStatus
from tests.conftest import Run
from tests.factories.customers import make_service
from tests.factories.isp import kes
from tests.factories.looks import service_state


def mark(uow: UnitOfWork, *, subscription_id: SubscriptionId, is_over: bool) -> None:
    row = uow.session.get(Subscription, subscription_id)
    assert row is not None
    row.is_over_cap = is_over


def follow(isp: Run) -> int:
    changes = isp.read(cap_access_changes)
    for subscription_id in changes:
        isp(follow_cap, subscription_id=subscription_id)
    return len(changes)


@pytest.mark.parametrize("cap_action", [CapAction.SUSPEND, CapAction.NOTIFY])
def test_access_follows_the_cap(isp: Run, cap_action: CapAction) -> None:
    plan_id = isp(
        create_plan,
        code="CAPPED",
        name="Capped",
        download_bps=10_000_000,
        upload_bps=5_000_000,
        data_cap_bytes=10**9,
        cap_action=cap_action,
    )
    service = make_service(isp, price_id=isp(publish_price, plan_id=plan_id, amount=kes(1_000)))
    assert follow(isp) == 0
    isp(mark, subscription_id=service.subscription_id, is_over=True)
    if cap_action is CapAction.NOTIFY:
        assert follow(isp) == 0
        return
    assert (follow(isp), follow(isp)) == (1, 0)
    assert isp.read(service_state, subscription_id=service.subscription_id) == (
        SubscriptionStatus.SUSPENDED,
        SuspensionReason.DATA_CAP,
    )
    with pytest.raises(Conflict):
        isp(reactivate_subscription, subscription_id=service.subscription_id, by_payment=True)
    isp(mark, subscription_id=service.subscription_id, is_over=False)
    assert (follow(isp), follow(isp)) == (1, 0)
    assert isp.read(service_state, subscription_id=service.subscription_id) == (
        SubscriptionStatus.ACTIVE,
        None,
    )
