"""An ISP to test with: its profile and policy, a router, plans, and the people who act."""

from collections.abc import Sequence

from benfex.catalog.plans import PriceTerms, create_plan, publish_price
from benfex.catalog.taxes import set_tax_rate
from benfex.core.actors import StaffActor, SystemActor
from benfex.core.policy import DEFAULT_STEPS, save_policy, save_profile
from benfex.core.vault import Vault
from benfex.network.inventory import add_router
from data.values.identifiers import PlanPriceId, RouterId, UserId
from data.values.kinds import Interval, TaxBehavior
from data.values.money import Money
from data.values.roles import Role
from data.values.taxes import TaxPart, TaxTerms
from data.values.terms import DunningStep
from tests.conftest import Run

VAULT = Vault("a key of the tests that is long enough")
SYSTEM = SystemActor("tests")
ACCOUNTANT = StaffActor(UserId(7), Role.ACCOUNTANT, "Njeri")
SUPPORT = StaffActor(UserId(8), Role.SUPPORT, "Kamau")


_PLAIN = PriceTerms()


def kes(shillings: int) -> Money:
    """Return whole shillings."""
    return Money(shillings * 100, "KES")


def set_up_isp(
    run: Run, *, due_days: int = 7, grace_days: int = 0, debt_tolerated: Money | None = None
) -> None:
    """Finish the first run: an ISP in Nairobi that bills in shillings and suspends three days after due."""
    run(save_profile, name="Rift Valley Net", currency="KES", timezone="Africa/Nairobi")
    set_policy(run, due_days=due_days, grace_days=grace_days, debt_tolerated=debt_tolerated)


def set_policy(
    run: Run,
    *,
    due_days: int = 7,
    grace_days: int = 0,
    debt_tolerated: Money | None = None,
    steps: Sequence[DunningStep] = DEFAULT_STEPS,
) -> None:
    """Put another billing policy in force."""
    run(
        save_policy,
        invoice_due_days=due_days,
        grace_days=grace_days,
        debt_tolerated_minor=debt_tolerated.minor if debt_tolerated else 0,
        steps=steps,
    )


def make_vat(run: Run, behavior: TaxBehavior = TaxBehavior.EXCLUSIVE) -> TaxTerms:
    """Return VAT of 16 % on top of a price, unless said otherwise."""
    rate_id = run(set_tax_rate, code="VAT", name="VAT", basis_points=1_600)
    return TaxTerms((TaxPart(rate_id, "VAT", 1_600),), behavior)


def make_router(run: Run, *, name: str = "nakuru-core") -> RouterId:
    """Take a router into use; nothing speaks to it."""
    return run(
        add_router,
        name=name,
        host="192.0.2.1",
        username="benfex",
        password="secret",
        vault=VAULT,
        is_managed=True,
    )


def make_price(
    run: Run,
    *,
    amount: Money | None = None,
    code: str = "HOME",
    interval: Interval = Interval.MONTH,
    interval_count: int = 1,
    setup_fee: Money | None = None,
    terms: PriceTerms = _PLAIN,
) -> PlanPriceId:
    """Sell a new plan of 10/5 Mbps, by the month for KES 2,500 unless said otherwise."""
    plan_id = run(create_plan, code=code, name=code.title(), download_bps=10_000_000, upload_bps=5_000_000)
    return run(
        publish_price,
        plan_id=plan_id,
        amount=amount or kes(2_500),
        interval=interval,
        interval_count=interval_count,
        setup_fee=setup_fee,
        terms=terms,
    )
