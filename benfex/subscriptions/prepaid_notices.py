"""Tell prepaid customers before their time is over, and when it is. Once per fact, whoever sees it how often."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from benfex.core.actors import require
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.notifications.outbox import enqueue_message
from benfex.subscriptions.prepaid import Renewal, expire_subscription, renewal_quotes
from data.queries import messages as message_queries
from data.queries import subscriptions as subscription_queries
from data.values.identifiers import CustomerId, SubscriptionId
from data.values.kinds import SuspensionReason
from data.values.roles import Permission

_PAGE = 500
_DAY = timedelta(days=1)
# How long before the end people are told, by how long the period was that they bought, longest first.
_LEADS = (
    (28 * _DAY, (3 * _DAY, _DAY)),
    (7 * _DAY, (_DAY,)),
    (_DAY, (timedelta(hours=2),)),
    (timedelta(0), (timedelta(minutes=10),)),
)


def leads_of(period: timedelta) -> tuple[timedelta, ...]:
    """Return how long before its end the holder of a period is told, earliest first."""
    return next(leads for least, leads in _LEADS if period >= least)


def services_to_warn(snapshot: Snapshot) -> tuple[tuple[SubscriptionId, str], ...]:
    """Return prepaid services that end soon and were not told yet, each with the key of what to tell.

    A notice that is more than half its lead late is left out: the next one, or the end itself, is closer.
    """
    require(snapshot.actor, Permission.RUN_BILLING)
    timezone = current_terms(snapshot).timezone
    found = []
    for row in subscription_queries.ending_access(
        snapshot.session, after=snapshot.now, before=snapshot.now + 3 * _DAY, limit=_PAGE
    ):
        begun = datetime.combine(row.period_starts_on, datetime.min.time(), tzinfo=ZoneInfo(timezone))
        for lead in leads_of(row.access_until_at - begun):
            late = snapshot.now - (row.access_until_at - lead)
            if timedelta(0) <= late <= lead / 2:
                key = f"prepaid:{row.subscription_id}:{row.access_until_at.isoformat()}:{lead}"
                found.append((SubscriptionId(row.subscription_id), key))
    told = message_queries.told_of(snapshot.session, [key for _, key in found])
    return tuple((subscription_id, key) for subscription_id, key in found if key not in told)


def warn_of_end(uow: UnitOfWork, *, subscription_id: SubscriptionId, key: str) -> int:
    """Tell a customer that their time is running out, unless their balance will renew it by itself."""
    require(uow.actor, Permission.RUN_BILLING)
    return _tell(uow, subscription_id, template="prepaid_expiring", key=key)


def end_prepaid_time(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> Renewal | None:
    """End the access of a service whose time is over, or renew it from the balance; tell whom it ends for.

    As `expire_subscription`, which says the rules.
    """
    renewal = expire_subscription(uow, subscription_id=subscription_id)
    subscription = subscription_queries.find_subscription(uow.session, subscription_id)
    if subscription is not None and subscription.suspension_reason is SuspensionReason.EXPIRED:
        assert subscription.access_until_at is not None
        key = f"prepaid:{subscription_id}:{subscription.access_until_at.isoformat()}:over"
        _tell(uow, subscription_id, template="prepaid_expired", key=key)
    return renewal


def _tell(uow: UnitOfWork, subscription_id: SubscriptionId, *, template: str, key: str) -> int:
    subscription = subscription_queries.find_subscription(uow.session, subscription_id)
    if subscription is None or subscription.access_until_at is None:
        return 0
    payer_id = CustomerId(subscription.billed_customer_id)
    quotes = renewal_quotes(uow, customer_id=payer_id)
    quote = next((found for found in quotes if found.subscription_id == subscription_id), None)
    if quote is None or (subscription.renews_from_balance and quote.missing.is_zero):
        return 0
    until = subscription.access_until_at.astimezone(ZoneInfo(current_terms(uow).timezone))
    return enqueue_message(
        uow,
        customer_id=payer_id,
        template=template,
        facts={
            "service": quote.plan_name,
            "expires_at": f"{until.day} {until:%b %H:%M}",
            "amount": quote.price.format(),
        },
        dedupe_key=key,
    )
