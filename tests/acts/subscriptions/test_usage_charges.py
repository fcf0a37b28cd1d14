"""Traffic beyond the cap is charged once the period is over: once, and whatever becomes of the service."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert

from benfex.catalog.plans import PriceTerms, create_plan, publish_price
from benfex.core.clock import MovedClock
from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.corrections import cancel_invoice
from benfex.subscriptions.lifecycle import end_subscription
from data.models.usage import usage_1h
from data.values.identifiers import InvoiceId
from data.values.kinds import CapAction, ChangeTiming
from tests.conftest import Run
from tests.factories.changes import bill_on, change, go_to
from tests.factories.customers import MadeService, make_service
from tests.factories.isp import kes
from tests.factories.services import lines_of

NEXT = date(2026, 12, 23)
GIGABYTES = 1_000_000_000


@pytest.fixture
def service(isp: Run) -> MadeService:
    """A service of 10 GB a month from 23 November, KES 50 a gigabyte more; 13 GB were used by December."""
    plan_id = isp(
        create_plan,
        code="METERED",
        name="Metered",
        download_bps=10_000_000,
        upload_bps=5_000_000,
        data_cap_bytes=10 * GIGABYTES,
        cap_action=CapAction.CHARGE,
    )
    price_id = isp(publish_price, plan_id=plan_id, amount=kes(3_000), terms=PriceTerms(overage=kes(50)))
    made = make_service(isp, price_id=price_id)
    isp(_use, at=datetime(2026, 12, 1, 12, tzinfo=UTC), gigabytes=13)
    return made


def _use(uow: UnitOfWork, *, at: datetime, gigabytes: int) -> None:
    uow.session.execute(
        insert(usage_1h).values(
            connection_id=1,
            starts_at=at,
            download_bytes=gigabytes * GIGABYTES,
            upload_bytes=0,
            peak_download_bps=0,
            peak_upload_bps=0,
            seconds_covered=3_600,
        )
    )


def test_what_was_used_beyond_the_cap_is_billed_with_the_next_period(isp: Run, service: MadeService) -> None:
    for _ in range(2):
        bill_on(isp, NEXT)
    assert isp.read(lines_of, subscription_id=service.subscription_id)[1:] == [
        ("Metered", 300_000),
        ("Metered, 3 GB beyond the cap", 15_000),
    ]


def test_an_invoice_billed_again_has_what_was_used_beyond_the_cap(isp: Run, service: MadeService) -> None:
    bill_on(isp, NEXT)
    isp(cancel_invoice, invoice_id=InvoiceId(2), reason="wrong name on it", bill_again=True)
    bill_on(isp, NEXT)
    assert isp.read(lines_of, subscription_id=service.subscription_id)[3:] == [
        ("Metered", 300_000),
        ("Metered, 3 GB beyond the cap", 15_000),
    ]


@pytest.mark.parametrize("when", list(ChangeTiming))
def test_the_last_bill_has_what_was_used_beyond_the_cap(
    isp: Run, clock: MovedClock, service: MadeService, when: ChangeTiming
) -> None:
    go_to(isp, clock, date(2026, 12, 8))
    change(isp, end_subscription, subscription_id=service.subscription_id, reason="moves away", when=when)
    bill_on(isp, NEXT)
    lines = isp.read(lines_of, subscription_id=service.subscription_id)
    assert lines[1:] == [("Metered, 3 GB beyond the cap", 15_000)]
