"""Registering customers and selling plans: what is refused, and by which field."""

from datetime import date
from typing import Any

import pytest

from benfex.catalog.plans import create_plan, publish_price
from benfex.catalog.taxes import set_tax_rate
from benfex.core.actors import StaffActor
from benfex.core.unit_of_work import Snapshot
from benfex.customers.notes import add_note
from benfex.customers.registration import archive_customer, edit_customer, register_customer
from benfex.customers.statements import statement_of_account
from benfex.identity.staff import create_staff, set_up_isp
from data.models.customer import Customer
from data.queries import plans as plan_queries
from data.values.errors import AlreadyExists, AmountOutOfRange, Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import CustomerId, PlanId, UserId, check_account_number, parse_phone
from data.values.kinds import CapAction, Interval
from data.values.money import Money
from data.values.roles import Role
from tests.conftest import Run

PHONE = parse_phone("0712 345 678")


@pytest.fixture
def isp(run: Run) -> Run:
    run(
        set_up_isp,
        isp_name="Savanna",
        currency="KES",
        timezone="Africa/Nairobi",
        owner_name="Brian Kiptoo",
        owner_email="owner@savanna.example",
        password_hash="x",
    )
    return run


def test_account_numbers_differ_and_carry_a_check_digit(isp: Run) -> None:
    first, second = (isp(register_customer, name="Amina Wanjiru", phone=PHONE) for _ in range(2))

    def numbers(snapshot: Snapshot) -> list[str]:
        found = [snapshot.session.get(Customer, customer_id) for customer_id in (first, second)]
        return [row.account_number for row in found if row is not None]

    account_numbers = isp.read(numbers)
    assert len(set(account_numbers)) == 2
    assert all(check_account_number(number) == number for number in account_numbers)


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "Wanjirũ Nyong'o", "=cmd|' /C calc'!A0", "محمد علي"]
)
def test_any_printable_name_is_kept_as_it_is(isp: Run, name: str) -> None:
    customer_id = isp(register_customer, name=name, phone=PHONE)

    def kept(snapshot: Snapshot) -> str:
        row = snapshot.session.get(Customer, customer_id)
        assert row is not None
        return row.name

    assert isp.read(kept) == name


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": "A"}),
        ("name", {"name": "x" * 121}),
        ("name", {"name": "Ami\x00na"}),
        ("email", {"email": "no address"}),
        ("address", {"address": "x" * 251}),
        ("tax_number", {"tax_number": "x" * 33}),
    ],
)
def test_bad_input_names_its_field(isp: Run, field: str, changes: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        isp(register_customer, **(dict[str, Any](name="Amina Wanjiru", phone=PHONE) | changes))
    assert refused.value.field == field


def test_support_may_register_and_the_accountant_may_not(isp: Run) -> None:
    isp.by(StaffActor(UserId(1), Role.SUPPORT, "Mercy"))(register_customer, name="Amina Wanjiru", phone=PHONE)
    with pytest.raises(NotPermitted):
        isp.by(StaffActor(UserId(1), Role.ACCOUNTANT, "Hassan"))(
            register_customer, name="Amina Wanjiru", phone=PHONE
        )


def test_an_unknown_customer_is_not_found(isp: Run) -> None:
    nobody = CustomerId(99)
    with pytest.raises(NotFound):
        isp(
            edit_customer,
            customer_id=nobody,
            name="Amina",
            phone=PHONE,
            email=None,
            address="",
            tax_number=None,
        )
    with pytest.raises(NotFound):
        isp(add_note, customer_id=nobody, body="called")
    with pytest.raises(NotFound):
        isp.read(statement_of_account, customer_id=nobody)


def test_a_customer_is_archived_once_and_with_a_reason(isp: Run) -> None:
    customer_id = isp(register_customer, name="Amina Wanjiru", phone=PHONE)
    with pytest.raises(InvalidInput):
        isp(archive_customer, customer_id=customer_id, reason=" ")
    isp(archive_customer, customer_id=customer_id, reason="moved away")
    with pytest.raises(Conflict):
        isp(archive_customer, customer_id=customer_id, reason="moved away")


def new_plan(run: Run, code: str = "HOME-10") -> PlanId:
    return run(create_plan, code=code, name="Home 10", download_bps=10_000_000, upload_bps=5_000_000)


def test_a_plan_code_is_taken_once(isp: Run) -> None:
    new_plan(isp)
    with pytest.raises(AlreadyExists) as refused:
        new_plan(isp, "home-10")
    assert refused.value.field == "code"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("code", {"code": "no spaces"}),
        ("download_bps", {"download_bps": 0}),
        ("upload_bps", {"upload_bps": -1}),
        ("data_cap_bytes", {"data_cap_bytes": 0}),
        ("throttled_bps", {"cap_action": CapAction.THROTTLE}),
        ("throttled_bps", {"throttled_bps": 20_000_000}),
    ],
)
def test_a_bad_plan_names_its_field(isp: Run, field: str, changes: dict[str, object]) -> None:
    plan = {"code": "P", "name": "Plan", "download_bps": 10_000_000, "upload_bps": 5_000_000}
    with pytest.raises(InvalidInput) as refused:
        isp(create_plan, **(plan | changes))  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_new_price_ends_the_one_before(isp: Run) -> None:
    plan_id = new_plan(isp)
    isp(publish_price, plan_id=plan_id, amount=Money(150_000, "KES"))
    isp(publish_price, plan_id=plan_id, amount=Money(175_000, "KES"))

    def amounts(snapshot: Snapshot) -> list[int]:
        found = plan_queries.prices_in_force(snapshot.session, plan_id=plan_id, at=snapshot.now)
        return [row.amount_minor for row in found]

    assert isp.read(amounts) == [175_000]


