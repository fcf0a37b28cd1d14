"""What a first invoice is said to hold is what is billed, under every alignment."""

from datetime import date
from typing import Any

import pytest

from benfex.catalog.plans import PriceTerms, create_plan, publish_price
from benfex.catalog.taxes import set_tax_rate
from benfex.subscriptions.first_invoice import first_invoice
from benfex.subscriptions.story import service_story
from data.values.errors import InvalidInput
from data.values.kinds import ChargeTiming, CycleAlignment, Interval, TaxBehavior
from tests.conftest import Run
from tests.factories.changes import bill_on
from tests.factories.customers import make_service
from tests.factories.isp import kes
from tests.factories.services import lines_of, set_terms

pytestmark = pytest.mark.sqlite_only
TODAY = date(2026, 11, 23)


@pytest.mark.parametrize("alignment", list(CycleAlignment))
@pytest.mark.parametrize("terms", [PriceTerms(), PriceTerms(ChargeTiming.ARREARS), PriceTerms(trial_days=14)])
def test_the_preview_is_the_bill(isp: Run, alignment: CycleAlignment, terms: PriceTerms) -> None:
    set_terms(isp, billing_day=31, alignment=alignment)
    isp(set_tax_rate, code="VAT", name="VAT", basis_points=1_600)
    plan_id = isp(create_plan, code="HOME", name="Home", download_bps=10_000_000, upload_bps=5_000_000)
    asked: dict[str, Any] = {
        "amount": kes(2_999),
        "setup_fee": kes(500),
        "interval": Interval.MONTH,
        "interval_count": 1,
        "tax_code": "VAT",
        "tax_behavior": TaxBehavior.EXCLUSIVE,
        "terms": terms,
    }
    told = isp.read(first_invoice, plan_name="Home", starts_on=TODAY, **asked)
    service = make_service(isp, price_id=isp(publish_price, plan_id=plan_id, **asked))
    billed = isp.read(lines_of, subscription_id=service.subscription_id)
    assert [(words, amount.minor) for words, amount in told.lines] == billed
    for day in told.next_on:
        assert isp.read(service_story, subscription_id=service.subscription_id).bills_on == day
        assert bill_on(isp, day) == 1


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("amount", {"amount": kes(-1)}),
        ("starts_on", {"starts_on": date(9999, 12, 31)}),
        ("starts_on", {"starts_on": date(1, 1, 1)}),
    ],
)
def test_nothing_is_foreseen_of_what_cannot_be(isp: Run, field: str, wrong: dict[str, Any]) -> None:
    asked: dict[str, Any] = {
        "plan_name": "Home",
        "starts_on": TODAY,
        "amount": kes(2_999),
        "setup_fee": None,
        "interval": Interval.MONTH,
        "interval_count": 1,
        "tax_code": None,
        "tax_behavior": TaxBehavior.EXCLUSIVE,
        "terms": PriceTerms(),
    }
    with pytest.raises(InvalidInput) as refused:
        isp.read(first_invoice, **{**asked, **wrong})
    assert refused.value.field == field