def test_a_bad_price_is_refused(isp: Run) -> None:
    plan_id = new_plan(isp)
    with pytest.raises(AmountOutOfRange):
        isp(publish_price, plan_id=plan_id, amount=Money(-1, "KES"))
    with pytest.raises(InvalidInput) as refused:
        isp(publish_price, plan_id=plan_id, amount=Money(1, "KES"), interval=Interval.HOUR)
    assert refused.value.field == "interval"
    with pytest.raises(InvalidInput) as refused:
        isp(publish_price, plan_id=plan_id, amount=Money(1, "KES"), tax_code="VAT")
    assert refused.value.field == "tax_code"
    isp(set_tax_rate, code="VAT", name="VAT", basis_points=1600)
    assert isp(publish_price, plan_id=plan_id, amount=Money(1, "KES"), tax_code="VAT")


def test_a_tax_rate_of_another_age_or_with_an_endless_name_is_refused(isp: Run) -> None:
    with pytest.raises(InvalidInput, match="from 1900 to 2199"):
        isp(set_tax_rate, code="VAT", name="VAT", basis_points=1600, valid_from_on=date(1, 1, 1))
    with pytest.raises(InvalidInput, match="at most 60 letters"):
        isp(set_tax_rate, code="VAT", name="V" * 61, basis_points=1600)


def test_the_first_run_happens_once(isp: Run) -> None:
    with pytest.raises(Conflict):
        isp(
            set_up_isp,
            isp_name="Other",
            currency="KES",
            timezone="Africa/Nairobi",
            owner_name="Mallory Smith",
            owner_email="m@example.com",
            password_hash="x",
        )


def test_an_admin_cannot_make_an_owner(isp: Run) -> None:
    admin = isp.by(StaffActor(UserId(2), Role.ADMIN, "Esther"))
    with pytest.raises(NotPermitted):
        admin(create_staff, name="Mallory", email="m@example.com", role=Role.OWNER, password_hash="x")
    with pytest.raises(AlreadyExists):
        admin(create_staff, name="Brian", email="owner@savanna.example", role=Role.SUPPORT, password_hash="x")
